//! Companies: the legal entities of an organisation, each with its ledger, currency and zone.

mod patch;

use async_graphql::{InputObject, OneofObject};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{CalendarId, CompanyId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Actor, CurrencyCode, Event, Fault, Locale, Predicate, Result, Tx, listing};

pub use patch::{CompanyPatch, CompanyUpdateInput, update};

use crate::check::{self, Input, taken};
use crate::permission::{BANK_ACCOUNT_READ, COMPANY_MANAGE, COMPANY_READ};
use crate::schema::company;
use crate::tax_id;

/// A legal entity.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = company,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Company {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The company.
    pub id: CompanyId,
    /// Its short code, unique in the organisation.
    pub code: String,
    /// The name in the register.
    pub legal_name: String,
    /// The name on the door.
    pub trade_name: Option<String>,
    /// The country of the tax id, ISO 3166-1.
    pub tax_country: String,
    /// The tax id in its compact form.
    pub tax_id: String,
    /// The currency of its books.
    pub currency: CurrencyCode,
    /// Its IANA time zone.
    pub zone: String,
    /// The language of its documents.
    pub locale: Locale,
    /// Street and number.
    pub street: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The region or province.
    pub region: Option<String>,
    /// The country, ISO 3166-1.
    pub country: String,
    /// The Spanish contribution account (código de cuenta de cotización), eleven digits.
    pub ccc: Option<String>,
    /// The account that it pays from; see [`Company::iban_for`].
    pub iban: Option<String>,
    /// The BIC of that account's bank.
    pub bic: Option<String>,
    /// Its working calendar.
    pub calendar_id: Option<CalendarId>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

impl Company {
    /// The account it pays from, whole or masked, as the actor may see it.
    pub fn iban_for(&self, actor: &Actor) -> Option<String> {
        let whole = actor.scope(BANK_ACCOUNT_READ).covers(Some(self.id), None);
        let shown = |iban: &String| {
            if whole {
                iban.clone()
            } else {
                check::masked_iban(iban)
            }
        };
        self.iban.as_ref().map(shown)
    }

    /// Its time zone; UTC should the zone ever leave the IANA data base.
    pub fn tz(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }
}

listing! {
    /// Conditions on companies.
    filter CompanyFilter {
        /// By id.
        id: IdFilter => id,
        /// By code.
        code: TextFilter => code,
        /// By the name in the register.
        legal_name: TextFilter => legal_name,
        /// By tax id.
        tax_id: TextFilter => tax_id,
        /// By country.
        country: TextFilter => country,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of companies.
    sort CompanySort;
    /// What companies can be sorted by.
    by CompanySortField {
        /// By the name in the register.
        LegalName = "LEGAL_NAME" => legal_name,
        /// By code.
        Code = "CODE" => code,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default LegalName Asc;
    search [code, legal_name, trade_name, tax_id];
    archived archived_at;
    from "directory" company as Company;
}

pub(crate) fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(COMPANY_READ)?;
    let organisation = Predicate::equal(
        "\"directory\".\"company\".\"organisation_id\"",
        tx.organisation().uuid(),
    );
    let scoped = Predicate::in_scope(&scope, Some("\"directory\".\"company\".\"id\""), None);
    if scope.departments.is_empty() {
        return Ok(organisation.and(scoped));
    }
    let of_departments = Predicate::sql(
        "\"directory\".\"company\".\"id\" IN (SELECT company_id FROM directory.department WHERE ",
    )
    .then_all(Predicate::any(
        "id",
        kernel::predicate::Value::Uuids(scope.departments.iter().map(|id| id.0).collect()),
    ))
    .then(")");
    Ok(organisation.and(scoped.or(of_departments)))
}

/// A page of the companies that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<CompanyFilter, CompanySortField>,
) -> Result<Page<Company>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many companies the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<CompanyFilter, CompanySortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some companies.
pub async fn by_ids(tx: &mut Tx, ids: &[CompanyId]) -> Result<Vec<Company>> {
    let visible = visible(tx)?;
    Ok(company::table
        .filter(company::organisation_id.eq(tx.organisation()))
        .filter(company::id.eq_any(ids))
        .filter(visible)
        .select(Company::as_select())
        .load(tx.conn())
        .await?)
}

