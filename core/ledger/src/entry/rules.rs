//! What may be posted: pure decisions over what was loaded.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use kernel::ids::{AccountId, CompanyId, DepartmentId, DimensionId, EntryId, EntryLineId};
use kernel::money::round;
use kernel::{CurrencyCode, Date, Dec, Fault};
use rust_decimal::Decimal;

use super::{AccountRef, Entry, EntryLine, PostEntry, PostLine};
use crate::account::Account;
use crate::dimension::{DimensionValue, DimensionValueId};
use crate::journal::Journal;
use crate::period::{Period, open_on};

/// Lines of an entry at most.
pub const LINE_LIMIT: usize = 20_000;
/// The largest amount of a line.
const LARGEST: Decimal = Decimal::from_parts(276_447_232, 23_283, 0, false, 0);

/// Everything that a batch of postings is decided over.
#[derive(Debug, Default)]
pub struct Books {
    /// The currency of each company's books.
    pub currencies: HashMap<CompanyId, CurrencyCode>,
    /// The accounts that are named.
    pub accounts: HashMap<(CompanyId, AccountRef), Account>,
    /// The journals that are named.
    pub journals: HashMap<(CompanyId, String), Journal>,
    /// The periods of the days that are named.
    pub periods: Vec<Period>,
    /// The departments that are named.
    pub departments: HashSet<(CompanyId, DepartmentId)>,
    /// The values of dimensions that are named.
    pub values: HashMap<DimensionValueId, DimensionValue>,
    /// The companies in which the actor posts into soft-closed periods.
    pub managed: HashSet<CompanyId>,
}

/// An entry as it will be recorded.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The entry.
    pub entry: Entry,
    /// Its lines.
    pub lines: Vec<EntryLine>,
    /// The dimension values of its lines.
    pub dimensions: Vec<(EntryLineId, DimensionId, DimensionValueId)>,
}

/// An entry's fields that its content does not decide.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The tenant.
    pub organisation: kernel::ids::OrganisationId,
    /// When it is posted.
    pub at: chrono::DateTime<chrono::Utc>,
    /// The kind of actor.
    pub actor_kind: &'static str,
    /// The actor.
    pub actor_id: uuid::Uuid,
}

/// Decides one posting: the entry with its lines, or everything that is wrong with it.
pub fn decide(books: &Books, post: &PostEntry, stamp: &Stamp) -> Result<Decided, Vec<Fault>> {
    let mut faults = Vec::new();
    let currency = books.currencies.get(&post.company).copied();
    let Some(currency) = currency else {
        return Err(vec![
            Fault::not_allowed("ledger.books_missing").at(["companyId"]),
        ]);
    };
    faults.extend(crate::fault::name("memo", &post.memo, 300));
    let journal = journal(books, post)
        .map_err(|fault| faults.push(fault))
        .ok();
    let period = period(books, post).map_err(|fault| faults.push(fault)).ok();
    faults.extend(line_number(post.lines.len()));
    let mut amounts = Vec::with_capacity(post.lines.len());
    for (index, line) in post.lines.iter().enumerate() {
        let path = ["lines".to_owned(), index.to_string()];
        match amount(line, currency) {
            Ok(amount) => amounts.push(amount),
            Err(fault) => faults.push(fault.under(path.clone())),
        }
        let others = references(books, post.company, line);
        faults.extend(others.into_iter().map(|fault| fault.under(path.clone())));
    }
    if amounts.len() == post.lines.len() {
        settle_rounding(&post.lines, &mut amounts, currency);
        faults.extend(imbalance(&post.lines, &amounts, currency));
    }
    let (Some(journal), Some(period), true) = (journal, period, faults.is_empty()) else {
        return Err(faults);
    };
    Ok(built(books, post, stamp, journal, period, &amounts))
}

fn journal<'b>(books: &'b Books, post: &PostEntry) -> Result<&'b Journal, Fault> {
    let about = |fault: Fault| fault.at(["journal"]).with("code", &post.journal);
    match books
        .journals
        .get(&(post.company, post.journal.to_string()))
    {
        None => Err(about(Fault::not_found("ledger.journal_unknown"))),
        Some(journal) if journal.archived_at.is_some() => {
            Err(about(Fault::not_allowed("ledger.journal_archived")))
        }
        Some(journal) => Ok(journal),
    }
}

