//! Aggregates: how many records of a list there are and what their figures add up to, group by
//! group, by the same filter as the list.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types as s;
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::error::Result;
use crate::fault::Fault;
use crate::id::TypedId;
use crate::predicate::Predicate;
use crate::scalar::Dec;
use crate::tx::Tx;

/// Groups that one question gives at most.
pub const MAX_GROUPS: i64 = 1_000;

/// What the records of a noun can be grouped by. Implemented by [`aggregate!`](crate::aggregate).
pub trait GroupBy: Copy + Eq + Send + Sync + 'static {
    /// Where the records are, quoted.
    const TABLE: &'static str;
    /// The columns that are added up, quoted.
    const SUMS: &'static [&'static str];
    /// What records are always held apart by: sums of two currencies mean nothing.
    const ALWAYS: &'static [Self];
    /// The value of a record, as SQL.
    fn expression(self) -> &'static str;
}

/// Records that agree on what they are grouped by.
#[derive(Clone, Debug)]
pub struct Group<By> {
    keys: Vec<(By, Option<String>)>,
    sums: Vec<Option<Decimal>>,
    /// How many there are.
    pub count: i64,
}

impl<By: GroupBy> Group<By> {
    /// What its records agree on, as text; `None` where they have no value or were not grouped so.
    pub fn key(&self, by: By) -> Option<&str> {
        let found = self.keys.iter().find(|(one, _)| *one == by);
        found.and_then(|(_, value)| value.as_deref())
    }

    /// The record that its records agree on.
    pub fn id<I: TypedId>(&self, by: By) -> Option<I> {
        let uuid = self.key(by).and_then(|text| Uuid::parse_str(text).ok());
        uuid.map(I::from_uuid)
    }

    /// What one of the summed columns adds up to, by its place in the declaration.
    pub fn sum(&self, place: usize) -> Dec {
        Dec(self.sums.get(place).copied().flatten().unwrap_or_default())
    }
}

/// A row of an aggregate: its keys, its sums, and how many records.
type Row = (Vec<Option<String>>, Vec<Option<Decimal>>, i64);

/// The groups of the records that a condition admits, in the order of what they are grouped by.
///
/// # Errors
/// `kernel.too_many_groups` at `filter` when there are more than [`MAX_GROUPS`].
pub async fn aggregate<By: GroupBy>(
    tx: &mut Tx,
    matching: Predicate,
    by: Vec<By>,
) -> Result<Vec<Group<By>>> {
    let mut wanted: Vec<By> = Vec::new();
    for one in by.into_iter().chain(By::ALWAYS.iter().copied()) {
        if !wanted.contains(&one) {
            wanted.push(one);
        }
    }
    let question = Grouped::of(&wanted, matching);
    let rows: Vec<Row> = question.load(tx.conn()).await?;
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) > MAX_GROUPS {
        return Err(Fault::invalid("kernel.too_many_groups")
            .at(["filter"])
            .with("most", MAX_GROUPS)
            .into());
    }
    let group = |(keys, sums, count): Row| Group {
        keys: wanted.iter().copied().zip(keys).collect(),
        sums,
        count,
    };
    Ok(rows.into_iter().map(group).collect())
}

/// The statement of an aggregate.
#[derive(Debug)]
struct Grouped {
    before: String,
    matching: Predicate,
    after: String,
}

impl Grouped {
    fn of<By: GroupBy>(by: &[By], matching: Predicate) -> Self {
        let list = |texts: Vec<String>| texts.join(", ");
        let keys = list(by.iter().map(|it| it.expression().to_owned()).collect());
        let texts = list(
            by.iter()
                .map(|it| format!("({})::text", it.expression()))
                .collect(),
        );
        let sums = list(By::SUMS.iter().map(|sum| format!("sum({sum})")).collect());
        let grouping = if by.is_empty() {
            "()".to_owned()
        } else {
            keys.clone()
        };
        let order = if by.is_empty() { "1".to_owned() } else { keys };
        Self {
            before: format!(
                "SELECT ARRAY[{texts}]::text[], ARRAY[{sums}]::numeric[], count(*) FROM {} WHERE ",
                By::TABLE
            ),
            matching,
            after: format!(
                " GROUP BY {grouping} ORDER BY {order} LIMIT {}",
                MAX_GROUPS + 1
            ),
        }
    }
}

