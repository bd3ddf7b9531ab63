//! The few records that belong to one other, as a connection: read in one statement for all parents
//! of a request, cut into pages in memory.

use async_graphql::{Context, Result};
use kernel::id::{TypedId, encode};

use crate::call::Call;
use crate::connection::{Connection, Slice};
use crate::loader::Noun;
use crate::whole;

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

/// The children of a parent as a connection. The cursor of a record is its id.
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
    let rows = rows.into_iter().map(|row| {
        (
            encode(<C::Child as Noun>::Id::PREFIX, row.key().uuid()),
            row,
        )
    });
    whole::connection(call, rows.collect(), &slice)
}
