//! Terms of payment: when an invoice falls due, all at once or in instalments.
//!
//! The law caps them: thirty days unless agreed otherwise, and never more than sixty from the day the
//! goods or services were received (Ley 3/2004, art. 4.1 and 4.3). A longer term is not refused, for
//! there are older contracts and other countries; it is told as a warning.

use async_graphql::InputObject;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{OrganisationId, PaymentTermId};
use kernel::money::allocate;
use kernel::page::{Page, PageRequest};
use kernel::{Dec, Event, Fault, Locale, Predicate, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::fault;
use crate::permission::{INVOICE_READ, TAX_MANAGE};
use crate::schema::payment_term;

/// Days to pay in when nothing was agreed (Ley 3/2004, art. 4.1).
pub const DEFAULT_DAYS: i64 = 30;
/// Days to pay in at most (Ley 3/2004, art. 4.3).
pub const LONGEST_DAYS: i64 = 60;

kernel::text_enum! {
    /// What the days of a term are counted to.
    pub enum PaymentTermAnchor {
        /// The day itself.
        Days = "DAYS",
        /// The end of the month that the day falls in.
        EndOfMonth = "END_OF_MONTH",
    }
}

/// Terms of payment.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_term, check_for_backend(diesel::pg::Pg))]
pub struct PaymentTerm {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The term.
    pub id: PaymentTermId,
    /// Its code.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// What the days are counted to.
    pub anchor: PaymentTermAnchor,
    /// Days of each instalment from the day of the invoice.
    pub days: Vec<i32>,
    /// The share of each instalment; shares add up to any sum.
    pub shares: Vec<Dec>,
    /// The days of a month on which the company pays; none for any day.
    pub pay_days: Vec<i32>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl PaymentTerm {
    /// Its name in a language.
    pub fn name(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.name_es,
            Locale::En => &self.name_en,
        }
    }

    /// When how much of a total falls due, counted from a day. Instalments add up to the total to
    /// the smallest unit.
    pub fn instalments(
        &self,
        from: NaiveDate,
        total: Decimal,
        places: u32,
    ) -> Result<Vec<(NaiveDate, Decimal)>> {
        let shares: Vec<Decimal> = self.shares.iter().map(|share| share.0).collect();
        let parts = allocate(total, &shares, places)?;
        let days = self.days.iter().map(|days| self.due(from, *days));
        Ok(days
            .zip(parts)
            .filter(|(_, part)| !part.is_zero())
            .collect())
    }

    fn due(&self, from: NaiveDate, days: i32) -> NaiveDate {
        let day = from
            .checked_add_signed(TimeDelta::days(i64::from(days)))
            .unwrap_or(from);
        let day = match self.anchor {
            PaymentTermAnchor::Days => day,
            PaymentTermAnchor::EndOfMonth => end_of_month(day),
        };
        next_pay_day(day, &self.pay_days)
    }
}

fn end_of_month(day: NaiveDate) -> NaiveDate {
    on_day(day, 31)
}

/// A day of a date's month, or its last when the month is shorter.
fn on_day(date: NaiveDate, day: u32) -> NaiveDate {
    (1..=day)
        .rev()
        .find_map(|day| date.with_day(day))
        .unwrap_or(date)
}

/// The first day of payment that is not before a day.
fn next_pay_day(day: NaiveDate, pay_days: &[i32]) -> NaiveDate {
    let next_month = day
        .with_day(1)
        .and_then(|first| first.checked_add_months(chrono::Months::new(1)))
        .unwrap_or(day);
    let of = |month: NaiveDate| {
        pay_days
            .iter()
            .filter_map(|pay| u32::try_from(*pay).ok())
            .map(move |pay| on_day(month, pay))
    };
    of(day)
        .chain(of(next_month))
        .filter(|pay| *pay >= day)
        .min()
        .unwrap_or(day)
}

listing! {
    /// Conditions on terms of payment.
    filter PaymentTermFilter {
        /// By id.
        id: IdFilter => id,
        /// By code.
        code: TextFilter => code,
        /// By name in Spanish.
        name: TextFilter => name_es,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of terms of payment.
    sort PaymentTermSort;
    /// What terms of payment can be sorted by.
    by PaymentTermSortField {
        /// By code.
        Code = "CODE" => code,
    }
    default Code Asc;
    search [code, name_es, name_en];
    archived archived_at;
    from "finance" payment_term as PaymentTerm;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(INVOICE_READ)?;
    let column = "\"finance\".\"payment_term\".\"organisation_id\"";
    Ok(Predicate::equal(column, tx.organisation().0))
}

/// A page of the terms of payment.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PaymentTermFilter, PaymentTermSortField>,
) -> Result<Page<PaymentTerm>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many terms of payment there are.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PaymentTermFilter, PaymentTermSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some terms of payment.
pub async fn by_ids(tx: &mut Tx, ids: &[PaymentTermId]) -> Result<Vec<PaymentTerm>> {
    tx.require(INVOICE_READ)?;
    load_all(tx, ids).await
}

/// Some terms of payment, for the domain itself.
pub(crate) async fn load_all(tx: &mut Tx, ids: &[PaymentTermId]) -> Result<Vec<PaymentTerm>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(payment_term::table
        .filter(payment_term::organisation_id.eq(tx.organisation()))
        .filter(payment_term::id.eq_any(ids))
        .select(PaymentTerm::as_select())
        .load(tx.conn())
        .await?)
}

