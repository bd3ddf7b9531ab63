//! Taxes as charged: data a company, each version with its source in law and the days on which it
//! holds. The day of the operation decides which version a document bears (Ley 37/1992, art. 90.Dos:
//! the rate in force when the tax becomes due).

mod install;
pub mod rules;
mod statute;

pub use install::install;

use async_graphql::InputObject;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, OrganisationId, TaxId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Dec, Event, Fault, Locale, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::fault;
use crate::permission::{INVOICE_READ, TAX_MANAGE, covers, visible};
use crate::schema::tax;

kernel::text_enum! {
    /// What a tax is.
    pub enum TaxKind {
        /// Value added tax (IVA).
        Vat = "VAT",
        /// The equivalence surcharge of retailers (recargo de equivalencia), on top of VAT.
        Surcharge = "SURCHARGE",
        /// Income tax that who pays withholds (retención de IRPF).
        Withholding = "WITHHOLDING",
    }
}

kernel::text_enum! {
    /// How a tax treats an operation.
    pub enum TaxTreatment {
        /// The seller charges it.
        Taxed = "TAXED",
        /// Exempt.
        Exempt = "EXEMPT",
        /// Not subject to the tax.
        NotSubject = "NOT_SUBJECT",
        /// Who buys owes it and deducts it; the seller charges nothing.
        ReverseCharge = "REVERSE_CHARGE",
    }
}

kernel::text_enum! {
    /// Where a tax is used.
    pub enum TaxApplication {
        /// In invoices to customers.
        Sales = "SALES",
        /// In invoices of suppliers.
        Purchases = "PURCHASES",
        /// In both.
        Both = "BOTH",
    }
}

kernel::enum_filter! {
    /// Conditions on what a tax is.
    TaxKindFilter of TaxKind
}

kernel::enum_filter! {
    /// Conditions on how a tax treats an operation.
    TaxTreatmentFilter of TaxTreatment
}

/// A version of a tax.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = tax, check_for_backend(diesel::pg::Pg))]
pub struct Tax {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The version.
    pub id: TaxId,
    /// The company.
    pub company_id: CompanyId,
    /// The code of the tax, the same in all its versions.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// What it is.
    pub kind: TaxKind,
    /// How it treats an operation.
    pub treatment: TaxTreatment,
    /// Where it is used.
    pub applies_to: TaxApplication,
    /// Per cent.
    pub rate: Dec,
    /// The code of the tax that it comes on top of; surcharges alone have one.
    pub goes_with: Option<String>,
    /// Where it is posted in sales: output tax, or what customers withheld.
    pub sales_account: Option<String>,
    /// Where it is posted in purchases: input tax, or what is withheld. Without one it is no
    /// deductible tax and adds to the cost.
    pub purchase_account: Option<String>,
    /// The law that it comes from.
    pub source: String,
    /// The first day of its operations.
    pub valid_from: Date,
    /// The last one.
    pub valid_to: Option<Date>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Tax {
    /// Its name in a language.
    pub fn name(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.name_es,
            Locale::En => &self.name_en,
        }
    }

    fn holds_on(&self, day: NaiveDate) -> bool {
        self.valid_from.0 <= day && self.valid_to.is_none_or(|last| day <= last.0)
    }
}

listing! {
    /// Conditions on taxes.
    filter TaxFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By name in Spanish.
        name: TextFilter => name_es,
        /// By what it is.
        kind: TaxKindFilter => kind,
        /// By how it treats an operation.
        treatment: TaxTreatmentFilter => treatment,
        /// By rate.
        rate: DecimalFilter => rate,
        /// By the first day.
        valid_from: DateFilter => valid_from,
        /// By the last day; `isNull: true` for those without one.
        valid_to: DateFilter => valid_to,
        /// By when it was recorded.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of taxes.
    sort TaxSort;
    /// What taxes can be sorted by.
    by TaxSortField {
        /// By code.
        Code = "CODE" => code,
        /// By the first day.
        ValidFrom = "VALID_FROM" => valid_from,
    }
    default Code Asc;
    search [code, name_es, name_en];
    from "finance" tax as Tax;
}

