//! Statements of ours that are prepared once a connection and then known.
//!
//! Diesel prepares `sql_query` and inserts of several rows anew each time, because their text may
//! vary without end, and a connection keeps what it prepared for ever. Most of ours never vary:
//! [`Keep::kept`] says so, which saves a round trip, the parsing and the planning.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::Untyped;

/// A statement whose text is always the same, or one of very few.
#[derive(Clone, Copy, Debug)]
pub struct Kept<Q>(Q);

/// Marks a statement as one whose text doesn't vary.
pub trait Keep: Sized {
    /// The statement, prepared once a connection. Never for a text with parts that callers choose,
    /// nor for an insert whose number of rows varies: connections would gather them without end.
    fn kept(self) -> Kept<Self> {
        Kept(self)
    }
}

impl<Q: QueryFragment<Pg>> Keep for Q {}

impl<Q> Query for Kept<Q> {
    type SqlType = Untyped;
}

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::sql_types::Integer;

    #[test]
    fn a_kept_statement_may_be_cached_and_says_the_same() {
        let bare = || diesel::sql_query("SELECT $1").bind::<Integer, _>(1);
        assert!(!bare().is_safe_to_cache_prepared(&Pg).unwrap());
        assert!(bare().kept().is_safe_to_cache_prepared(&Pg).unwrap());
        let text = |shown: String| shown.contains("SELECT $1 -- binds: [1]");
        assert!(text(diesel::debug_query::<Pg, _>(&bare()).to_string()));
        assert!(text(
            diesel::debug_query::<Pg, _>(&bare().kept()).to_string()
        ));
    }
}
