//! Invoices and credit notes through the API.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ, USER_READ};
use finance::invoice::{
    self, Invoice as InvoiceRow, InvoiceFilter, InvoiceKind, InvoiceSort, InvoiceSortField,
    InvoiceStatus,
};
use finance::open_item;
use finance::permission::{INVOICE_MANAGE, INVOICE_POST, INVOICE_READ};
use futures::future::BoxFuture;
use kernel::ids::InvoiceId;
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Money, Tx};
use ledger::permission::ENTRY_READ;

use super::invoice_line::{InvoiceLine, InvoiceTax, TaxOf};
use super::open_item::OpenItem;
use super::term::PaymentTerm;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::directory::user::User;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::ledger::money::{MoneyPair, books};
use crate::loader::{Listed, Noun, Part};
use crate::permission::Permission;
use crate::whole;

/// An invoice or credit note.
#[derive(Clone, Debug)]
pub struct Invoice {
    row: InvoiceRow,
    /// Known at once when the act is only rehearsed, and so not there to be loaded.
    rehearsed: Option<Arc<Parts>>,
}

/// The parts of an invoice that is only rehearsed.
#[derive(Debug)]
struct Parts {
    lines: Vec<InvoiceLine>,
    taxes: Vec<InvoiceTax>,
    items: Vec<OpenItem>,
}

impl Invoice {
    /// An invoice that is there.
    pub fn new(row: InvoiceRow) -> Self {
        Self {
            row,
            rehearsed: None,
        }
    }

    /// The invoice of an act, in its transaction; with its parts when the act is only rehearsed.
    pub async fn of_act(tx: &mut Tx, row: InvoiceRow, dry_run: bool) -> kernel::Result<Self> {
        let made = Self::all_of_act(tx, vec![row], dry_run).await?;
        let missing = || kernel::Error::bug("an act on an invoice gave none");
        made.into_iter().next().ok_or_else(missing)
    }

    /// The invoices of an act, in its transaction; with their parts when the act is only rehearsed.
    pub async fn all_of_act(
        tx: &mut Tx,
        rows: Vec<InvoiceRow>,
        dry_run: bool,
    ) -> kernel::Result<Vec<Self>> {
        if !dry_run || !tx.actor().may(INVOICE_READ) {
            return Ok(rows.into_iter().map(Self::new).collect());
        }
        let ids: Vec<InvoiceId> = rows.iter().map(|row| row.id).collect();
        let lines = invoice::lines_of(tx, &ids).await?;
        let taxes = invoice::taxes_of(tx, &ids).await?;
        let items = open_item::of_invoices(tx, &ids).await?;
        let with_parts = |row: InvoiceRow| {
            let (id, currency) = (row.id, row.currency);
            let lines = lines.iter().filter(|line| line.invoice_id == id).cloned();
            let taxes = taxes.iter().filter(|tax| tax.invoice_id == id).cloned();
            let items = items
                .iter()
                .filter(|item| item.invoice_id == Some(id))
                .cloned();
            let parts = Parts {
                lines: lines.map(|line| InvoiceLine::of(line, currency)).collect(),
                taxes: taxes.map(|tax| InvoiceTax::new(tax, currency)).collect(),
                items: items.map(OpenItem).collect(),
            };
            Self {
                row,
                rehearsed: Some(Arc::new(parts)),
            }
        };
        Ok(rows.into_iter().map(with_parts).collect())
    }

    /// The currency of the document.
    pub(super) fn currency(&self) -> CurrencyCode {
        self.row.currency
    }

    fn money(&self, amount: Dec) -> Money {
        Money::new(amount.0, self.row.currency).rounded()
    }
}

impl Noun for Invoice {
    type Id = InvoiceId;
    const NAME: &'static str = "Invoice";

    fn key(&self) -> InvoiceId {
        self.row.id
    }

    fn by_ids<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<Self>>> {
        Box::pin(async move {
            let rows = invoice::by_ids(tx, ids).await?;
            Ok(rows.into_iter().map(Self::new).collect())
        })
    }
}

impl Listed for Invoice {
    type Filter = InvoiceFilter;
    type Field = InvoiceSortField;