/// A page of the taxes that the actor may see.
pub async fn page(tx: &mut Tx, request: PageRequest<TaxFilter, TaxSortField>) -> Result<Page<Tax>> {
    let visible = visible(tx, INVOICE_READ, "tax")?;
    list(tx, request, visible).await
}

/// How many taxes the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<TaxFilter, TaxSortField>) -> Result<i64> {
    let visible = visible(tx, INVOICE_READ, "tax")?;
    tally(tx, request, visible).await
}

/// The visible ones among some taxes.
pub async fn by_ids(tx: &mut Tx, ids: &[TaxId]) -> Result<Vec<Tax>> {
    let visible = visible(tx, INVOICE_READ, "tax")?;
    Ok(tax::table
        .filter(tax::organisation_id.eq(tx.organisation()))
        .filter(tax::id.eq_any(ids))
        .filter(visible)
        .select(Tax::as_select())
        .load(tx.conn())
        .await?)
}

/// Every version of every tax of some companies.
pub(crate) async fn load_all(tx: &mut Tx, companies: &[CompanyId]) -> Result<Vec<Tax>> {
    Ok(tax::table
        .filter(tax::organisation_id.eq(tx.organisation()))
        .filter(tax::company_id.eq_any(companies))
        .select(Tax::as_select())
        .load(tx.conn())
        .await?)
}

/// The version of a tax that is in force on a day: the one that began last.
pub fn in_force<'t>(
    taxes: &'t [Tax],
    company: CompanyId,
    code: &str,
    day: NaiveDate,
) -> Option<&'t Tax> {
    taxes
        .iter()
        .filter(|tax| tax.company_id == company && tax.code == code && tax.holds_on(day))
        .max_by_key(|tax| tax.valid_from)
}

/// Records a tax, or a new version of one.
#[derive(Clone, Debug, InputObject)]
pub struct TaxCreateInput {
    /// An id made by the client, `tax_…`.
    pub id: Option<TaxId>,
    /// The company.
    pub company: CompanyId,
    /// Its code, in at most 20 capitals, digits and hyphens; the same for a new version.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// What it is.
    pub kind: TaxKind,
    /// How it treats an operation.
    #[graphql(default_with = "TaxTreatment::Taxed")]
    pub treatment: TaxTreatment,
    /// Where it is used.
    #[graphql(default_with = "TaxApplication::Both")]
    pub applies_to: TaxApplication,
    /// Per cent, with at most four decimals.
    pub rate: Dec,
    /// The code of the tax that it comes on top of, for a surcharge.
    pub goes_with: Option<String>,
    /// Where it is posted in sales.
    pub sales_account: Option<String>,
    /// Where it is posted in purchases; without one it adds to the cost.
    pub purchase_account: Option<String>,
    /// The law that it comes from, in at most 300 characters.
    pub source: String,
    /// The first day of its operations; from then on it takes the place of earlier versions.
    pub valid_from: Date,
    /// The last one.
    pub valid_to: Option<Date>,
}

/// Records a tax, or a new version of one. Documents keep the version that they were made with.
///
/// # Errors
/// Another version that begins on the same day; an account that is not in the chart.
#[tracing::instrument(skip_all, fields(tax.code = %command.code), err)]
pub async fn create(tx: &mut Tx, command: TaxCreateInput) -> Result<Tax> {
    tx.require_in(TAX_MANAGE, command.company, None)?;
    let wanted: Vec<String> = [&command.sales_account, &command.purchase_account]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let known = crate::account::postable(tx, &[command.company], &wanted).await?;
    crate::setting::load(tx, command.company).await?;
    let row = decide(tx, &command, |code| {
        known.contains(&(command.company, code.to_owned()))
    })?;
    diesel::insert_into(tax::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "tax_version",
                fault::TAX_VERSION_TAKEN,
                "validFrom",
            );
            taken(error, "tax_pkey", "kernel.id_taken", "id")
        })?;
    tx.emit(
        event("finance.tax.created", &row)
            .set("rate", row.rate)
            .set("validFrom", row.valid_from)
            .set("source", &row.source),
    )
    .await?;
    Ok(row)
}

