//! Pay concepts: what a company pays or takes beside the salary, by a formula over exact decimals.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, EmployeeId, OrganisationId, PayConceptId};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Event, Fault, Locale, Predicate, Result, Tx, listing};
use rules::formula::Formula;

use crate::permission::{PAY_MANAGE, PAY_READ, SELF_READ};
use crate::schema::pay_concept;
use crate::{fault, reach};

kernel::text_enum! {
    /// Whether a concept is paid or taken. Of overtime the law decides more than the company does:
    /// it is taxed, and contributes apart from the common base (LGSS, art. 149).
    pub enum PayConceptKind {
        /// It is paid.
        Earning = "EARNING",
        /// It is paid for overtime.
        Overtime = "OVERTIME",
        /// It is paid for overtime by force majeure, which contributes less.
        OvertimeForceMajeure = "OVERTIME_FORCE_MAJEURE",
        /// It is taken from the net.
        Deduction = "DEDUCTION",
    }
}

kernel::enum_filter! {
    /// Conditions on the kind of a concept.
    PayConceptKindFilter of PayConceptKind
}

impl PayConceptKind {
    /// Whether it is paid for overtime.
    pub fn is_overtime(self) -> bool {
        matches!(self, Self::Overtime | Self::OvertimeForceMajeure)
    }
}

/// The values that a formula may speak of: `amount` and `quantity` of the item (0 when absent);
/// `base_salary` a month and `annual_salary` of the contract; `working_time` from 0 to 1;
/// `seniority_years` in full; `worked_days`, `month_days` and `month` of the payslip.
pub const VARIABLES: &[&str] = &[
    "amount",
    "quantity",
    "base_salary",
    "annual_salary",
    "working_time",
    "seniority_years",
    "worked_days",
    "month_days",
    "month",
];

/// Something paid or taken, and how it is computed.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = pay_concept,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct PayConcept {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The concept.
    pub id: PayConceptId,
    /// The company.
    pub company_id: CompanyId,
    /// Its code on payslips, unique in the company.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// Whether it is paid or taken.
    pub kind: PayConceptKind,
    /// How it is computed, over [`VARIABLES`].
    pub formula: String,
    /// Whether it counts for the contribution base.
    pub in_contribution_base: bool,
    /// Whether it is taxed.
    pub taxable: bool,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl PayConcept {
    /// Its name in a language.
    pub fn name(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.name_es,
            Locale::En => &self.name_en,
        }
    }
}

listing! {
    /// Conditions on pay concepts.
    filter PayConceptFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By whether it is paid or taken.
        kind: PayConceptKindFilter => kind,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of pay concepts.
    sort PayConceptSort;
    /// What pay concepts can be sorted by.
    by PayConceptSortField {
        /// By code.
        Code = "CODE" => code,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Code Asc;
    search [code, name_es, name_en];
    archived archived_at;
    from "people" pay_concept as PayConcept;
}

/// What the actor may see: by right, and what their own items and posted payslips are made by.
fn visible(tx: &Tx) -> Result<Predicate> {
    let actor = tx.actor();
    let scope = actor.scope(PAY_READ);
    let me = reach::own_record(actor, SELF_READ);
    if scope.is_nowhere() && me.is_none() {
        return Err(Error::Denied(PAY_READ));
    }
    let column = |name: &str| kernel::page::quoted("people", "pay_concept", name);
    let mut seen = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    if let Some(me) = me {
        seen = seen.or(given_to(me, column));
    }
    Ok(Predicate::equal(&column("organisation_id"), tx.organisation().0).and(seen))
}

fn given_to(me: EmployeeId, column: impl Fn(&str) -> String) -> Predicate {
    let organisation = column("organisation_id");
    Predicate::sql(format!(
        "{} IN (SELECT i.concept_id FROM people.pay_item i \
         WHERE i.organisation_id = {organisation} AND i.employee_id = ",
        column("id")
    ))
    .bind(me.0)
    .then(format!(
        ") OR ({}, {}) IN (SELECT p.company_id, l.code FROM people.payslip p \
         JOIN people.payroll_run r ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
         JOIN people.payslip_line l ON l.organisation_id = p.organisation_id \
         AND l.payslip_id = p.id \
         WHERE p.organisation_id = {organisation} AND r.status = 'POSTED' \
         AND l.subject_id IS NOT NULL AND p.employee_id = ",
        column("company_id"),
        column("code")
    ))
    .bind(me.0)
    .then(")")
}

/// A page of the concepts that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PayConceptFilter, PayConceptSortField>,
) -> Result<Page<PayConcept>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many concepts the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PayConceptFilter, PayConceptSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some concepts.
pub async fn by_ids(tx: &mut Tx, ids: &[PayConceptId]) -> Result<Vec<PayConcept>> {
    let visible = visible(tx)?;
    Ok(pay_concept::table
        .filter(pay_concept::organisation_id.eq(tx.organisation()))
        .filter(pay_concept::id.eq_any(ids))
        .filter(visible)
        .select(PayConcept::as_select())
        .load(tx.conn())
        .await?)
}

