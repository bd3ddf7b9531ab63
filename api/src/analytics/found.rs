//! What is known of the measures of a company, loaded for all measures of a request at once.

use analytics::analysis::{self, Analysis};
use analytics::series::{self, Coverage};
use futures::future::FutureExt;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Tx};

use crate::loader::{Part, Parts};

/// What the model makes of a measure.
#[derive(Clone, Debug)]
pub(super) struct Analysed(pub Analysis);

impl Part for Analysed {
    type Of = CompanyId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [CompanyId]) -> Parts<'t, CompanyId, Self> {
        async move {
            let found = analysis::of_companies(tx, ids).await?;
            let each = found.into_iter();
            Ok(each.map(|one| (one.company_id, Self(one))).collect())
        }
        .boxed()
    }
}

/// From when to when a measure is known.
#[derive(Clone, Debug)]
pub(super) struct Covered(pub Coverage);

impl Part for Covered {
    type Of = CompanyId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [CompanyId]) -> Parts<'t, CompanyId, Self> {
        async move {
            let found = series::coverage(tx, ids).await?;
            let each = found.into_iter();
            Ok(each.map(|one| (one.company_id, Self(one))).collect())
        }
        .boxed()
    }
}

/// The currency of a company's books.
#[derive(Clone, Copy, Debug)]
pub(super) struct BookCurrency(pub CurrencyCode);

impl Part for BookCurrency {
    type Of = CompanyId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [CompanyId]) -> Parts<'t, CompanyId, Self> {
        async move {
            let found = series::currencies(tx, ids).await?;
            let each = found.into_iter();
            Ok(each.map(|(id, currency)| (id, Self(currency))).collect())
        }
        .boxed()
    }
}