    fn page(
        tx: &mut Tx,
        request: PageRequest<InvoiceFilter, InvoiceSortField>,
    ) -> BoxFuture<'_, kernel::Result<Page<Self>>> {
        Box::pin(async move { Ok(invoice::page(tx, request).await?.map(Self::new)) })
    }

    fn count(
        tx: &mut Tx,
        request: PageRequest<InvoiceFilter, InvoiceSortField>,
    ) -> BoxFuture<'_, kernel::Result<i64>> {
        Box::pin(invoice::count(tx, request))
    }
}

/// A credit note that corrects an invoice.
#[derive(Clone)]
struct CreditOf(Invoice);

impl Part for CreditOf {
    type Of = InvoiceId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(InvoiceId, Self)>>> {
        Box::pin(async move {
            let rows = invoice::credits_of(tx, ids).await?;
            let of = |row: InvoiceRow| Some((row.corrects_id?, Self(Invoice::new(row))));
            Ok(rows.into_iter().filter_map(of).collect())
        })
    }
}

/// What of an invoice does not match its purchase order.
#[derive(Clone)]
struct OrderWarning(kernel::Fault);

impl Part for OrderWarning {
    type Of = InvoiceId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(InvoiceId, Self)>>> {
        Box::pin(async move {
            let found = invoice::order_warnings(tx, ids).await?;
            Ok(found
                .into_iter()
                .map(|(of, fault)| (of, Self(fault)))
                .collect())
        })
    }
}

/// What the viewer may do with an invoice.
#[derive(SimpleObject)]
pub struct InvoiceViewerCan {
    /// Change or delete it.
    update: Permission,
    /// Post it; the day's period must be open then.
    post: Permission,
    /// Void it by a credit note.
    void_by_credit_note: Permission,
}

/// Something about an invoice that is allowed and yet worth a look.
#[derive(SimpleObject)]
pub struct InvoiceWarning {
    /// The stable reason.
    reason: &'static str,
    /// What it is, in the viewer's language.
    message: String,
    /// The field that it is about.
    field: Vec<String>,
}