impl Query for Grouped {
    type SqlType = (
        s::Array<s::Nullable<s::Text>>,
        s::Array<s::Nullable<s::Numeric>>,
        s::BigInt,
    );
}

impl QueryId for Grouped {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Grouped {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(&self.before);
        self.matching.walk_ast(out.reborrow())?;
        out.push_sql(&self.after);
        Ok(())
    }
}

/// Declares what the records of a [`listing!`](crate::listing) in the same file can be grouped by,
/// and `grouped` over them.
///
/// ```ignore
/// aggregate! {
///     /// What invoices can be grouped by.
///     by InvoiceGroupBy {
///         /// By status.
///         Status = "STATUS" => "status",
///         /// By the month of issue, as its first day.
///         Month = "MONTH" => "date_trunc('month', issued_on)::date",
///         /// By currency.
///         Currency = "CURRENCY" => "currency",
///     }
///     always [Currency];
///     sums ["net", "total"];
///     from "finance.invoice" with InvoiceFilter, InvoiceSortField;
/// }
/// ```
#[macro_export]
macro_rules! aggregate {
    (
        $(#[$meta:meta])*
        by $by:ident {
            $($(#[$doc:meta])* $variant:ident = $text:literal => $expression:literal,)*
        }
        always [$($always:ident),*];
        sums [$($sum:literal),*];
        from $table:literal with $filter:ty, $field:ty;
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, $crate::async_graphql::Enum)]
        pub enum $by {
            $($(#[$doc])* #[graphql(name = $text)] $variant,)*
        }

        impl $crate::aggregate::GroupBy for $by {
            const TABLE: &'static str = $table;
            const SUMS: &'static [&'static str] = &[$($sum),*];
            const ALWAYS: &'static [Self] = &[$(Self::$always),*];
            fn expression(self) -> &'static str {
                match self { $(Self::$variant => $expression,)* }
            }
        }

        /// The groups of the records that `visible`, filter and search admit.
        pub(crate) async fn grouped(
            tx: &mut $crate::tx::Tx,
            request: $crate::page::PageRequest<$filter, $field>,
            visible: $crate::predicate::Predicate,
            by: Vec<$by>,
        ) -> $crate::error::Result<Vec<$crate::aggregate::Group<$by>>> {
            let matching = plan(tx, request, visible)?.matching;
            $crate::aggregate::aggregate(tx, matching, by).await
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum By {
        Kind,
        Currency,
    }

    impl GroupBy for By {
        const TABLE: &'static str = "t";
        const SUMS: &'static [&'static str] = &["net"];
        const ALWAYS: &'static [Self] = &[Self::Currency];
        fn expression(self) -> &'static str {
            match self {
                Self::Kind => "kind",
                Self::Currency => "currency",
            }
        }
    }

    #[test]
    fn keys_and_sums_stand_in_arrays_and_values_are_bound() {
        let matching = Predicate::equal("a", "x");
        let question = Grouped::of(&[By::Kind, By::Currency], matching);
        let sql = diesel::debug_query::<Pg, _>(&question).to_string();
        assert!(
            sql.starts_with(
                "SELECT ARRAY[(kind)::text, (currency)::text]::text[], \
                 ARRAY[sum(net)]::numeric[], count(*) FROM t WHERE a = $1 \
                 GROUP BY kind, currency ORDER BY kind, currency LIMIT 1001"
            ),
            "{sql}"
        );
    }

    #[test]
    fn without_keys_there_is_one_group_of_all() {
        let none: [By; 0] = [];
        let question = Grouped::of(&none, Predicate::all());
        let sql = diesel::debug_query::<Pg, _>(&question).to_string();
        assert!(
            sql.contains("ARRAY[]::text[]") && sql.contains("GROUP BY ()"),
            "{sql}"
        );
    }
}