/// An instalment of a term.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PaymentInstalmentInput {
    /// Days from the day of the invoice, 0 to 3,650.
    pub days: i32,
    /// Its share of the whole, above zero: 50 and 50, or 1 and 2.
    pub share: Dec,
}

/// Makes terms of payment.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentTermCreateInput {
    /// An id made by the client, `ptm_…`.
    pub id: Option<PaymentTermId>,
    /// A code, in at most 20 capitals, digits and hyphens.
    pub code: String,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
    /// What the days are counted to.
    #[graphql(default_with = "PaymentTermAnchor::Days")]
    pub anchor: PaymentTermAnchor,
    /// The instalments, 1 to 24.
    pub instalments: Vec<PaymentInstalmentInput>,
    /// The days of a month on which the company pays, at most four; any day when absent.
    pub pay_days: Option<Vec<i32>>,
}

/// Makes terms of payment.
#[tracing::instrument(skip_all, fields(term.code = %command.code), err)]
pub async fn create(tx: &mut Tx, command: PaymentTermCreateInput) -> Result<PaymentTerm> {
    tx.require(TAX_MANAGE)?;
    let row = decide(tx, &command)?;
    diesel::insert_into(payment_term::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(error.into(), "payment_term_code", fault::CODE_TAKEN, "code");
            taken(error, "payment_term_pkey", "kernel.id_taken", "id")
        })?;
    tx.emit(event("finance.payment_term.created", &row)).await?;
    Ok(row)
}