/// An invoice of a supplier or to a customer, or a credit note of either. Posted once, it never
/// changes; a correction is a credit note.
#[Object]
impl Invoice {
    /// The invoice.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.row.company_id)).await
    }

    /// What it is.
    async fn kind(&self) -> InvoiceKind {
        self.row.kind
    }

    /// Where it stands.
    async fn status(&self) -> InvoiceStatus {
        self.row.status
    }

    /// The supplier or customer; null without `directory.party.read`.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.row.party_id)).await
    }

    /// The series of its number.
    async fn series(&self) -> &str {
        &self.row.series
    }

    /// The company's own number, gap-free in its series and year; null before it is posted.
    async fn number(&self) -> Option<&str> {
        self.row.number.as_deref()
    }

    /// The supplier's number; null for documents to customers.
    async fn supplier_number(&self) -> Option<&str> {
        self.row.supplier_number.as_deref()
    }

    /// What an integrator calls it.
    async fn external_id(&self) -> Option<&str> {
        self.row.external_id.as_deref()
    }

    /// The day on the document.
    async fn issued_on(&self) -> Date {
        self.row.issued_on
    }

    /// The day of the operation, on which its taxes hang.
    async fn operation_on(&self) -> Date {
        self.row.operation_on
    }

    /// The day on which the last of it falls due.
    async fn due_on(&self) -> Date {
        self.row.due_on
    }

    /// Its terms of payment; without them all of it falls due on one day.
    async fn payment_term(&self, graph: &Context<'_>) -> Result<Option<PaymentTerm>> {
        link(graph, INVOICE_READ, self.row.payment_term_id).await
    }

    /// The sum of its lines, before taxes.
    async fn net(&self) -> Money {
        self.money(self.row.net)
    }

    /// Taxes that are added; those of a reverse charge are not.
    async fn tax(&self) -> Money {
        self.money(self.row.tax)
    }

    /// What is withheld.
    async fn withheld(&self) -> Money {
        self.money(self.row.withheld)
    }

    /// What is to be paid.
    async fn total(&self, graph: &Context<'_>) -> Result<MoneyPair> {
        let own = books(Call::of(graph)?, self.row.company_id).await?;
        Ok(MoneyPair::new(
            self.money(self.row.total),
            Money::new(self.row.company_total.0, own).rounded(),
            Dec(self.row.rate.0.normalize()),
        ))
    }

    /// Its lines, in order.
    async fn lines(&self, graph: &Context<'_>) -> Result<Vec<InvoiceLine>> {
        if let Some(parts) = &self.rehearsed {
            return Ok(parts.lines.clone());
        }
        let found = Call::of(graph)?.parts::<InvoiceLine>(self.row.id).await?;
        let known = |line: InvoiceLine| line.in_currency(self.row.currency);
        Ok(found.into_iter().map(known).collect())
    }

    /// Its taxes.
    async fn taxes(&self, graph: &Context<'_>) -> Result<Vec<InvoiceTax>> {
        if let Some(parts) = &self.rehearsed {
            return Ok(parts.taxes.clone());
        }
        let found = Call::of(graph)?.parts::<TaxOf>(self.row.id).await?;
        let own = |TaxOf(row)| InvoiceTax::new(row, self.row.currency);
        Ok(found.into_iter().map(own).collect())
    }

    /// What is owed by it, one for each instalment.
    async fn open_items(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<OpenItem>> {
        let call = Call::of(graph)?;
        let items = match &self.rehearsed {
            Some(parts) => parts.items.clone(),
            None => call.parts(self.row.id).await?,
        };
        let rows = items
            .into_iter()
            .map(|item| (item.0.id.to_string(), item))
            .collect();
        whole::connection(call, rows, &Slice::new(first, after, last, before))
    }

    /// The invoice that a credit note corrects.
    async fn corrects(&self, graph: &Context<'_>) -> Result<Option<Invoice>> {
        link(graph, INVOICE_READ, self.row.corrects_id).await
    }

    /// The credit notes that correct it.
    async fn credit_notes(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Invoice>> {
        let call = Call::of(graph)?;
        let found = call.parts::<CreditOf>(self.row.id).await?;
        let rows = found
            .into_iter()
            .map(|CreditOf(note)| (note.row.id.to_string(), note))
            .collect();
        whole::connection(call, rows, &Slice::new(first, after, last, before))
    }

    /// Its entry; null before it is posted, and without `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ENTRY_READ, self.row.entry_id).await
    }

    /// A remark.
    async fn memo(&self) -> Option<&str> {
        self.row.memo.as_deref()
    }

    /// Who drafted it; null without `directory.user.read`.
    async fn prepared_by(&self, graph: &Context<'_>) -> Result<Option<User>> {
        link(graph, USER_READ, self.row.prepared_by).await
    }

    /// What is allowed and yet worth a look: a term longer than the law admits, more billed than was
    /// ordered and received.
    async fn warnings(&self, graph: &Context<'_>) -> Result<Vec<InvoiceWarning>> {
        let call = Call::of(graph)?;
        let said = |fault: kernel::Fault| InvoiceWarning {
            reason: fault.reason,
            message: call.core().speaker.fault(call.context().locale, &fault),
            field: fault.field,
        };
        let own = invoice::warnings(&self.row);
        let of_orders = call.parts::<OrderWarning>(self.row.id).await?;
        let of_orders = of_orders.into_iter().map(|OrderWarning(fault)| fault);
        Ok(own.into_iter().chain(of_orders).map(said).collect())
    }

    /// When it was posted.
    async fn posted_at(&self) -> Option<DateTime<Utc>> {
        self.row.posted_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<InvoiceViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.row.company_id);
        let at = |permission, status| {
            Permission::held(call, permission, |scope| scope.covers(company, None)).and(|| {
                match self.row.require_status(&[status]) {
                    Ok(()) => Permission::allowed(),
                    Err(fault) => Permission::refused(call, &fault),
                }
            })
        };
        Ok(InvoiceViewerCan {
            update: at(INVOICE_MANAGE, InvoiceStatus::Draft),
            post: at(INVOICE_POST, InvoiceStatus::Draft),
            void_by_credit_note: at(INVOICE_POST, InvoiceStatus::Posted),
        })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.row.id, slice).await
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.row.id.0, Slice::new(first, after, last, before)).await
    }
}

/// Looks at invoices.
#[derive(Default)]
pub struct InvoiceQuery;

#[Object]
impl InvoiceQuery {
    /// An invoice. Needs `finance.invoice.read`.
    async fn invoice(&self, graph: &Context<'_>, id: InvoiceId) -> Result<Option<Invoice>> {
        find(graph, id).await
    }

    /// Invoices and credit notes. Needs `finance.invoice.read`.
    async fn invoices(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<InvoiceFilter>,
        sort: Option<InvoiceSort>,
        search: Option<String>,
    ) -> Result<Connection<Invoice>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
