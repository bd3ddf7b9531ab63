//! What belongs to one employee, as connections: read in batches for all employees of a request,
//! cut into pages in memory. An employee has few of each.

use async_graphql::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::filter::IdFilter;
use kernel::ids::EmployeeId;
use kernel::page::{MAX_SIZE, PageRequest};

use crate::call::Call;
use crate::connection::{Connection, Slice};
use crate::loader::{Listed, Part};
use crate::people::reach::none_if_denied;
use crate::whole;

/// A record of an employee.
pub trait Belonging: Listed {
    /// Whose it is.
    fn employee(&self) -> EmployeeId;

    /// The condition that it is one of some employees'.
    fn of(employees: IdFilter) -> Self::Filter;
}

/// A record of an employee with its cursor.
#[derive(Clone)]
struct Placed<N>(String, N);

impl<N: Belonging> Part for Placed<N> {
    type Of = EmployeeId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [EmployeeId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(EmployeeId, Self)>>> {
        async move {
            let one_of = Some(ids.iter().map(|id| (*id).into()).collect());
            let filter = N::of(IdFilter {
                one_of,
                ..IdFilter::default()
            });
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let request = PageRequest {
                    first: Some(MAX_SIZE),
                    after: after.take(),
                    filter: Some(filter.clone()),
                    ..PageRequest::default()
                };
                let page = none_if_denied(N::page(tx, request).await.map(|page| vec![page]))?;
                let Some(page) = page.into_iter().next() else {
                    break;
                };
                let last = page.rows.last().map(|(cursor, _)| cursor.clone());
                let rows = page.rows.into_iter();
                found.extend(rows.map(|(cursor, row)| (row.employee(), Self(cursor, row))));
                after = last.filter(|_| page.has_next);
                if after.is_none() {
                    break;
                }
            }
            Ok(found)
        }
        .boxed()
    }
}

/// The records of an employee that the viewer may see.
pub async fn all<N: Belonging>(graph: &Context<'_>, employee: EmployeeId) -> Result<Vec<N>> {
    let placed = Call::of(graph)?.parts::<Placed<N>>(employee).await?;
    Ok(placed.into_iter().map(|Placed(_, row)| row).collect())
}

/// The records of an employee as a connection.
pub async fn connected<N: Belonging>(
    graph: &Context<'_>,
    employee: EmployeeId,
    slice: Slice,
) -> Result<Connection<N>> {
    let call = Call::of(graph)?;
    let placed = call.parts::<Placed<N>>(employee).await?;
    let rows = placed
        .into_iter()
        .map(|Placed(cursor, row)| (cursor, row))
        .collect();
    whole::connection(call, rows, &slice)
}
