//! Lists that are read as a whole, because a record has few of each, and cut into pages in memory.

use std::sync::Arc;

use async_graphql::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Fault;
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};

use crate::call::Call;
use crate::connection::{Listing, Slice};
use crate::failure;

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
pub(crate) fn cut<N>(rows: Vec<(String, N)>, slice: &Slice) -> Result<Page<N>, Fault> {
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
