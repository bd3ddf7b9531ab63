//! Charts of accounts: templates that come with the suite, and the import of others.
//!
//! Round trips of an installation: book, accounts, journals, event: four statements.

mod import;
mod template;

pub use import::{ChartImportInput, import};
pub use template::{ChartTemplate, KindRule, TemplateAccount, generic, spanish_pyme};

use std::collections::{HashMap, HashSet};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId};
use kernel::{CurrencyCode, Error, Event, Fault, Result, Tx};

use crate::account::Account;
use crate::permission::{ACCOUNT_MANAGE, ACCOUNT_READ};
use crate::schema::{account, book};

kernel::text_enum! {
    /// A chart of accounts that comes with the suite.
    pub enum ChartName {
        /// The Spanish plan for small and medium-sized companies (Real Decreto 1515/2007).
        EsPyme = "ES_PYME",
        /// A small international one, with names in Spanish and English.
        Generic = "GENERIC",
    }
}

impl ChartName {
    /// The template itself.
    pub fn template(self) -> Result<ChartTemplate> {
        match self {
            Self::EsPyme => spanish_pyme(),
            Self::Generic => generic(),
        }
    }
}

/// Opens the books of a company with a chart of accounts.
#[derive(Clone, Debug, InputObject)]
pub struct ChartInstallInput {
    /// The company.
    pub company_id: CompanyId,
    /// The chart.
    pub chart: ChartName,
    /// Whether to only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What an installation or import made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The company.
    pub company: CompanyId,
    /// The currency of its books.
    pub currency: CurrencyCode,
    /// How many accounts were made.
    pub accounts: usize,
}

/// Opens the books of a company by a person's wish.
pub async fn set_up(tx: &mut Tx, command: ChartInstallInput) -> Result<Installed> {
    tx.require_in(ACCOUNT_MANAGE, command.company_id, None)?;
    install(tx, command.company_id, &command.chart.template()?).await
}

/// Opens the books of a company in its currency: the accounts of a template and the standard
/// journals. Trusts its caller.
pub async fn install(
    tx: &mut Tx,
    company: CompanyId,
    template: &ChartTemplate,
) -> Result<Installed> {
    let currency = open_book(tx, company, &template.code).await?;
    let rows = accounts_of(tx, company, template)?;
    insert_accounts(tx, &rows).await?;
    crate::journal::install(tx, company).await?;
    let event = Event::new("ledger.chart.installed", "Company", company, ACCOUNT_READ)
        .company(company)
        .set("chart", &template.code)
        .set("accounts", rows.len());
    tx.emit(event).await?;
    Ok(Installed {
        company,
        currency,
        accounts: rows.len(),
    })
}

/// The currency of a company's books; a fault when it has none.
pub async fn require_book(tx: &mut Tx, company: CompanyId) -> Result<CurrencyCode> {
    let found: Option<CurrencyCode> = book::table
        .find((tx.organisation(), company))
        .select(book::currency)
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found.ok_or_else(|| Fault::not_allowed("ledger.books_missing").at(["companyId"]))?)
}

async fn open_book(tx: &mut Tx, company: CompanyId, chart: &str) -> Result<CurrencyCode> {
    use diesel::sql_types::{Text, Timestamptz, Uuid};
    #[derive(QueryableByName)]
    struct Opened {
        #[diesel(sql_type = Text)]
        currency: CurrencyCode,
        #[diesel(sql_type = diesel::sql_types::Bool)]
        is_new: bool,
    }
    let found: Option<Opened> = diesel::sql_query(
        "WITH company AS (SELECT organisation_id, id, currency FROM directory.company \
             WHERE organisation_id = $1 AND id = $2), \
         opened AS (INSERT INTO ledger.book \
             SELECT organisation_id, id, currency, $3, $4 FROM company \
             ON CONFLICT DO NOTHING RETURNING currency) \
         SELECT currency, EXISTS (SELECT FROM opened) AS is_new FROM company",
    )
    .bind::<Uuid, _>(tx.organisation())
    .bind::<Uuid, _>(company)
    .bind::<Text, _>(chart)
    .bind::<Timestamptz, _>(tx.now())
    .get_result(tx.conn())
    .await
    .optional()?;
    match found {
        None => Err(Fault::not_found("ledger.company_unknown")
            .at(["companyId"])
            .into()),
        Some(opened) if !opened.is_new => Err(Fault::conflict("ledger.chart_installed")
            .at(["companyId"])
            .into()),
        Some(opened) => Ok(opened.currency),
    }
}

/// The rows of a template for a company, each parent before its children.
fn accounts_of(tx: &Tx, company: CompanyId, template: &ChartTemplate) -> Result<Vec<Account>> {
    let ids: HashMap<&str, AccountId> = template
        .accounts
        .iter()
        .map(|one| (one.code.as_str(), AccountId::generate()))
        .collect();
    let parents: HashSet<&str> = template
        .accounts
        .iter()
        .filter_map(|one| one.parent.as_deref())
        .collect();
    template
        .accounts
        .iter()
        .map(|one| {
            let (kind, normal_side) = template.kind_of(&one.code)?;
            let parent_id = one
                .parent
                .as_deref()
                .and_then(|code| ids.get(code).copied());
            Ok(Account {
                organisation_id: tx.organisation(),
                id: ids
                    .get(one.code.as_str())
                    .copied()
                    .unwrap_or_else(AccountId::generate),
                company_id: company,
                code: one.code.clone(),
                name_es: one.name_es.clone(),
                name_en: one.name_en.clone(),
                kind,
                normal_side,
                parent_id,
                postable: !parents.contains(one.code.as_str()),
                currency: None,
                archived_at: None,
                version: 1,
            })
        })
        .collect()
}

/// Inserts accounts; those of one statement may be each other's parents.
pub(crate) async fn insert_accounts(tx: &mut Tx, rows: &[Account]) -> Result<()> {
    for rows in rows.chunks(4_000) {
        diesel::insert_into(account::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn broken(detail: impl std::fmt::Display) -> Error {
    Error::bug(format!("chart template: {detail}"))
}