fn decide(tx: &Tx, c: &PaymentTermCreateInput) -> Result<PaymentTerm> {
    let mut input = Input::new();
    let pay_days = c.pay_days.clone().unwrap_or_default();
    let row = PaymentTerm {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(PaymentTermId::generate),
        code: input.take("code", check::code(&c.code)),
        name_es: input.take("nameEs", check::text(&c.name_es, 100)),
        name_en: input.take("nameEn", check::text(&c.name_en, 100)),
        anchor: c.anchor,
        days: c.instalments.iter().map(|one| one.days).collect(),
        shares: c.instalments.iter().map(|one| one.share).collect(),
        pay_days,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.check((1..=24).contains(&row.days.len()), || {
        Fault::invalid(fault::INSTALMENTS).at(["instalments"])
    });
    let shares = row
        .shares
        .iter()
        .all(|share| share.0 > Decimal::ZERO && share.0.scale() <= 4);
    let days = row.days.iter().all(|days| (0..=3_650).contains(days));
    input.check(shares && days, || {
        Fault::invalid(fault::INSTALMENTS).at(["instalments"])
    });
    let pays = row.pay_days.iter().all(|day| (1..=31).contains(day));
    input.check(pays && row.pay_days.len() <= 4, || {
        Fault::invalid(fault::PAY_DAYS).at(["payDays"])
    });
    input.finish()?;
    Ok(row)
}

/// Puts terms of payment out of use.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentTermArchiveInput {
    /// The term.
    pub id: PaymentTermId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Puts terms of payment out of use: new invoices take others.
#[tracing::instrument(skip_all, fields(term.id = %command.id), err)]
pub async fn archive(tx: &mut Tx, command: PaymentTermArchiveInput) -> Result<PaymentTerm> {
    tx.require(TAX_MANAGE)?;
    let before: Option<PaymentTerm> = payment_term::table
        .find((tx.organisation(), command.id))
        .for_no_key_update()
        .select(PaymentTerm::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let before = before.ok_or_else(|| Fault::not_found(fault::TERM_NOT_FOUND).at(["id"]))?;
    check::version(before.version, command.expected_version)?;
    let after = PaymentTerm {
        archived_at: before.archived_at.or(Some(tx.now())),
        version: before.version + 1,
        ..before
    };
    diesel::update(payment_term::table.find((after.organisation_id, after.id)))
        .set((
            payment_term::archived_at.eq(after.archived_at),
            payment_term::version.eq(after.version),
        ))
        .execute(tx.conn())
        .await?;
    tx.emit(event("finance.payment_term.archived", &after))
        .await?;
    Ok(after)
}

fn event(action: &'static str, row: &PaymentTerm) -> Event {
    Event::new(action, "PaymentTerm", row.id, INVOICE_READ).set("code", &row.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    fn term(anchor: PaymentTermAnchor, days: &[i32], shares: &[i64], pay: &[i32]) -> PaymentTerm {
        PaymentTerm {
            organisation_id: OrganisationId::generate(),
            id: PaymentTermId::generate(),
            code: String::new(),
            name_es: String::new(),
            name_en: String::new(),
            anchor,
            days: days.to_vec(),
            shares: shares
                .iter()
                .map(|share| Dec(Decimal::from(*share)))
                .collect(),
            pay_days: pay.to_vec(),
            archived_at: None,
            created_at: DateTime::<Utc>::MIN_UTC,
            version: 1,
        }
    }

    #[test]
    fn instalments_fall_due_on_their_days_and_lose_no_cent() {
        let thirds = term(PaymentTermAnchor::Days, &[30, 60, 90], &[1, 1, 1], &[]);
        assert_eq!(
            thirds.instalments(day(2026, 1, 15), dec!(100), 2).unwrap(),
            [
                (day(2026, 2, 14), dec!(33.34)),
                (day(2026, 3, 16), dec!(33.33)),
                (day(2026, 4, 15), dec!(33.33)),
            ]
        );
    }

    #[test]
    fn the_end_of_the_month_comes_before_the_days_of_payment() {
        let end = term(PaymentTermAnchor::EndOfMonth, &[30], &[1], &[]);
        let due = |term: &PaymentTerm, from| term.instalments(from, dec!(1), 2).unwrap()[0].0;
        assert_eq!(due(&end, day(2026, 1, 15)), day(2026, 2, 28));
        let pays_on_10_and_25 = term(PaymentTermAnchor::Days, &[30], &[1], &[10, 25]);
        assert_eq!(due(&pays_on_10_and_25, day(2026, 1, 15)), day(2026, 2, 25));
        assert_eq!(due(&pays_on_10_and_25, day(2026, 1, 27)), day(2026, 3, 10));
        let end_then_10 = term(PaymentTermAnchor::EndOfMonth, &[0], &[1], &[10]);
        assert_eq!(due(&end_then_10, day(2026, 12, 5)), day(2027, 1, 10));
        let last = term(PaymentTermAnchor::Days, &[0], &[1], &[31]);
        assert_eq!(due(&last, day(2026, 2, 5)), day(2026, 2, 28));
    }
}