fn period<'b>(books: &'b Books, post: &PostEntry) -> Result<&'b Period, Fault> {
    let manages = books.managed.contains(&post.company);
    open_on(&books.periods, (post.company, post.date), manages)
}

fn line_number(lines: usize) -> Option<Fault> {
    if lines < 2 {
        return Some(Fault::invalid("ledger.lines_too_few").at(["lines"]));
    }
    let fault = || {
        Fault::invalid("ledger.lines_too_many")
            .at(["lines"])
            .with("most", LINE_LIMIT)
    };
    (lines > LINE_LIMIT).then(fault)
}

/// A line's amount in the currency of the books, and the rate.
#[derive(Clone, Copy, Debug)]
struct Amount {
    own: Decimal,
    rate: Decimal,
    is_given: bool,
}

fn amount(line: &PostLine, book: CurrencyCode) -> Result<Amount, Fault> {
    let too_fine = |currency: CurrencyCode| {
        Fault::invalid("ledger.amount_too_fine")
            .at(["amount"])
            .with("places", currency.places())
            .with("currency", currency)
    };
    if round(line.amount, line.currency.places()) != line.amount {
        return Err(too_fine(line.currency));
    }
    if line.amount.abs() >= LARGEST {
        return Err(Fault::invalid("ledger.amount_too_large").at(["amount"]));
    }
    let amount = converted(line, book)?;
    if line.amount.is_zero() && amount.own.is_zero() {
        return Err(Fault::invalid("ledger.line_zero").at(["amount"]));
    }
    if amount.own.abs() >= LARGEST {
        return Err(Fault::invalid("ledger.amount_too_large").at(["companyAmount"]));
    }
    if round(amount.own, book.places()) != amount.own {
        return Err(too_fine(book));
    }
    if (line.amount * amount.own).is_sign_negative() && !(line.amount * amount.own).is_zero() {
        return Err(Fault::invalid("ledger.signs_differ").at(["companyAmount"]));
    }
    Ok(amount)
}

fn converted(line: &PostLine, book: CurrencyCode) -> Result<Amount, Fault> {
    if line.currency == book {
        let differs = line.company_amount.is_some_and(|own| own != line.amount);
        let differs = differs || line.rate.is_some_and(|rate| rate != Decimal::ONE);
        if differs {
            return Err(Fault::invalid("ledger.rate_invalid").at(["rate"]));
        }
        return Ok(Amount {
            own: line.amount,
            rate: Decimal::ONE,
            is_given: true,
        });
    }
    let most = Decimal::from(1_000_000_000);
    let fits = |rate: Decimal| rate > Decimal::ZERO && rate < most && rate.scale() <= 10;
    if line.rate.is_some_and(|rate| !fits(rate)) {
        return Err(Fault::invalid("ledger.rate_invalid").at(["rate"]));
    }
    match (line.company_amount, line.rate) {
        (Some(own), Some(rate)) => Ok(Amount {
            own,
            rate,
            is_given: true,
        }),
        (Some(own), None) => {
            let rate = own
                .checked_div(line.amount)
                .map(|rate| round(rate.abs(), 10));
            let rate = rate.filter(|rate| fits(*rate)).unwrap_or(Decimal::ONE);
            Ok(Amount {
                own,
                rate,
                is_given: true,
            })
        }
        (None, Some(rate)) => {
            let own = line.amount.checked_mul(rate).unwrap_or(LARGEST);
            Ok(Amount {
                own: round(own, book.places()),
                rate,
                is_given: false,
            })
        }
        (None, None) => Err(Fault::invalid("ledger.rate_missing")
            .at(["rate"])
            .with("currency", line.currency)
            .with("book", book)),
    }
}

