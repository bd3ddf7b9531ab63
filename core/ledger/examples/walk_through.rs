//! Walks through the whole ledger once on a scratch database: chart, import, year, manual and bulk
//! postings, the same source twice, reversal, periods, dimensions, reports, lists.
//!
//! `DATABASE_URL` logs in as the application; `OWNER_URL` may make the company.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::sync::Arc;

use async_graphql::MaybeUndefined;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use kernel::ids::{CompanyId, EntryId, OrganisationId};
use kernel::page::PageRequest;
use kernel::{Actor, Clock, Context, CurrencyCode, Date, Db, DbSettings, Dec, Error, Result, Tx};
use ledger::balance::{self, Slice};
use ledger::chart::{self, ChartImportInput, ChartInstallInput, ChartName};
use ledger::dimension::{DimensionCreateInput, DimensionValueCreateInput};
use ledger::entry::{EntryBulkPostInput, EntryContentInput, EntryLineInput, ErrorPolicy};
use ledger::period::{PeriodCloseInput, PeriodClosing, PeriodReopenInput};
use ledger::report::{GeneralLedgerRequest, TrialBalanceRequest, general_ledger, trial_balance};
use ledger::{PostEntry, PostLine, SourceKey, account, dimension, entry, fiscal_year, period};
use rust_decimal::Decimal;
use trastienda_ledger as ledger;

fn day(m: u32, d: u32) -> Date {
    Date(chrono::NaiveDate::from_ymd_opt(2026, m, d).unwrap())
}

fn refused<T: std::fmt::Debug>(result: Result<T>, reason: &str) {
    match result {
        Err(Error::Refused(faults)) => {
            assert!(
                faults.iter().any(|fault| fault.reason == reason),
                "{faults:?}"
            );
            println!("refused: {reason} at {:?}", faults[0].field);
        }
        other => panic!("{reason} expected: {other:?}"),
    }
}

fn side(code: &str, debit: Option<i64>, credit: Option<i64>) -> EntryLineInput {
    EntryLineInput {
        account_id: None,
        account_code: Some(code.to_owned()),
        debit: debit.map(|cents| Dec(Decimal::new(cents, 2))),
        credit: credit.map(|cents| Dec(Decimal::new(cents, 2))),
        currency_code: CurrencyCode::EUR,
        rate: None,
        department_id: None,
        dimension_value_ids: None,
        memo: None,
    }
}

fn content(company: CompanyId, month: u32, lines: Vec<EntryLineInput>) -> EntryContentInput {
    EntryContentInput {
        id: None,
        company_id: company,
        journal: ledger::journal::GENERAL.to_owned(),
        date: day(month, 15),
        memo: "prueba".to_owned(),
        lines,
    }
}

async fn setting() -> Result<(Db, Arc<Context>, CompanyId)> {
    let db = Db::new(
        &DbSettings::new(std::env::var("DATABASE_URL").unwrap()),
        Clock::System,
    )?;
    let (organisation, company) = (OrganisationId::generate(), CompanyId::generate());
    let mut owner = AsyncPgConnection::establish(&std::env::var("OWNER_URL").unwrap())
        .await
        .unwrap();
    let (o, c) = (organisation.0, company.0);
    owner
        .batch_execute(&format!(
            "SET session_replication_role = replica; SET row_security = off; \
             INSERT INTO directory.company (organisation_id, id, code, legal_name, tax_country, \
                 tax_id, currency, zone, locale, country, created_at) \
             VALUES ('{o}', '{c}', 'WALK', 'Walk', 'ES', 'B00000000', 'EUR', \
                 'Europe/Madrid', 'ES', 'ES', now())"
        ))
        .await?;
    let actor = Arc::new(Actor::system(organisation));
    Ok((
        db,
        Arc::new(Context::new(actor, Clock::System.now())),
        company,
    ))
}

#[tokio::main]
async fn main() -> Result<()> {
    let (db, context, company) = setting().await?;
    let mut tx = db.begin(&context).await?;
    books(&mut tx, company).await?;
    tx.commit().await?;
    let mut tx = db.begin(&context).await?;
    let entry = postings(&mut tx, company).await?;
    tx.commit().await?;
    let mut tx = db.begin(&context).await?;
    reversal(&mut tx, entry).await?;
    tx.commit().await?;
    let mut tx = db.begin(&context).await?;
    periods(&mut tx, company).await?;
    tx.commit().await?;
    let mut tx = db.begin(&context).await?;
    reports(&mut tx, company).await?;
    tx.commit().await?;
    println!("the walk is done");
    Ok(())
}

