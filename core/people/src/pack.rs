//! Rule packs: which versions of the legal rules of a country this organisation has computed by.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, IdFilter, TextFilter};
use kernel::ids::{OrganisationId, RulePackId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Error, Fault, Locale, Predicate, Result, Tx, listing};
use rules::fault::RuleError;
use rules::pack::RulePack;
use std::sync::Arc;

use crate::fault;
use crate::permission::PAYROLL_READ;
use crate::schema::rule_pack;

/// A version of a country's rules as installed.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = rule_pack, check_for_backend(diesel::pg::Pg))]
pub struct InstalledPack {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The pack.
    pub id: RulePackId,
    /// The country, ISO 3166-1.
    pub country: String,
    /// Its stable code, such as `es-payroll-2026`.
    pub code: String,
    /// Its version.
    pub pack_version: String,
    /// Its title in Spanish.
    pub title_es: String,
    /// Its title in English.
    pub title_en: String,
    /// The first day it speaks for.
    pub valid_from: Date,
    /// The last day it speaks for.
    pub valid_to: Date,
    /// When it was first computed by.
    pub installed_at: DateTime<Utc>,
}

impl InstalledPack {
    /// Its title in a language.
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.title_es,
            Locale::En => &self.title_en,
        }
    }
}

listing! {
    /// Conditions on rule packs.
    filter RulePackFilter {
        /// By id.
        id: IdFilter => id,
        /// By country.
        country: TextFilter => country,
        /// By code.
        code: TextFilter => code,
        /// By the first day they speak for.
        valid_from: DateFilter => valid_from,
    }
    /// An order of rule packs.
    sort RulePackSort;
    /// What rule packs can be sorted by.
    by RulePackSortField {
        /// By the first day they speak for.
        ValidFrom = "VALID_FROM" => valid_from,
        /// By code.
        Code = "CODE" => code,
    }
    default ValidFrom Desc;
    search [code, title_es, title_en];
    from "people" rule_pack as InstalledPack;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(PAYROLL_READ)?;
    let column = kernel::page::quoted("people", "rule_pack", "organisation_id");
    Ok(Predicate::equal(&column, tx.organisation().0))
}

/// A page of the packs computed by.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<RulePackFilter, RulePackSortField>,
) -> Result<Page<InstalledPack>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many packs were computed by.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<RulePackFilter, RulePackSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// Some packs.
pub async fn by_ids(tx: &mut Tx, ids: &[RulePackId]) -> Result<Vec<InstalledPack>> {
    let visible = visible(tx)?;
    Ok(rule_pack::table
        .filter(rule_pack::organisation_id.eq(tx.organisation()))
        .filter(rule_pack::id.eq_any(ids))
        .filter(visible)
        .select(InstalledPack::as_select())
        .load(tx.conn())
        .await?)
}

/// The step of a payslip that not every pack can do: one may know social security alone.
const TAX: &str = "withholding";

/// The rules of a country on a day, whole: social security and tax.
///
/// # Errors
/// `people.no_rule_pack` at `month` when there are none; `people.no_tax_rules` at `year` when those
/// of the year know no tax.
pub(crate) fn on(country: &str, day: NaiveDate) -> Result<Arc<RulePack>> {
    let pack = rules::library::pack_for(country, day).map_err(|errors| {
        if errors
            .iter()
            .any(|error| matches!(error, RuleError::NoPackFor { .. }))
        {
            Fault::invalid(fault::NO_RULE_PACK)
                .with("country", country)
                .with("date", day)
                .at(["month"])
                .into()
        } else {
            Error::bug(format!("the built-in rules are malformed: {errors:?}"))
        }
    })?;
    if !pack.has_procedure(TAX) {
        let fault = Fault::invalid(fault::NO_TAX_RULES).with("country", country);
        return Err(fault.with("year", day.year()).at(["year"]).into());
    }
    Ok(pack)
}

/// Writes down that a pack was computed by, and gives its record's id.
pub(crate) async fn install(tx: &mut Tx, pack: &RulePack) -> Result<RulePackId> {
    let row = InstalledPack {
        organisation_id: tx.organisation(),
        id: RulePackId::generate(),
        country: pack.country.clone(),
        code: pack.id.clone(),
        pack_version: pack.version.clone(),
        title_es: pack.title.es.clone(),
        title_en: pack.title.en.clone(),
        valid_from: Date(pack.valid_from),
        valid_to: Date(pack.valid_to),
        installed_at: tx.now(),
    };
    diesel::insert_into(rule_pack::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(rule_pack::table
        .filter(rule_pack::organisation_id.eq(row.organisation_id))
        .filter(rule_pack::code.eq(row.code))
        .filter(rule_pack::pack_version.eq(row.pack_version))
        .select(rule_pack::id)
        .first(tx.conn())
        .await?)
}

/// The language of the rules' own sentences.
pub(crate) fn locale(locale: Locale) -> rules::fault::Locale {
    match locale {
        Locale::Es => rules::fault::Locale::Es,
        Locale::En => rules::fault::Locale::En,
    }
}