/// Rounding each converted line may leave cents over in the currency of the books, though the
/// line's own currency balances: at most half a cent a line, which the largest converted line
/// takes, the earlier of equals.
fn settle_rounding(lines: &[PostLine], amounts: &mut [Amount], book: CurrencyCode) {
    let rest: Decimal = amounts.iter().map(|amount| amount.own).sum();
    let balanced = off_by_currency(lines).values().all(Decimal::is_zero);
    let converted = amounts.iter().filter(|amount| !amount.is_given).count();
    let half_unit = Decimal::new(5, book.places() + 1);
    if rest.is_zero() || !balanced || rest.abs() > half_unit * Decimal::from(converted) {
        return;
    }
    let largest = amounts
        .iter_mut()
        .filter(|amount| !amount.is_given)
        .reduce(|best, next| {
            if next.own.abs() > best.own.abs() {
                next
            } else {
                best
            }
        });
    if let Some(largest) = largest.filter(|one| one.own.abs() > rest.abs()) {
        largest.own -= rest;
    }
}

fn off_by_currency(lines: &[PostLine]) -> BTreeMap<&'static str, Decimal> {
    let mut off = BTreeMap::new();
    for line in lines {
        *off.entry(line.currency.code()).or_insert(Decimal::ZERO) += line.amount;
    }
    off
}

/// What does not balance: a fault a currency, and one for the currency of the books.
fn imbalance(lines: &[PostLine], amounts: &[Amount], book: CurrencyCode) -> Vec<Fault> {
    let mut off = off_by_currency(lines);
    if off.values().all(Decimal::is_zero) {
        off.insert(book.code(), amounts.iter().map(|amount| amount.own).sum());
    }
    let off = off
        .into_iter()
        .filter(|(_, difference)| !difference.is_zero());
    off.map(|(currency, difference)| {
        Fault::invalid("ledger.unbalanced")
            .at(["lines"])
            .with("currency", currency)
            .with("difference", difference.normalize())
    })
    .collect()
}

/// What is wrong with what a line names.
fn references(books: &Books, company: CompanyId, line: &PostLine) -> Vec<Fault> {
    let mut faults = Vec::new();
    let about = |fault: Fault| fault.at(["account"]).with("code", &line.account);
    match books.accounts.get(&(company, line.account.clone())) {
        None => faults.push(about(Fault::not_found("ledger.account_unknown"))),
        Some(account) if account.archived_at.is_some() => {
            faults.push(about(Fault::not_allowed("ledger.account_archived")));
        }
        Some(account) if !account.postable => {
            faults.push(about(Fault::not_allowed("ledger.account_not_postable")));
        }
        Some(account) => {
            if let Some(only) = account.currency.filter(|only| *only != line.currency) {
                faults.push(
                    about(Fault::not_allowed("ledger.account_currency")).with("currency", only),
                );
            }
        }
    }
    let department = line.department.map(|department| (company, department));
    if department.is_some_and(|key| !books.departments.contains(&key)) {
        faults.push(Fault::not_found("ledger.department_unknown").at(["departmentId"]));
    }
    if let Some(memo) = &line.memo {
        faults.extend(crate::fault::name("memo", memo, 300));
    }
    faults.extend(dimension_faults(books, company, line));
    faults
}

fn dimension_faults(books: &Books, company: CompanyId, line: &PostLine) -> Vec<Fault> {
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    for (index, id) in line.dimensions.iter().enumerate() {
        let path = ["dimensionValueIds".to_owned(), index.to_string()];
        let value = books.values.get(id);
        match value.filter(|one| one.company_id == company && one.archived_at.is_none()) {
            None => faults.push(Fault::not_found("ledger.dimension_unknown").at(path)),
            Some(value) if !seen.insert(value.dimension_id) => {
                faults.push(Fault::invalid("ledger.dimension_repeated").at(path));
            }
            Some(_) => {}
        }
    }
    faults
}

