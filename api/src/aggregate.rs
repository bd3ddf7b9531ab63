//! Aggregates of lists: how many records there are, and what they add up to, group by group.

use async_graphql::{Context, InputType, Result, Value};
use kernel::aggregate::{Group, GroupBy};

use crate::call::Call;
use crate::loader::Noun;

/// What the records of a group agree on, read as a scalar or an enum.
pub fn value<T: InputType, By: GroupBy>(group: &Group<By>, by: By) -> Option<T> {
    let text = group.key(by)?;
    T::parse(Some(Value::String(text.to_owned()))).ok()
}

/// The record that the records of a group agree on.
pub async fn link<N: Noun, By: GroupBy>(
    graph: &Context<'_>,
    group: &Group<By>,
    by: By,
) -> Result<Option<N>> {
    Call::of(graph)?.load_some(group.id::<N::Id>(by)).await
}

/// Declares what a group of a noun's records shows: the values and records that they agree on, and
/// their sums by the place of the column in the domain's declaration.
///
/// ```ignore
/// aggregate! {
///     /// Invoices that agree on what they are grouped by.
///     InvoiceAggregate of InvoiceGroupBy {
///         /// What invoices come to, group by group.
///         query InvoiceAggregateQuery invoice_aggregates by InvoiceFilter from invoice::aggregate;
///         values {
///             /// Their status.
///             status: InvoiceStatus = Status,
///         }
///         links {
///             /// Their supplier or customer.
///             party: Party = Party,
///         }
///         sums {
///             /// What they come to before tax.
///             net = 0,
///         }
///     }
/// }
/// ```
#[macro_export]
macro_rules! aggregate {
    ($(#[$meta:meta])* $name:ident of $by:ty {
        $(#[$query_doc:meta])*
        query $query:ident $field:ident by $filter:ident from $aggregate:path;
        values { $($(#[$value_doc:meta])* $value:ident: $value_type:ty = $value_by:ident,)* }
        links { $($(#[$link_doc:meta])* $link:ident: $link_type:ty = $link_by:ident,)* }
        sums { $($(#[$sum_doc:meta])* $sum:ident = $place:literal,)* }
    }) => {
        $(#[$meta])*
        pub struct $name(kernel::aggregate::Group<$by>);

        $(#[$meta])*
        #[async_graphql::Object]
        impl $name {
            /// How many there are.
            async fn count(&self) -> i64 {
                self.0.count
            }

            $($(#[$value_doc])* /// Null where they were not grouped by it or have none.
            async fn $value(&self) -> Option<$value_type> {
                $crate::aggregate::value(&self.0, <$by>::$value_by)
            })*

            $($(#[$link_doc])* /// Null where they were not grouped by it or have none.
            async fn $link(
                &self,
                graph: &async_graphql::Context<'_>,
            ) -> async_graphql::Result<Option<$link_type>> {
                $crate::aggregate::link(graph, &self.0, <$by>::$link_by).await
            })*

            $($(#[$sum_doc])*
            async fn $sum(&self) -> kernel::Dec {
                self.0.sum($place)
            })*
        }

        $(#[$query_doc])*
        #[derive(Default)]
        pub struct $query;

        #[async_graphql::Object]
        impl $query {
            $(#[$query_doc])*
            async fn $field(
                &self,
                graph: &async_graphql::Context<'_>,
                filter: Option<$filter>,
                search: Option<String>,
                group_by: Vec<$by>,
            ) -> async_graphql::Result<Vec<$name>> {
                let request = kernel::page::PageRequest {
                    filter,
                    search,
                    ..kernel::page::PageRequest::default()
                };
                let read = $crate::call::Call::of(graph)?
                    .read(move |tx| Box::pin($aggregate(tx, request, group_by)))
                    .await?;
                Ok(read.into_iter().map($name).collect())
            }
        }
    };
}