async fn books(tx: &mut Tx, company: CompanyId) -> Result<()> {
    let install = ChartInstallInput {
        company_id: company,
        chart: ChartName::Generic,
        dry_run: false,
    };
    println!("{:?}", chart::set_up(tx, install.clone()).await?);
    refused(chart::set_up(tx, install).await, "ledger.chart_installed");
    let csv = "code,name,parent,kind\n1121,Banco Norte,1100,\n1122,Banco Duero,1100,\n".to_owned();
    let import = ChartImportInput {
        company_id: company,
        csv,
        dry_run: false,
    };
    println!("{:?}", chart::import(tx, import).await?);
    let created = account::create(
        tx,
        account::AccountCreateInput {
            id: None,
            company_id: company,
            code: "6111".to_owned(),
            name_es: "Cuotas".to_owned(),
            name_en: None,
            kind: account::AccountKind::Expense,
            normal_side: None,
            parent_id: None,
            postable: true,
            currency: None,
        },
    )
    .await?;
    let patch = account::AccountPatch {
        name_en: MaybeUndefined::Value("Quotas".to_owned()),
        parent_id: MaybeUndefined::Value(created.id),
        ..Default::default()
    };
    let update = account::AccountUpdateInput {
        id: created.id,
        expected_version: Some(1),
        patch,
    };
    refused(
        account::update(tx, update.clone()).await,
        "ledger.parent_cycle",
    );
    let patch = account::AccountPatch {
        parent_id: MaybeUndefined::Undefined,
        ..update.patch
    };
    let updated = account::update(tx, account::AccountUpdateInput { patch, ..update }).await?;
    assert_eq!(updated.version, 2);
    let archive = account::AccountArchiveInput {
        id: created.id,
        expected_version: Some(1),
    };
    refused(account::archive(tx, archive.clone()).await, "kernel.stale");
    let archive = account::AccountArchiveInput {
        expected_version: None,
        ..archive
    };
    assert!(account::archive(tx, archive).await?.archived_at.is_some());
    let year = fiscal_year::FiscalYearOpenInput {
        id: None,
        company_id: company,
        name: None,
        starts_on: day(1, 1),
        ends_on: day(12, 31),
    };
    fiscal_year::open(tx, year.clone()).await?;
    refused(
        fiscal_year::open(tx, year).await,
        "ledger.fiscal_year_overlap",
    );
    Ok(())
}

async fn postings(tx: &mut Tx, company: CompanyId) -> Result<EntryId> {
    let input = DimensionCreateInput {
        id: None,
        company_id: company,
        code: "PROJECT".to_owned(),
        name_es: "Proyecto".to_owned(),
        name_en: "Project".to_owned(),
    };
    let project = dimension::create(tx, input).await?;
    let input = DimensionValueCreateInput {
        id: None,
        dimension_id: project.id,
        code: "A".to_owned(),
        name: "Alfa".to_owned(),
    };
    let alpha = dimension::create_value(tx, input).await?;
    let salary = PostLine {
        dimensions: vec![alpha.id],
        ..PostLine::debit("6100", Decimal::new(100_050, 2), CurrencyCode::EUR)
    };
    let payable = PostLine::credit("2130", Decimal::new(100_050, 2), CurrencyCode::EUR);
    let posting = PostEntry {
        id: None,
        company,
        journal: ledger::journal::PAYROLL.into(),
        date: day(3, 31).0,
        memo: "Nómina de marzo".to_owned(),
        source: SourceKey::new("people.payroll_run", EntryId::generate(), "accrual"),
        reverses: None,
        lines: vec![salary, payable],
    };
    let first = entry::post(tx, posting.clone()).await?;
    let again = entry::post(tx, posting).await?;
    assert_eq!(first.id, again.id);
    let accounts = [entry::lines_of(tx, &[first.id]).await?[0].account_id];
    let of_alpha =
        balance::as_of(tx, company, &accounts, day(3, 31).0, Slice::Value(alpha.id)).await?;
    assert_eq!(of_alpha[&accounts[0]].net(), Decimal::new(100_050, 2));
    let good = || {
        content(
            company,
            2,
            vec![side("1120", Some(5), None), side("3100", None, Some(5))],
        )
    };
    let bad = content(
        company,
        2,
        vec![side("1120", Some(5), None), side("3100", None, Some(4))],
    );
    let worse = content(company, 2, vec![side("1120", Some(5), Some(5))]);
    let bulk = EntryBulkPostInput {
        entries: vec![good(), bad, worse, good()],
        error_policy: ErrorPolicy::RejectAll,
        dry_run: false,
    };
    refused(
        entry::post_bulk(tx, bulk.clone()).await,
        "ledger.unbalanced",
    );
    let skip = EntryBulkPostInput {
        error_policy: ErrorPolicy::SkipFailed,
        ..bulk
    };
    let outcomes = entry::post_bulk(tx, skip).await?;
    let posted: Vec<bool> = outcomes.iter().map(|one| one.entry.is_some()).collect();
    assert_eq!(posted, [true, false, false, true]);
    println!("bulk: {:?}", outcomes[1].faults);
    Ok(first.id)
}