fn built(
    books: &Books,
    post: &PostEntry,
    stamp: &Stamp,
    journal: &Journal,
    period: &Period,
    amounts: &[Amount],
) -> Decided {
    let id = post.id.unwrap_or_else(EntryId::generate);
    let line_count = i32::try_from(post.lines.len()).unwrap_or(i32::MAX);
    let debits = amounts
        .iter()
        .map(|amount| amount.own)
        .filter(|own| own.is_sign_positive());
    let entry = Entry {
        organisation_id: stamp.organisation,
        id,
        company_id: post.company,
        fiscal_year_id: period.fiscal_year_id,
        period_id: period.id,
        journal_id: journal.id,
        number: None,
        posted_on: Date(post.date),
        memo: post.memo.trim().to_owned(),
        source_kind: post.source.kind.to_string(),
        source_id: post.source.id,
        source_purpose: post.source.purpose.to_string(),
        reverses_id: post.reverses,
        line_count,
        total: Dec(debits.sum()),
        posted_at: stamp.at,
        actor_kind: stamp.actor_kind.to_owned(),
        actor_id: stamp.actor_id,
    };
    let mut dimensions = Vec::new();
    let mut lines = Vec::with_capacity(post.lines.len());
    for (position, (line, amount)) in (1..).zip(post.lines.iter().zip(amounts)) {
        let row = line_row(
            &entry,
            position,
            line,
            *amount,
            account_id(books, post, line),
        );
        let values = line
            .dimensions
            .iter()
            .filter_map(|value| books.values.get(value));
        dimensions.extend(values.map(|value| (row.id, value.dimension_id, value.id)));
        lines.push(row);
    }
    Decided {
        entry,
        lines,
        dimensions,
    }
}

fn account_id(books: &Books, post: &PostEntry, line: &PostLine) -> AccountId {
    let found = books.accounts.get(&(post.company, line.account.clone()));
    found
        .map(|account| account.id)
        .unwrap_or(AccountId(uuid::Uuid::nil()))
}

fn line_row(
    entry: &Entry,
    position: i32,
    line: &PostLine,
    amount: Amount,
    account_id: AccountId,
) -> EntryLine {
    EntryLine {
        organisation_id: entry.organisation_id,
        id: EntryLineId::generate(),
        entry_id: entry.id,
        position,
        line_count: entry.line_count,
        company_id: entry.company_id,
        account_id,
        posted_on: entry.posted_on,
        amount: Dec(line.amount),
        currency: line.currency,
        company_amount: Dec(amount.own),
        rate: Dec(amount.rate),
        department_id: line.department,
        memo: line.memo.clone(),
    }
}

/// The lines that undo an entry's: same accounts, currencies, rates and marks, signs swapped.
pub fn reversed(
    lines: &[EntryLine],
    dimensions: &[(EntryLineId, DimensionId, DimensionValueId)],
) -> Vec<PostLine> {
    lines
        .iter()
        .map(|line| PostLine {
            account: AccountRef::Id(line.account_id),
            amount: -line.amount.0,
            currency: line.currency,
            company_amount: Some(-line.company_amount.0),
            rate: Some(line.rate.0),
            department: line.department_id,
            dimensions: dimensions
                .iter()
                .filter(|(id, _, _)| *id == line.id)
                .map(|(_, _, value)| *value)
                .collect(),
            memo: line.memo.clone(),
        })
        .collect()
}

/// That an entry was made in the books themselves, and not by a record of another domain.
pub fn check_own(original: &Entry) -> Result<(), Fault> {
    match original.source_kind.starts_with("ledger.") {
        true => Ok(()),
        false => Err(Fault::not_allowed("ledger.reversal_of_record")
            .at(["id"])
            .with("source", &original.source_kind)),
    }
}

/// Why an entry can't be reversed on a day.
pub fn check_reversal(original: &Entry, is_reversed: bool, date: NaiveDate) -> Vec<Fault> {
    let mut faults = Vec::new();
    if is_reversed {
        faults.push(Fault::conflict("ledger.already_reversed").at(["id"]));
    }
    if original.reverses_id.is_some() {
        faults.push(Fault::not_allowed("ledger.reversal_not_reversible").at(["id"]));
    }
    if date < original.posted_on.0 {
        let fault = Fault::invalid("ledger.reversal_too_early").at(["date"]);
        faults.push(fault.with("date", original.posted_on));
    }
    faults
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
