//! Everything that some invoices are decided over, read in a few statements.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::ids::{CompanyId, DepartmentId, InvoiceId, ItemId, PaymentTermId};
use kernel::{Result, Tx};

use super::content::Content;
use super::matching::Matching;
use super::{Invoice, InvoiceKind};
use crate::schema::invoice;
use crate::setting::{self, FinanceSetting};
use crate::tax::{self, Tax};
use crate::term::{self, PaymentTerm};

/// What some invoices are decided over.
#[derive(Clone, Debug, Default)]
pub(super) struct Shelf {
    pub settings: HashMap<CompanyId, FinanceSetting>,
    pub taxes: Vec<Tax>,
    pub terms: HashMap<PaymentTermId, PaymentTerm>,
    pub accounts: HashSet<(CompanyId, String)>,
    pub departments: HashSet<(CompanyId, DepartmentId)>,
    /// The items that are named, with their companies.
    pub items: HashSet<(CompanyId, ItemId)>,
    /// The lines of purchase orders that are named.
    pub orders: Matching,
    /// The invoices that credit notes correct: whose and what they are.
    pub corrected: HashMap<InvoiceId, (CompanyId, InvoiceKind)>,
}

impl Shelf {
    /// For drafts: settings 1, taxes 1; terms, accounts, departments and corrected invoices when
    /// some are named.
    pub async fn for_drafts(tx: &mut Tx, contents: &[&Content]) -> Result<Self> {
        let companies = companies(contents.iter().map(|one| one.company));
        let lines = || contents.iter().flat_map(|one| &one.lines);
        let named: Vec<_> = lines()
            .filter_map(|line| Some((line.order_line?, line.unit.as_deref())))
            .collect();
        let orders = Matching::load(tx, &named).await?;
        let received = orders.all().map(|line| line.received_account.clone());
        let codes = lines().filter_map(|line| line.account.clone());
        let codes: Vec<String> = codes.chain(received).collect();
        let departments: BTreeSet<DepartmentId> =
            lines().filter_map(|line| line.department).collect();
        let corrects: BTreeSet<InvoiceId> =
            contents.iter().filter_map(|one| one.corrects).collect();
        let terms = contents.iter().filter_map(|one| one.payment_term);
        let base = Self::of(tx, &companies, terms).await?;
        Ok(Self {
            accounts: crate::account::postable(tx, &companies, &codes).await?,
            departments: known_departments(tx, departments).await?,
            items: known_items(tx, contents).await?,
            orders,
            corrected: corrected(tx, corrects).await?,
            ..base
        })
    }

    /// For postings: settings 1, taxes 1; terms when some are named.
    pub async fn for_postings(tx: &mut Tx, invoices: &[&Invoice]) -> Result<Self> {
        let companies = companies(invoices.iter().map(|one| one.company_id));
        let terms = invoices.iter().filter_map(|one| one.payment_term_id);
        Self::of(tx, &companies, terms).await
    }

    async fn of(
        tx: &mut Tx,
        companies: &[CompanyId],
        terms: impl Iterator<Item = PaymentTermId>,
    ) -> Result<Self> {
        let terms: BTreeSet<PaymentTermId> = terms.collect();
        let terms: Vec<PaymentTermId> = terms.into_iter().collect();
        let settings = setting::load_all(tx, companies).await?;
        let found = term::load_all(tx, &terms).await?;
        Ok(Self {
            settings: settings
                .into_iter()
                .map(|row| (row.company_id, row))
                .collect(),
            taxes: tax::load_all(tx, companies).await?,
            terms: found.into_iter().map(|row| (row.id, row)).collect(),
            ..Self::default()
        })
    }
}

fn companies(of: impl Iterator<Item = CompanyId>) -> Vec<CompanyId> {
    of.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn known_departments(
    tx: &mut Tx,
    ids: BTreeSet<DepartmentId>,
) -> Result<HashSet<(CompanyId, DepartmentId)>> {
    use directory::schema::department;
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(CompanyId, DepartmentId)> = department::table
        .filter(department::organisation_id.eq(tx.organisation()))
        .filter(department::id.eq_any(ids.into_iter().collect::<Vec<_>>()))
        .select((department::company_id, department::id))
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

async fn known_items(tx: &mut Tx, contents: &[&Content]) -> Result<HashSet<(CompanyId, ItemId)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        company_id: CompanyId,
        #[diesel(sql_type = SqlUuid)]
        id: ItemId,
    }
    let lines = contents.iter().flat_map(|one| &one.lines);
    let ids: BTreeSet<ItemId> = lines.filter_map(|line| line.item).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<Found> = diesel::sql_query(
        "SELECT company_id, id FROM inventory.item WHERE organisation_id = $1 AND id = ANY($2)",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(ids.into_iter().collect::<Vec<_>>())
    .kept()
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.company_id, row.id))
        .collect())
}

async fn corrected(
    tx: &mut Tx,
    ids: BTreeSet<InvoiceId>,
) -> Result<HashMap<InvoiceId, (CompanyId, InvoiceKind)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(InvoiceId, CompanyId, InvoiceKind)> = invoice::table
        .filter(invoice::organisation_id.eq(tx.organisation()))
        .filter(invoice::id.eq_any(ids.into_iter().collect::<Vec<_>>()))
        .select((invoice::id, invoice::company_id, invoice::kind))
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, company, kind)| (id, (company, kind)))
        .collect())
}
