//! Whose stock a viewer sees, and in which currency it is worth something.

use std::collections::BTreeSet;

use async_graphql::{Context, Result};
use futures::future::BoxFuture;
use inventory::permission::{COST_READ, STOCK_READ};
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Money, Tx};
use rust_decimal::Decimal;

use crate::call::Call;
use crate::directory::company::Company;
use crate::failure;
use crate::loader::Part;

/// Whether costs and values of a company's stock are open to the viewer.
pub fn sees_costs(call: &Call, company: CompanyId) -> bool {
    call.actor().scope(COST_READ).covers(Some(company), None)
}

/// Whether a company's stock is open to the viewer.
pub fn sees_stock(call: &Call, company: CompanyId) -> bool {
    call.actor().scope(STOCK_READ).covers(Some(company), None)
}

/// The fields that are closed to a viewer who may not see costs.
pub fn redacted(
    graph: &Context<'_>,
    company: CompanyId,
    fields: &[&'static str],
) -> Result<Vec<&'static str>> {
    let call = Call::of(graph)?;
    Ok(match sees_costs(call, company) {
        true => Vec::new(),
        false => fields.to_vec(),
    })
}

/// An amount of a company's stock in the currency of its books; null when costs are closed.
pub async fn worth(
    graph: &Context<'_>,
    company: CompanyId,
    amount: Decimal,
) -> Result<Option<Money>> {
    let call = Call::of(graph)?;
    if !sees_costs(call, company) {
        return Ok(None);
    }
    Ok(Some(Money::new(amount, currency(call, company).await?)))
}

/// An amount in the currency of a company's books.
pub async fn money(graph: &Context<'_>, company: CompanyId, amount: Decimal) -> Result<Money> {
    let call = Call::of(graph)?;
    Ok(Money::new(amount, currency(call, company).await?))
}

/// The company of a record. Null when the viewer may not see it.
pub async fn company(graph: &Context<'_>, id: CompanyId) -> Result<Option<Company>> {
    Call::of(graph)?.load(id).await
}

/// The currency of a company's books.
#[derive(Clone, Copy)]
struct Books(CurrencyCode);

impl Part for Books {
    type Of = CompanyId;

    /// A statement a company: the records of a page seldom belong to more than a few.
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [CompanyId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(CompanyId, Self)>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for id in ids.iter().copied().collect::<BTreeSet<_>>() {
                let company = ::directory::company::load(tx, id).await?;
                found.push((id, Self(company.currency)));
            }
            Ok(found)
        })
    }
}

async fn currency(call: &Call, company: CompanyId) -> Result<CurrencyCode> {
    let found = call.parts::<Books>(company).await?.into_iter().next();
    let missing = || failure::of(call, kernel::Error::bug("a record of stock has no company"));
    found.map(|Books(currency)| currency).ok_or_else(missing)
}
