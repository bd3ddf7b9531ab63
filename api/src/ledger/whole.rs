//! The few records or values that belong to one record, as a list: read in one statement for all parents
//! of a request, cut into pages in memory.

use std::sync::Arc;

use async_graphql::{Context, Result};
use kernel::Fault;
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};

use crate::call::Call;
use crate::connection::{Listing, Slice};
use crate::failure;

/// A page of a list that was read as a whole, each item with its cursor.
pub fn connected<N, List: From<Listing<N>>>(
    graph: &Context<'_>,
    items: Vec<(String, N)>,
    slice: &Slice,
) -> Result<List> {
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let call = Call::of(graph)?;
    let page = cut(items, slice).map_err(|fault| failure::of(call, fault.into()))?;
    Ok(Listing::new(
        page,
        Arc::new(move |_: Call| Box::pin(async move { Ok(total) })),
    )
    .into())
}

fn cut<N>(items: Vec<(String, N)>, slice: &Slice) -> Result<Page<N>, Fault> {
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
        let at = items.iter().position(|(own, _)| own == cursor);
        at.ok_or_else(|| Fault::invalid("kernel.bad_cursor"))
    };
    let size = usize::try_from(size).unwrap_or_default();
    let (start, end) = if backward {
        let end = slice
            .before
            .as_ref()
            .map(place)
            .transpose()?
            .unwrap_or(items.len());
        (end.saturating_sub(size), end)
    } else {
        let start = slice
            .after
            .as_ref()
            .map(place)
            .transpose()?
            .map_or(0, |at| at + 1);
        (start, start.saturating_add(size).min(items.len()))
    };
    let (has_next, has_previous) = (end < items.len(), start > 0);
    let rows = items.into_iter().skip(start).take(end - start).collect();
    Ok(Page {
        rows,
        has_next,
        has_previous,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<(String, usize)> {
        (1..=5).map(|item| (item.to_string(), item)).collect()
    }

    fn cursor(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn pages_go_forward_and_backward() {
        let slice = Slice::new(Some(2), cursor("2"), None, None);
        let page = cut(items(), &slice).unwrap();
        assert!(page.has_next && page.has_previous);
        assert_eq!(page.into_rows(), [3, 4]);
        let slice = Slice::new(None, None, Some(2), cursor("3"));
        let page = cut(items(), &slice).unwrap();
        assert!(page.has_next && !page.has_previous);
        assert_eq!(page.into_rows(), [1, 2]);
    }

    #[test]
    fn forged_cursors_and_pages_from_both_ends_are_refused() {
        assert!(cut(items(), &Slice::new(None, cursor("9"), None, None)).is_err());
        assert!(cut(items(), &Slice::new(Some(1), None, Some(1), None)).is_err());
        assert!(cut(items(), &Slice::new(Some(251), None, None, None)).is_err());
    }
}