/// A concept that the actor may see.
pub async fn find(tx: &mut Tx, id: PayConceptId) -> Result<Option<PayConcept>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// All concepts of a company, for payroll.
pub(crate) async fn load(tx: &mut Tx, company: CompanyId) -> Result<Vec<PayConcept>> {
    Ok(pay_concept::table
        .filter(pay_concept::organisation_id.eq(tx.organisation()))
        .filter(pay_concept::company_id.eq(company))
        .select(PayConcept::as_select())
        .load(tx.conn())
        .await?)
}

/// Defines a pay concept.
#[derive(Clone, Debug, InputObject)]
pub struct PayConceptCreateInput {
    /// An id made by the client, `pcn_…`.
    pub id: Option<PayConceptId>,
    /// The company.
    pub company: CompanyId,
    /// Its code on payslips, unique in the company.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English; the Spanish one when absent.
    pub name_en: Option<String>,
    /// Whether it is paid or taken.
    pub kind: PayConceptKind,
    /// How it is computed: `amount`, or for example `base_salary * 0.05 * floor(seniority_years / 3)`.
    #[graphql(default_with = "String::from(\"amount\")")]
    pub formula: String,
    /// Whether it counts for the common contribution base. Overtime never does: it has
    /// contributions of its own.
    #[graphql(default = true)]
    pub in_contribution_base: bool,
    /// Whether it is taxed. Overtime always is.
    #[graphql(default = true)]
    pub taxable: bool,
}

/// Defines a pay concept.
///
/// # Errors
/// Every fault of the input at once, with what is wrong with the formula and where.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: PayConceptCreateInput) -> Result<PayConcept> {
    tx.require_in(PAY_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let name_es = input.take("nameEs", check::text(&command.name_es, 100));
    let name_en = match &command.name_en {
        Some(name) => input.take("nameEn", check::text(name, 100)),
        None => name_es.clone(),
    };
    let row = PayConcept {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(PayConceptId::generate),
        company_id: command.company,
        code: input.take("code", check::code(&command.code)),
        name_es,
        name_en,
        kind: command.kind,
        formula: input.take(
            "formula",
            checked_formula(&command.formula, tx.context().locale),
        ),
        in_contribution_base: command.in_contribution_base && !command.kind.is_overtime(),
        taxable: command.taxable,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    check_overtime(&row, &mut input, "taxable");
    input.finish()?;
    diesel::insert_into(pay_concept::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into()))?;
    tx.emit(event("people.pay_concept.created", &row)).await?;
    Ok(row)
}

/// Changes a pay concept.
#[derive(Clone, Debug, InputObject)]
pub struct PayConceptUpdateInput {
    /// The concept.
    pub id: PayConceptId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: PayConceptPatch,
}