async fn reversal(tx: &mut Tx, id: EntryId) -> Result<()> {
    let numbered = entry::find(tx, id).await?.unwrap();
    println!("number {:?}", numbered.number);
    assert!(numbered.number.is_some());
    let input = |date| entry::EntryReverseInput {
        id,
        date,
        memo: "Anulación".to_owned(),
        dry_run: false,
    };
    refused(
        entry::reverse(tx, input(day(3, 1))).await,
        "ledger.reversal_too_early",
    );
    let reversal = entry::reverse(tx, input(day(4, 1))).await?;
    refused(
        entry::reverse(tx, input(day(4, 1))).await,
        "ledger.already_reversed",
    );
    assert_eq!(entry::reversals_of(tx, &[id]).await?, [reversal]);
    Ok(())
}

async fn periods(tx: &mut Tx, company: CompanyId) -> Result<()> {
    let periods = period::page(tx, PageRequest::default()).await?.into_rows();
    assert_eq!(periods.len(), 12);
    let close = |index: usize, closing| PeriodCloseInput {
        id: periods[index].id,
        expected_version: None,
        closing,
    };
    refused(
        period::close(tx, close(1, PeriodClosing::Firm)).await,
        "ledger.period_order",
    );
    period::close(tx, close(0, PeriodClosing::Firm)).await?;
    let late = content(
        company,
        1,
        vec![side("1120", Some(5), None), side("3100", None, Some(5))],
    );
    let bulk = EntryBulkPostInput {
        entries: vec![late],
        error_policy: ErrorPolicy::RejectAll,
        dry_run: false,
    };
    refused(entry::post_bulk(tx, bulk).await, "ledger.period_closed");
    let reopen = PeriodReopenInput {
        id: periods[0].id,
        expected_version: Some(2),
    };
    period::reopen(tx, reopen).await?;
    Ok(())
}

async fn reports(tx: &mut Tx, company: CompanyId) -> Result<()> {
    let request = TrialBalanceRequest {
        company,
        from: day(2, 1).0,
        to: day(3, 31).0,
        slice: Slice::Whole,
        levels: None,
    };
    let report = trial_balance(tx, request).await?;
    for row in &report.rows {
        let t = row.turnover;
        println!(
            "{:>2} {:<6} {:>10} {:>10} {:>10} {:>10}",
            row.depth,
            row.account.code,
            t.opening,
            t.debit,
            t.credit,
            t.closing()
        );
    }
    assert!(report.total.closing().is_zero());
    let bank = report
        .rows
        .iter()
        .find(|row| row.account.code == "1120")
        .unwrap();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let request = GeneralLedgerRequest {
            account: bank.account.id,
            from: day(1, 1).0,
            to: day(12, 31).0,
            first: Some(1),
            after,
        };
        let page = general_ledger(tx, request).await?;
        seen.extend(page.lines.iter().map(|one| one.balance));
        after = page.lines.last().map(|one| one.cursor.clone());
        if !page.has_next {
            assert_eq!(seen.last(), Some(&page.closing));
            break;
        }
    }
    assert_eq!(seen, [Decimal::new(5, 2), Decimal::new(10, 2)]);
    assert!(balance::verify(tx, company).await?.is_empty());
    let entries = entry::page(
        tx,
        PageRequest {
            first: Some(2),
            ..PageRequest::default()
        },
    )
    .await?;
    assert!(entries.has_next && entry::count(tx, PageRequest::default()).await? == 4);
    assert_eq!(account::count(tx, PageRequest::default()).await?, 79);
    Ok(())
}
