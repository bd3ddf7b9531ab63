//! The rules of posting, with tables and properties.

use chrono::{DateTime, Utc};
use kernel::ids::{FiscalYearId, JournalId, OrganisationId, PeriodId};
use proptest::prelude::*;

use super::super::SourceKey;
use super::*;
use crate::account::{AccountKind, NormalSide};
use crate::journal::JournalKind;
use crate::period::PeriodStatus;

const USD: CurrencyCode = CurrencyCode(iso_currency::Currency::USD);

fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, d).unwrap()
}

fn account(organisation_id: OrganisationId, company_id: CompanyId, code: &str) -> Account {
    Account {
        organisation_id,
        id: AccountId::generate(),
        company_id,
        code: code.to_owned(),
        name_es: code.to_owned(),
        name_en: None,
        kind: AccountKind::Asset,
        normal_side: NormalSide::Debit,
        parent_id: None,
        postable: code != "57",
        currency: (code == "572").then_some(CurrencyCode::EUR),
        archived_at: (code == "999").then(DateTime::<Utc>::default),
        version: 1,
    }
}

fn books() -> (Books, CompanyId, Stamp) {
    let (organisation_id, company_id) = (OrganisationId::generate(), CompanyId::generate());
    let mut books = Books::default();
    books.currencies.insert(company_id, CurrencyCode::EUR);
    for code in ["57", "572", "573", "640", "465", "999"] {
        let account = account(organisation_id, company_id, code);
        let by_code = AccountRef::Code(code.to_owned().into());
        books
            .accounts
            .insert((company_id, AccountRef::Id(account.id)), account.clone());
        books.accounts.insert((company_id, by_code), account);
    }
    let journal = Journal {
        organisation_id,
        id: JournalId::generate(),
        company_id,
        code: "GEN".to_owned(),
        name_es: String::new(),
        name_en: String::new(),
        kind: JournalKind::General,
        archived_at: None,
        version: 1,
    };
    books
        .journals
        .insert((company_id, "GEN".to_owned()), journal);
    books.periods.push(Period {
        organisation_id,
        id: PeriodId::generate(),
        company_id,
        fiscal_year_id: FiscalYearId::generate(),
        number: 3,
        starts_on: Date(day(1)),
        ends_on: Date(day(31)),
        status: PeriodStatus::Open,
        version: 1,
    });
    let stamp = Stamp {
        organisation: organisation_id,
        at: DateTime::default(),
        actor_kind: "system",
        actor_id: uuid::Uuid::nil(),
    };
    (books, company_id, stamp)
}

fn entry(company: CompanyId, lines: Vec<PostLine>) -> PostEntry {
    PostEntry {
        id: None,
        company,
        journal: "GEN".into(),
        date: day(15),
        memo: "prueba".to_owned(),
        source: SourceKey::new("ledger.test", EntryId::generate(), "post"),
        reverses: None,
        lines,
    }
}

fn euro(account: &'static str, cents: i64) -> PostLine {
    PostLine::signed(account, Decimal::new(cents, 2), CurrencyCode::EUR)
}

fn dollar(account: &'static str, cents: i64, rate: i64) -> PostLine {
    let line = PostLine::signed(account, Decimal::new(cents, 2), USD);
    PostLine {
        rate: Some(Decimal::new(rate, 4)),
        ..line
    }
}

fn reasons(result: Result<Decided, Vec<Fault>>) -> Vec<&'static str> {
    result
        .err()
        .unwrap_or_default()
        .iter()
        .map(|fault| fault.reason)
        .collect()
}

#[test]
fn a_balanced_entry_is_decided() {
    let (books, company, stamp) = books();
    let post = entry(company, vec![euro("640", 123_456), euro("465", -123_456)]);
    let decided = decide(&books, &post, &stamp).unwrap();
    assert_eq!(decided.entry.total.0, Decimal::new(123_456, 2));
    assert_eq!(decided.lines.len(), 2);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let (books, company, stamp) = books();
    let mut post = entry(company, vec![euro("57", 1), euro("999", 0), euro("123", 5)]);
    post.journal = "NO".into();
    post.date = NaiveDate::from_ymd_opt(2030, 1, 1).unwrap();
    post.memo = String::new();
    let seen = reasons(decide(&books, &post, &stamp));
    for reason in [
        "ledger.name_invalid",
        "ledger.journal_unknown",
        "ledger.period_missing",
        "ledger.account_not_postable",
        "ledger.line_zero",
        "ledger.account_archived",
        "ledger.account_unknown",
    ] {
        assert!(seen.contains(&reason), "{reason} missing in {seen:?}");
    }
}

