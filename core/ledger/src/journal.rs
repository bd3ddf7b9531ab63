//! Journals: what groups entries by their nature.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, JournalId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Faults, Result, Tx};

use crate::fault;
use crate::permission::{ACCOUNT_MANAGE, ACCOUNT_READ, visible};
use crate::schema::journal;

/// The code of the general journal that every chart brings.
pub const GENERAL: &str = "GEN";
/// The code of the payroll journal that every chart brings.
pub const PAYROLL: &str = "PAY";
/// The code of the sales journal that every chart brings.
pub const SALES: &str = "SAL";
/// The code of the purchases journal that every chart brings.
pub const PURCHASES: &str = "PUR";
/// The code of the bank journal that every chart brings.
pub const BANK: &str = "BNK";
/// The code of the cash journal that every chart brings.
pub const CASH: &str = "CSH";
/// The code of the stock journal that every chart brings.
pub const STOCK: &str = "STK";
/// The code of the journal of opening entries that every chart brings.
pub const OPENING: &str = "OPN";
/// The code of the journal of closing entries that every chart brings.
pub const CLOSING: &str = "CLS";

kernel::text_enum! {
    /// The nature of a journal.
    pub enum JournalKind {
        /// Whatever has no journal of its own.
        General = "GENERAL",
        /// Wages.
        Payroll = "PAYROLL",
        /// Invoices to customers.
        Sales = "SALES",
        /// Invoices of suppliers.
        Purchases = "PURCHASES",
        /// Bank accounts.
        Bank = "BANK",
        /// Cash on hand.
        Cash = "CASH",
        /// Movements of stock.
        Stock = "STOCK",
        /// Opening entries.
        Opening = "OPENING",
        /// Closing entries.
        Closing = "CLOSING",
    }
}

kernel::enum_filter! {
    /// Conditions on the nature of a journal.
    JournalKindFilter of JournalKind
}

/// A journal.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = journal, check_for_backend(diesel::pg::Pg))]
pub struct Journal {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The journal.
    pub id: JournalId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// Its nature.
    pub kind: JournalKind,
    /// Since when it takes no more entries.
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

kernel::listing! {
    /// Conditions on journals.
    filter JournalFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By nature.
        kind: JournalKindFilter => kind,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of journals.
    sort JournalSort;
    /// What journals can be sorted by.
    by JournalSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name in Spanish.
        Name = "NAME" => name_es,
    }
    default Code Asc;
    search [code, name_es, name_en];
    archived archived_at;
    from "ledger" journal as Journal;
}

/// A new journal.
#[derive(Clone, Debug, InputObject)]
pub struct JournalCreateInput {
    /// Its id, when the client makes it.
    pub id: Option<JournalId>,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code: 1 to 10 capitals and digits.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// Its nature.
    pub kind: JournalKind,
}

/// The journals of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<JournalFilter, JournalSortField>,
) -> Result<Page<Journal>> {
    let visible = visible(tx, ACCOUNT_READ, "journal")?;
    list(tx, request, visible).await
}

/// How many journals of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<JournalFilter, JournalSortField>,
) -> Result<i64> {
    let visible = visible(tx, ACCOUNT_READ, "journal")?;
    tally(tx, request, visible).await
}

/// The visible ones of some journals.
pub async fn by_ids(tx: &mut Tx, ids: &[JournalId]) -> Result<Vec<Journal>> {
    let visible = visible(tx, ACCOUNT_READ, "journal")?;
    Ok(journal::table
        .filter(journal::organisation_id.eq(tx.organisation()))
        .filter(journal::id.eq_any(ids))
        .filter(visible)
        .select(Journal::as_select())
        .load(tx.conn())
        .await?)
}

/// Creates a journal.
pub async fn create(tx: &mut Tx, command: JournalCreateInput) -> Result<Journal> {
    tx.require_in(ACCOUNT_MANAGE, command.company_id, None)?;
    crate::chart::require_book(tx, command.company_id).await?;
    let taken: i64 = journal::table
        .filter(journal::organisation_id.eq(tx.organisation()))
        .filter(journal::company_id.eq(command.company_id))
        .filter(journal::code.eq(&command.code))
        .count()
        .get_result(tx.conn())
        .await?;
    check_new(&command, taken > 0)?;
    let created = Journal {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(JournalId::generate),
        company_id: command.company_id,
        code: command.code,
        name_es: command.name_es,
        name_en: command.name_en,
        kind: command.kind,
        archived_at: None,
        version: 1,
    };
    diesel::insert_into(journal::table)
        .values(&created)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "ledger.journal.created",
        "Journal",
        created.id,
        ACCOUNT_READ,
    )
    .company(created.company_id)
    .set("code", &created.code);
    tx.emit(event).await?;
    Ok(created)
}

fn check_new(command: &JournalCreateInput, taken: bool) -> Result<()> {
    let mut faults = Faults::new();
    let code = &command.code;
    faults.check(is_code(code, 10) && !code.contains('_'), || {
        Fault::invalid("ledger.code_invalid")
            .at(["code"])
            .with("code", code)
    });
    faults.check(!taken, || {
        Fault::conflict("ledger.code_taken")
            .at(["code"])
            .with("code", code)
    });
    for (field, name) in [("nameEs", &command.name_es), ("nameEn", &command.name_en)] {
        fault::name(field, name, 100)
            .into_iter()
            .for_each(|fault| faults.push(fault));
    }
    faults.finish()
}

/// Whether a text is a short code of capitals and digits.
pub(crate) fn is_code(text: &str, most: usize) -> bool {
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.len() <= most && text.chars().all(plain)
}

/// The journals that every chart brings: code, names, nature.
const STANDARD: [(&str, &str, &str, JournalKind); 9] = [
    (
        GENERAL,
        "Diario general",
        "General journal",
        JournalKind::General,
    ),
    (PAYROLL, "Nóminas", "Payroll", JournalKind::Payroll),
    (SALES, "Ventas", "Sales", JournalKind::Sales),
    (PURCHASES, "Compras", "Purchases", JournalKind::Purchases),
    (BANK, "Bancos", "Bank", JournalKind::Bank),
    (CASH, "Caja", "Cash", JournalKind::Cash),
    (STOCK, "Existencias", "Stock", JournalKind::Stock),
    (OPENING, "Apertura", "Opening", JournalKind::Opening),
    (CLOSING, "Cierre", "Closing", JournalKind::Closing),
];

/// The standard journals for a company's new books.
pub(crate) async fn install(tx: &mut Tx, company: CompanyId) -> Result<()> {
    let organisation_id = tx.organisation();
    let rows: Vec<Journal> = STANDARD
        .iter()
        .map(|(code, es, en, kind)| Journal {
            organisation_id,
            id: JournalId::generate(),
            company_id: company,
            code: (*code).to_owned(),
            name_es: (*es).to_owned(),
            name_en: (*en).to_owned(),
            kind: *kind,
            archived_at: None,
            version: 1,
        })
        .collect();
    diesel::insert_into(journal::table)
        .values(rows)
        .execute(tx.conn())
        .await?;
    Ok(())
}