/// A company that the actor may see.
pub async fn find(tx: &mut Tx, id: CompanyId) -> Result<Option<Company>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A company for a domain that works on its behalf, whatever the actor may see of it.
pub async fn load(tx: &mut Tx, id: CompanyId) -> Result<Company> {
    company::table
        .find((tx.organisation(), id))
        .select(Company::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.company_unknown").into())
}

/// Names a company in one of several ways.
#[derive(Clone, Debug, OneofObject)]
pub enum CompanyRef {
    /// By id.
    Id(CompanyId),
    /// By code.
    Code(String),
    /// By tax id.
    TaxId(String),
}

/// The visible company that a reference names.
pub async fn resolve(tx: &mut Tx, named: &CompanyRef) -> Result<Company> {
    let visible = visible(tx)?;
    let mut query = company::table
        .filter(company::organisation_id.eq(tx.organisation()))
        .filter(visible)
        .select(Company::as_select())
        .into_boxed();
    query = match named {
        CompanyRef::Id(id) => query.filter(company::id.eq(*id)),
        CompanyRef::Code(code) => query.filter(company::code.eq(code.trim().to_uppercase())),
        CompanyRef::TaxId(tax_id) => query.filter(company::tax_id.eq(tax_id.trim().to_uppercase())),
    };
    query
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.company_unknown").into())
}

/// Makes a company.
#[derive(Clone, Debug, InputObject)]
pub struct CompanyCreateInput {
    /// An id made by the client, `com_…`.
    pub id: Option<CompanyId>,
    /// A short code, unique in the organisation.
    pub code: String,
    /// The name in the register.
    pub legal_name: String,
    /// The name on the door.
    pub trade_name: Option<String>,
    /// The country of the tax id; the company's country when absent.
    pub tax_country: Option<String>,
    /// The tax id.
    pub tax_id: String,
    /// The currency of the books.
    pub currency: CurrencyCode,
    /// The IANA time zone, for example Europe/Madrid.
    pub zone: String,
    /// The language of its documents.
    pub locale: Option<Locale>,
    /// Street and number.
    pub street: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The region or province.
    pub region: Option<String>,
    /// The country, ISO 3166-1.
    pub country: String,
    /// The Spanish contribution account, eleven digits.
    pub ccc: Option<String>,
    /// The account that it pays from.
    pub iban: Option<String>,
    /// The BIC of that account's bank.
    pub bic: Option<String>,
    /// The working calendar.
    pub calendar: Option<CalendarId>,
}

/// Makes a company; every fault of the input is told at once.
pub async fn create(tx: &mut Tx, command: CompanyCreateInput) -> Result<Company> {
    tx.actor().require_everywhere(COMPANY_MANAGE)?;
    let row = decide(tx, &command)?;
    diesel::insert_into(company::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    let made = Event::new("directory.company.created", "Company", row.id, COMPANY_READ)
        .company(row.id)
        .set("code", &row.code)
        .set("legalName", &row.legal_name)
        .set("taxId", &row.tax_id);
    tx.emit(made).await?;
    Ok(row)
}

fn decide(tx: &Tx, c: &CompanyCreateInput) -> Result<Company> {
    let mut input = Input::new();
    let country = input.take("country", check::country(&c.country));
    let tax_country = match &c.tax_country {
        Some(tax_country) => input.take("taxCountry", check::country(tax_country)),
        None => country.clone(),
    };
    let row = Company {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(CompanyId::generate),
        code: input.take("code", check::code(&c.code)),
        legal_name: input.take("legalName", check::text(&c.legal_name, 200)),
        trade_name: input.take("tradeName", check::optional(c.trade_name.as_deref(), 200)),
        tax_id: input.take("taxId", tax_id::check(&tax_country, &c.tax_id)),
        tax_country,
        currency: c.currency,
        zone: input.take("zone", check::zone(&c.zone)),
        locale: c.locale.unwrap_or(Locale::Es),
        street: input.take("street", check::optional(c.street.as_deref(), 200)),
        postal_code: input.take("postalCode", check::optional(c.postal_code.as_deref(), 20)),
        city: input.take("city", check::optional(c.city.as_deref(), 100)),
        region: input.take("region", check::optional(c.region.as_deref(), 100)),
        country,
        ccc: input.take("ccc", check::each(c.ccc.as_deref(), check::ccc)),
        iban: input.take("iban", check::each(c.iban.as_deref(), check::iban)),
        bic: input.take("bic", check::each(c.bic.as_deref(), check::bic)),
        calendar_id: c.calendar,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    Ok(row)
}

/// Says which field clashes.
fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let at = |field: &str| format!("{under}{field}");
    let error = taken(error, "company_code", "directory.code_taken", &at("code"));
    let error = taken(
        error,
        "company_tax_id",
        "directory.tax_id_taken",
        &at("taxId"),
    );
    taken(error, "company_pkey", "kernel.id_taken", "id")
}