fn decide(tx: &Tx, c: &TaxCreateInput, is_account: impl Fn(&str) -> bool) -> Result<Tax> {
    let mut input = Input::new();
    let row = Tax {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(TaxId::generate),
        company_id: c.company,
        code: input.take("code", check::code(&c.code)),
        name_es: input.take("nameEs", check::text(&c.name_es, 100)),
        name_en: input.take("nameEn", check::text(&c.name_en, 100)),
        kind: c.kind,
        treatment: c.treatment,
        applies_to: c.applies_to,
        rate: c.rate,
        goes_with: input.take("goesWith", check::each(c.goes_with.as_deref(), check::code)),
        sales_account: c.sales_account.clone(),
        purchase_account: c.purchase_account.clone(),
        source: input.take("source", check::text(&c.source, 300)),
        valid_from: c.valid_from,
        valid_to: c.valid_to,
        created_at: tx.now(),
        version: 1,
    };
    let rate = row.rate.0;
    let fits = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&rate) && rate.scale() <= 4;
    input.check(fits, || Fault::invalid(fault::TAX_RATE).at(["rate"]));
    input.check(
        row.valid_to.is_none_or(|last| last >= row.valid_from),
        || Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["validTo"]),
    );
    for (field, account) in [
        ("salesAccount", &row.sales_account),
        ("purchaseAccount", &row.purchase_account),
    ] {
        if let Some(code) = account {
            input.check(is_account(code), || {
                Fault::invalid(fault::ACCOUNT_UNKNOWN)
                    .with("code", code)
                    .at([field])
            });
        }
    }
    input.check(is_whole(&row), || {
        Fault::invalid(fault::TAX_SHAPE).at(["kind"])
    });
    input.finish()?;
    Ok(row)
}

/// Whether the parts of a tax make sense together, as the table wants them.
fn is_whole(tax: &Tax) -> bool {
    use TaxTreatment::{Exempt, NotSubject, ReverseCharge, Taxed};
    let free = matches!(tax.treatment, Exempt | NotSubject);
    let is_surcharge = tax.kind == TaxKind::Surcharge;
    let sales = tax.sales_account.is_some();
    let purchases = tax.purchase_account.is_some();
    (!free || tax.rate.0.is_zero())
        && (tax.kind == TaxKind::Vat || tax.treatment == Taxed)
        && is_surcharge == tax.goes_with.is_some()
        && (tax.treatment != ReverseCharge || (sales && purchases))
        && (tax.rate.0.is_zero() || tax.applies_to == TaxApplication::Purchases || sales)
        && (tax.kind != TaxKind::Withholding
            || tax.applies_to == TaxApplication::Sales
            || purchases)
}

/// Ends a tax.
#[derive(Clone, Debug, InputObject)]
pub struct TaxEndInput {
    /// The version.
    pub id: TaxId,
    /// The last day of its operations.
    pub valid_to: Date,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Ends a version of a tax; documents of operations up to that day still bear it.
#[tracing::instrument(skip_all, fields(tax.id = %command.id), err)]
pub async fn end(tx: &mut Tx, command: TaxEndInput) -> Result<Tax> {
    tx.require(TAX_MANAGE)?;
    let seen: Option<Tax> = tax::table
        .find((tx.organisation(), command.id))
        .for_no_key_update()
        .select(Tax::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let before = seen
        .filter(|row| covers(tx.actor(), TAX_MANAGE, row.company_id))
        .ok_or_else(|| Fault::not_found(fault::TAX_NOT_FOUND).at(["id"]))?;
    check::version(before.version, command.expected_version)?;
    if command.valid_to < before.valid_from {
        return Err(Fault::invalid(fault::DATES_OUT_OF_ORDER)
            .at(["validTo"])
            .into());
    }
    let after = Tax {
        valid_to: Some(command.valid_to),
        version: before.version + 1,
        ..before.clone()
    };
    diesel::update(tax::table.find((after.organisation_id, after.id)))
        .set((
            tax::valid_to.eq(after.valid_to),
            tax::version.eq(after.version),
        ))
        .execute(tx.conn())
        .await?;
    let changed = event("finance.tax.ended", &after);
    tx.emit(changed.changed("validTo", &before.valid_to, &after.valid_to))
        .await?;
    Ok(after)
}

fn event(action: &'static str, row: &Tax) -> Event {
    Event::new(action, "Tax", row.id, INVOICE_READ)
        .company(row.company_id)
        .set("code", &row.code)
}