/// What of a concept may change; absent fields stay. Payslips that were made keep their formula.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PayConceptPatch {
    /// Its name in Spanish.
    pub name_es: Option<String>,
    /// Its name in English.
    pub name_en: Option<String>,
    /// How it is computed.
    pub formula: Option<String>,
    /// Whether it counts for the contribution base.
    pub in_contribution_base: Option<bool>,
    /// Whether it is taxed.
    pub taxable: Option<bool>,
    /// Whether it is archived: it can't be given to employees any more.
    pub archived: Option<bool>,
}

/// Changes a pay concept.
#[tracing::instrument(skip_all, fields(concept.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: PayConceptUpdateInput) -> Result<PayConcept> {
    let scope = tx.require(PAY_MANAGE)?;
    let seen: Option<PayConcept> = pay_concept::table
        .find((tx.organisation(), command.id))
        .for_update()
        .select(PayConcept::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let seen = seen
        .filter(|row| scope.covers(Some(row.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::CONCEPT_NOT_FOUND).at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, &command.patch)?;
    diesel::update(pay_concept::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    let event = event("people.pay_concept.updated", &next)
        .changed("formula", &seen.formula, &next.formula)
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(event).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &PayConcept, patch: &PayConceptPatch) -> Result<PayConcept> {
    let mut next = PayConcept {
        version: seen.version + 1,
        ..seen.clone()
    };
    let mut input = Input::new();
    if let Some(name) = &patch.name_es {
        next.name_es = input.take("patch.nameEs", check::text(name, 100));
    }
    if let Some(name) = &patch.name_en {
        next.name_en = input.take("patch.nameEn", check::text(name, 100));
    }
    if let Some(formula) = &patch.formula {
        next.formula = input.take(
            "patch.formula",
            checked_formula(formula, tx.context().locale),
        );
    }
    let in_base = patch
        .in_contribution_base
        .unwrap_or(seen.in_contribution_base);
    next.in_contribution_base = in_base && !seen.kind.is_overtime();
    next.taxable = patch.taxable.unwrap_or(seen.taxable);
    check_overtime(&next, &mut input, "patch.taxable");
    next.archived_at = match patch.archived {
        Some(true) => seen.archived_at.or(Some(tx.now())),
        Some(false) => None,
        None => seen.archived_at,
    };
    input.finish()?;
    Ok(next)
}

/// Notes that overtime was to go untaxed.
fn check_overtime(row: &PayConcept, input: &mut Input, at: &str) {
    input.check(row.taxable || !row.kind.is_overtime(), || {
        Fault::invalid(fault::OVERTIME_UNTAXED).at(at.split('.'))
    });
}

/// A formula that can be read and speaks of known values alone.
fn checked_formula(text: &str, locale: Locale) -> Result<String, Fault> {
    let text = text.trim();
    let formula = Formula::parse(text).map_err(|problem| {
        let detail = problem.message(crate::pack::locale(locale));
        Fault::invalid(fault::FORMULA).with("detail", detail)
    })?;
    match formula.variables().find(|name| !VARIABLES.contains(name)) {
        Some(name) => Err(Fault::invalid(fault::FORMULA_VARIABLE)
            .with("name", name)
            .with("known", VARIABLES.join(", "))),
        None => Ok(text.to_owned()),
    }
}

fn event(action: &'static str, row: &PayConcept) -> Event {
    Event::new(action, "PayConcept", row.id, PAY_READ)
        .company(row.company_id)
        .set("code", &row.code)
}

fn told(error: kernel::Error) -> kernel::Error {
    let error = taken(error, "pay_concept_code", fault::CODE_TAKEN, "code");
    taken(error, "pay_concept_pkey", "kernel.id_taken", "id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_speak_of_known_values_alone() {
        let good = "base_salary * 0.05 * floor(seniority_years / 3)";
        assert_eq!(checked_formula(good, Locale::Es).unwrap(), good);
        let unknown = checked_formula("amount * salary", Locale::Es).unwrap_err();
        assert_eq!(unknown.reason, fault::FORMULA_VARIABLE);
        for bad in ["", "amount *", "amount ^ 2", "\"text\""] {
            assert_eq!(
                checked_formula(bad, Locale::En).unwrap_err().reason,
                fault::FORMULA,
                "{bad}"
            );
        }
    }
}
