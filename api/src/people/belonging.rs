//! What belongs to one employee, as connections: read in batches for all employees of a request,
//! cut into pages in memory. An employee has few of each.

use std::sync::Arc;

use async_graphql::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::filter::IdFilter;
use kernel::ids::EmployeeId;
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page, PageRequest};
use kernel::{Fault, Tx};

use crate::call::Call;
use crate::connection::{Connection, Listing, Slice};
use crate::failure;
use crate::loader::{Listed, Part};
use crate::people::reach::none_if_denied;

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
    connection(call, rows, &slice)
}

/// The page of a list that was read as a whole, each with its cursor.
pub fn connection<N, List: From<Listing<N>>>(
    call: &Call,
    rows: Vec<(String, N)>,
    slice: &Slice,
) -> Result<List> {
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let page = cut(rows, slice).map_err(|fault| failure::of(call, fault.into()))?;
    let count = move |_: Call| -> BoxFuture<'static, Result<i64>> {
        futures::future::ready(Ok(total)).boxed()
    };
    Ok(Listing::new(page, Arc::new(count)).into())
}

/// The page of a whole list.
fn cut<N>(rows: Vec<(String, N)>, slice: &Slice) -> Result<Page<N>, Fault> {
    let forward = slice.first.is_some() || slice.after.is_some();
    let backward = slice.last.is_some() || slice.before.is_some();
    if forward && backward {
        return Err(Fault::invalid("kernel.page_both_ends"));
    }
    let size = slice.first.or(slice.last).unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Fault::invalid("kernel.page_too_large").with("most", MAX_SIZE));
    }
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
    let rows = rows
        .into_iter()
        .skip(start)
        .take(end.saturating_sub(start))
        .collect();
    Ok(Page {
        rows,
        has_next,
        has_previous,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(String, i32)> {
        (1..=5)
            .map(|number| (format!("c{number}"), number))
            .collect()
    }

    fn numbers(slice: &Slice) -> Vec<i32> {
        cut(rows(), slice).unwrap().into_rows()
    }

    #[test]
    fn pages_go_forward_and_backward() {
        let first = Slice {
            first: Some(2),
            ..Slice::default()
        };
        assert_eq!(numbers(&first), [1, 2]);
        let after = Slice {
            first: Some(2),
            after: Some("c4".into()),
            ..Slice::default()
        };
        assert_eq!(numbers(&after), [5]);
        let last = Slice {
            last: Some(2),
            ..Slice::default()
        };
        assert_eq!(numbers(&last), [4, 5]);
        let before = Slice {
            last: Some(2),
            before: Some("c2".into()),
            ..Slice::default()
        };
        assert_eq!(numbers(&before), [1]);
        let end = Slice {
            first: Some(2),
            after: Some("c5".into()),
            ..Slice::default()
        };
        assert!(numbers(&end).is_empty());
    }

    #[test]
    fn bad_slices_are_refused() {
        let both = Slice {
            first: Some(1),
            last: Some(1),
            ..Slice::default()
        };
        assert_eq!(
            cut(rows(), &both).unwrap_err().reason,
            "kernel.page_both_ends"
        );
        let many = Slice {
            first: Some(251),
            ..Slice::default()
        };
        assert_eq!(
            cut(rows(), &many).unwrap_err().reason,
            "kernel.page_too_large"
        );
        let unknown = Slice {
            after: Some("x".into()),
            ..Slice::default()
        };
        assert_eq!(
            cut(rows(), &unknown).unwrap_err().reason,
            "kernel.bad_cursor"
        );
    }
}
