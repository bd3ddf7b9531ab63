//! The few records that belong to one other, as a connection: read in one statement for all parents
//! of a request, cut into pages in memory.

use std::sync::Arc;

use async_graphql::{Context, Result};
use kernel::Fault;
use kernel::id::{TypedId, encode};
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};

use crate::call::Call;
use crate::connection::{Connection, Listing, Slice};
use crate::failure;
use crate::loader::Noun;

/// The children of one parent.
pub trait Children: Noun {
    /// What the children are.
    type Child: Noun;

    /// The children, in their order.
    fn children(self) -> Vec<Self::Child>;
}

/// Declares the children of a record: `children! { Addresses: Address of PartyId; by
/// party::addresses_of, |row| Some(row.party_id) }`.
macro_rules! children {
    ($name:ident: $child:ident of $parent:ty; by $load:path, |$row:ident| $key:expr) => {
        /// The children of one parent; never part of the schema itself.
        #[derive(Clone, async_graphql::SimpleObject)]
        pub struct $name {
            #[graphql(skip)]
            parent: $parent,
            rows: Vec<$child>,
        }

        impl $crate::loader::Noun for $name {
            type Id = $parent;
            const NAME: &'static str = stringify!($name);

            fn key(&self) -> $parent {
                self.parent
            }

            fn by_ids<'t>(
                tx: &'t mut kernel::Tx,
                ids: &'t [$parent],
            ) -> futures::future::BoxFuture<'t, kernel::Result<Vec<Self>>> {
                Box::pin(async move {
                    let found = $load(tx, ids).await?;
                    let of = |parent: &$parent| {
                        let own = found.iter().filter(|$row| $key == Some(*parent));
                        let rows = own.cloned().map($child).collect();
                        Self {
                            parent: *parent,
                            rows,
                        }
                    };
                    Ok(ids.iter().map(of).collect())
                })
            }
        }

        impl $crate::directory::children::Children for $name {
            type Child = $child;

            fn children(self) -> Vec<$child> {
                self.rows
            }
        }
    };
}
pub(crate) use children;

/// The children of a parent as a connection.
pub async fn connected<C: Children>(
    graph: &Context<'_>,
    parent: C::Id,
    slice: Slice,
) -> Result<Connection<C::Child>> {
    let call = Call::of(graph)?;
    let rows = call
        .load::<C>(parent)
        .await?
        .map(C::children)
        .unwrap_or_default();
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let page = cut(rows, &slice).map_err(|fault| failure::of(call, fault.into()))?;
    let count = move |_: Call| -> futures::future::BoxFuture<'static, Result<i64>> {
        Box::pin(async move { Ok(total) })
    };
    Ok(Listing::new(page, Arc::new(count)).into())
}

/// The page of a whole list. The cursor of a record is its id.
fn cut<N: Noun>(rows: Vec<N>, slice: &Slice) -> Result<Page<N>, Fault> {
    let forward = slice.first.is_some() || slice.after.is_some();
    let backward = slice.last.is_some() || slice.before.is_some();
    if forward && backward {
        return Err(Fault::invalid("kernel.page_both_ends"));
    }
    let size = slice.first.or(slice.last).unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Fault::invalid("kernel.page_too_large").with("most", MAX_SIZE));
    }
    let rows: Vec<(String, N)> = rows
        .into_iter()
        .map(|row| (encode(N::Id::PREFIX, row.key().uuid()), row))
        .collect();
    let place = |cursor: &String| {
        let at = rows.iter().position(|(own, _)| own == cursor);
        at.ok_or_else(|| Fault::invalid("kernel.bad_cursor"))
    };
    let size = usize::try_from(size).unwrap_or_default();
    let (start, end) = if backward {
        let end = slice
            .before
            .as_ref()
            .map(place)
            .transpose()?
            .unwrap_or(rows.len());
        (end.saturating_sub(size), end)
    } else {
        let start = slice
            .after
            .as_ref()
            .map(place)
            .transpose()?
            .map_or(0, |at| at + 1);
        (start, start.saturating_add(size).min(rows.len()))
    };
    let (has_next, has_previous) = (end < rows.len(), start > 0);
    let rows = rows.into_iter().skip(start).take(end - start).collect();
    Ok(Page {
        rows,
        has_next,
        has_previous,
    })
}