#[test]
fn closed_periods_take_nothing_and_soft_closed_ones_only_from_managers() {
    let (mut books, company, stamp) = books();
    let post = entry(company, vec![euro("640", 1), euro("465", -1)]);
    books.periods[0].status = PeriodStatus::SoftClosed;
    assert_eq!(
        reasons(decide(&books, &post, &stamp)),
        ["ledger.period_soft_closed"]
    );
    books.managed.insert(company);
    assert!(decide(&books, &post, &stamp).is_ok());
    books.periods[0].status = PeriodStatus::Closed;
    assert_eq!(
        reasons(decide(&books, &post, &stamp)),
        ["ledger.period_closed"]
    );
}

#[test]
fn a_currency_is_not_paid_with_another() {
    let (books, company, stamp) = books();
    let post = entry(company, vec![dollar("573", 100, 10_000), euro("465", -100)]);
    assert_eq!(
        reasons(decide(&books, &post, &stamp)),
        ["ledger.unbalanced"; 2]
    );
    let post = entry(
        company,
        vec![dollar("572", 100, 9_000), dollar("573", -100, 9_000)],
    );
    assert_eq!(
        reasons(decide(&books, &post, &stamp)),
        ["ledger.account_currency"]
    );
}

#[test]
fn a_difference_of_exchange_is_a_line_of_zero_with_a_value() {
    let (books, company, stamp) = books();
    let mut gain = PostLine::signed("640", Decimal::ZERO, USD);
    gain.company_amount = Some(Decimal::new(-2, 0));
    let paid = dollar("573", 10_000, 9_200);
    let owed = dollar("465", -10_000, 9_000);
    let post = entry(company, vec![paid, owed, gain]);
    assert!(decide(&books, &post, &stamp).is_ok());
}

proptest! {
    #[test]
    fn balanced_or_refused(cents in prop::collection::vec(-1_000_000i64..1_000_000, 1..12)) {
        let (books, company, stamp) = books();
        let sum: i64 = cents.iter().sum();
        prop_assume!(cents.iter().all(|c| *c != 0));
        let mut lines: Vec<_> = cents.iter().map(|c| euro("640", *c)).collect();
        if sum != 0 {
            let refused = decide(&books, &entry(company, lines.clone()), &stamp);
            prop_assert!(refused.is_err());
            lines.push(euro("465", -sum));
        }
        prop_assume!(lines.len() > 1);
        let decided = decide(&books, &entry(company, lines), &stamp).unwrap();
        let total: Decimal = decided.lines.iter().map(|line| line.company_amount.0).sum();
        prop_assert_eq!(total, Decimal::ZERO);
    }

    #[test]
    fn a_reversal_nets_every_account_to_zero(cents in prop::collection::vec(1i64..1_000_000, 1..12)) {
        let (books, company, stamp) = books();
        let mut lines: Vec<_> = cents.iter().map(|c| euro("640", *c)).collect();
        lines.push(euro("465", -cents.iter().sum::<i64>()));
        let first = decide(&books, &entry(company, lines), &stamp).unwrap();
        let undone = entry(company, reversed(&first.lines, &[]));
        let second = decide(&books, &undone, &stamp).unwrap();
        let mut net: BTreeMap<AccountId, Decimal> = BTreeMap::new();
        for line in first.lines.iter().chain(&second.lines) {
            *net.entry(line.account_id).or_default() += line.company_amount.0;
        }
        prop_assert!(net.values().all(Decimal::is_zero));
        prop_assert_eq!(first.entry.total, second.entry.total);
    }

    #[test]
    fn converted_lines_balance_to_the_cent(
        cents in prop::collection::vec(1_000i64..1_000_000, 1..20),
        rate in 5_000i64..20_000,
    ) {
        let (books, company, stamp) = books();
        let mut lines: Vec<_> = cents.iter().map(|c| dollar("573", *c, rate)).collect();
        lines.push(dollar("465", -cents.iter().sum::<i64>(), rate));
        let decided = decide(&books, &entry(company, lines), &stamp).unwrap();
        let total: Decimal = decided.lines.iter().map(|line| line.company_amount.0).sum();
        prop_assert_eq!(total, Decimal::ZERO);
    }
}
