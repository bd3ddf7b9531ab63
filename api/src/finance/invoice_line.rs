//! The lines of invoices and their taxes through the API, loaded for all invoices of a request at
//! once.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use directory::permission::DEPARTMENT_READ;
use finance::invoice::{self, InvoiceLine as LineRow, InvoiceTax as TaxRow};
use finance::permission::INVOICE_READ;
use futures::future::{BoxFuture, try_join_all};
use inventory::permission::ITEM_READ;
use kernel::ids::{InvoiceId, InvoiceLineId};
use kernel::{CurrencyCode, Dec, Money, Tx};
use ledger::permission::ACCOUNT_READ;

use super::invoice::Invoice;
use super::tax::Tax;
use crate::call::Call;
use crate::directory::department::Department;
use crate::directory::link::link;
use crate::inventory::item::Item;
use crate::ledger::dimension::DimensionValue;
use crate::loader::{Noun, Part};

/// A line of an invoice.
#[derive(Clone, Debug)]
pub struct InvoiceLine {
    row: LineRow,
    /// The currency of the document, where it is known already.
    currency: Option<CurrencyCode>,
}

impl InvoiceLine {
    /// A line.
    pub fn new(row: LineRow) -> Self {
        Self {
            row,
            currency: None,
        }
    }

    /// A line of a document in a currency.
    pub fn of(row: LineRow, currency: CurrencyCode) -> Self {
        Self::new(row).in_currency(currency)
    }

    /// The same line, in the currency of its document.
    pub fn in_currency(self, currency: CurrencyCode) -> Self {
        Self {
            currency: Some(currency),
            ..self
        }
    }

    /// The currency of the document.
    async fn currency(&self, graph: &Context<'_>) -> Result<CurrencyCode> {
        if let Some(known) = self.currency {
            return Ok(known);
        }
        let found = Call::of(graph)?
            .load::<Invoice>(self.row.invoice_id)
            .await?;
        Ok(found.map_or(CurrencyCode::EUR, |invoice| invoice.currency()))
    }
}

impl Noun for InvoiceLine {
    type Id = InvoiceLineId;
    const NAME: &'static str = "InvoiceLine";

    fn key(&self) -> InvoiceLineId {
        self.row.id
    }

    fn by_ids<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceLineId],
    ) -> BoxFuture<'t, kernel::Result<Vec<Self>>> {
        Box::pin(async move {
            let rows = invoice::lines_by_ids(tx, ids).await?;
            Ok(rows.into_iter().map(Self::new).collect())
        })
    }
}

impl Part for InvoiceLine {
    type Of = InvoiceId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(InvoiceId, Self)>>> {
        Box::pin(async move {
            let rows = invoice::lines_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.invoice_id, Self::new(row)))
                .collect())
        })
    }
}

/// A line of an invoice.
#[Object]
impl InvoiceLine {
    /// The line.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Its invoice.
    async fn invoice(&self, graph: &Context<'_>) -> Result<Option<Invoice>> {
        link(graph, INVOICE_READ, Some(self.row.invoice_id)).await
    }

    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.row.position
    }

    /// What it is.
    async fn description(&self) -> &str {
        &self.row.description
    }

    /// The item, if it is of stock; null without `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        link(graph, ITEM_READ, self.row.item_id).await
    }

    /// How many; below zero takes back.
    async fn quantity(&self) -> Dec {
        Dec(self.row.quantity.0.normalize())
    }

    /// Of what unit.
    async fn unit(&self) -> Option<&str> {
        self.row.unit.as_deref()
    }

    /// The price of one, before taxes; exact, with up to six decimals.
    async fn unit_price(&self, graph: &Context<'_>) -> Result<Money> {
        let price = self.row.unit_price.0.normalize();
        Ok(Money::new(price, self.currency(graph).await?))
    }

    /// Per cent off.
    async fn discount_percent(&self) -> Dec {
        Dec(self.row.discount.0.normalize())
    }

    /// What it comes to, before taxes.
    async fn net(&self, graph: &Context<'_>) -> Result<Money> {
        Ok(Money::new(self.row.net.0, self.currency(graph).await?).rounded())
    }

    /// The code of its account.
    async fn account_code(&self) -> &str {
        &self.row.account_code
    }

    /// The department; null without `directory.department.read`.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        link(graph, DEPARTMENT_READ, self.row.department_id).await
    }

    /// Its values of dimensions; none without `ledger.account.read`.
    async fn dimensions(&self, graph: &Context<'_>) -> Result<Vec<InvoiceLineDimension>> {
        let values = self.row.dimension_value_ids.iter();
        let wanted = values.map(|id| link::<DimensionValue>(graph, ACCOUNT_READ, Some(*id)));
        let found = try_join_all(wanted).await?.into_iter().flatten();
        Ok(found.map(|value| InvoiceLineDimension { value }).collect())
    }

    /// The codes of the taxes that it bears.
    async fn tax_codes(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let taxes = self.row.tax_ids.iter();
        let wanted = taxes.map(|id| link::<Tax>(graph, INVOICE_READ, Some(*id)));
        let found = try_join_all(wanted).await?;
        Ok(found.into_iter().flatten().map(|tax| tax.0.code).collect())
    }
}

/// A value of a dimension that a line has.
#[derive(SimpleObject)]
pub struct InvoiceLineDimension {
    /// The value.
    value: DimensionValue,
}

/// A tax of an invoice.
#[derive(Clone, Debug)]
pub struct InvoiceTax {
    row: TaxRow,
    currency: CurrencyCode,
}

impl InvoiceTax {
    /// A tax of an invoice in a currency.
    pub fn new(row: TaxRow, currency: CurrencyCode) -> Self {
        Self { row, currency }
    }

    fn money(&self, amount: Dec) -> Money {
        Money::new(amount.0, self.currency).rounded()
    }
}

/// The taxes of an invoice as they are read: the currency is the invoice's.
#[derive(Clone)]
pub struct TaxOf(pub TaxRow);

impl Part for TaxOf {
    type Of = InvoiceId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(InvoiceId, Self)>>> {
        Box::pin(async move {
            let rows = invoice::taxes_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.invoice_id, Self(row)))
                .collect())
        })
    }
}

/// A tax of an invoice: charged on a base, rounded once a document.
#[Object]
impl InvoiceTax {
    /// The version of the tax.
    async fn tax(&self, graph: &Context<'_>) -> Result<Option<Tax>> {
        link(graph, INVOICE_READ, Some(self.row.tax_id)).await
    }

    /// Per cent, as it was when the document was made.
    async fn rate(&self) -> Dec {
        Dec(self.row.rate.0.normalize())
    }

    /// What it is charged on.
    async fn base(&self) -> Money {
        self.money(self.row.base)
    }

    /// The tax; of a reverse charge in sales nothing.
    async fn amount(&self) -> Money {
        self.money(self.row.amount)
    }

    /// What rounding added to the exact amount, in the currency of the document.
    async fn rounding(&self) -> Dec {
        Dec(self.row.rounding.0.normalize())
    }
}
