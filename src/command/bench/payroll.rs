//! The payroll of a month for many: calculated, explained and posted.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kernel::Dec;
use kernel::ids::CompanyId;
use people::contract::{ContractKind, ContractTermsInput, SalaryPeriod};
use people::employee::{EmployeeHireInput, hire};
use people::family::FamilySituationInput;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trastienda_core::demo::numbers;
use trastienda_core::{kernel, people};

use super::Bench;
use super::door::at;
use crate::say;

/// Employees hired in one transaction.
const BATCH: u64 = 100;
/// How long a run is waited for.
const PATIENCE: Duration = Duration::from_secs(600);
const RUN: &str = "payrollRun { id status }";

/// Measures payrolls of 500 and of 5,000 employees.
///
/// # Errors
/// A run that is refused or fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    for (number, full) in [(2_u64, 500_u32), (3, 5_000)] {
        let count = bench.scaled(full);
        let code = format!("P{full}");
        let company = bench.stage.company(&code, number).await?;
        staff(bench, company, number, u64::from(count)).await?;
        let (calculated, posted) = month(bench, company).await?;
        let said = format!(
            "{:.2} s = {calculated:.2} s calculated and explained + {posted:.2} s posted",
            calculated + posted
        );
        bench
            .sheet
            .note(&format!("payroll of {count} employees"), &said);
    }
    Ok(())
}

/// Hires whom the company lacks.
async fn staff(bench: &Bench, company: CompanyId, block: u64, count: u64) -> anyhow::Result<()> {
    let query = "query ($filter: EmployeeFilter) { employees(filter: $filter) { totalCount } }";
    let filter = json!({ "filter": { "company": { "eq": company } } });
    let there = bench.door.ask(query, filter).await?;
    let there = at(&there, "/employees/totalCount")
        .as_u64()
        .unwrap_or_default();
    if there >= count {
        return Ok(());
    }
    say::aside(&format!("bench: {} employees are hired", count - there));
    let mut from = there;
    while from < count {
        let to = (from + BATCH).min(count);
        let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
        for number in from..to {
            hire(&mut tx, employee(company, block * 100_000 + number)?).await?;
        }
        tx.commit().await?;
        from = to;
    }
    Ok(())
}

fn employee(company: CompanyId, number: u64) -> anyhow::Result<EmployeeHireInput> {
    let year = 1965 + i32::try_from(number % 38)?;
    let salary = 17_600 + i64::try_from(number * 37 % 30_000)?;
    Ok(EmployeeHireInput {
        id: None,
        company,
        department: None,
        first_name: "Prueba".to_owned(),
        last_name: format!("Número {number}"),
        tax_id: numbers::tax_id(number),
        social_security_number: numbers::social_security(number),
        birth_date: numbers::day(year, 5, 12)?,
        email: None,
        iban: Some(numbers::iban(number)),
        user: None,
        locale: None,
        family: Some(FamilySituationInput {
            situation: 3,
            ..FamilySituationInput::default()
        }),
        contract: ContractTermsInput {
            kind: ContractKind::Indefinite,
            starts_on: numbers::day(2024, 1, 1)?,
            ends_on: None,
            seniority_from: None,
            working_time: Some(Dec(Decimal::ONE)),
            monthly_hours: None,
            salary: Dec(Decimal::from(salary)),
            salary_period: SalaryPeriod::Year,
            extra_pay_months: Some(vec![6, 12]),
            extra_pays_prorated: number.is_multiple_of(2),
            contribution_group: 5,
            occupation: "Administrativo".to_owned(),
            occupation_code: None,
            professional_group: None,
            agreement: Some("Comercio del metal de Madrid".to_owned()),
            accident_rate: Dec(Decimal::new(150, 2)),
        },
    })
}

/// One month from draft to the books; seconds of calculation and of posting.
async fn month(bench: &Bench, company: CompanyId) -> anyhow::Result<(f64, f64)> {
    let run = draft(bench, company).await?;
    let begun = Instant::now();
    let input = json!({ "id": run });
    let selection = format!("{RUN} job {{ id }}");
    let wanted = bench
        .door
        .act("payrollRunCalculate", input.clone(), &selection)
        .await?;
    follow(bench, at(&wanted, "/job/id")).await?;
    let calculated = begun.elapsed().as_secs_f64();
    bench
        .door
        .act("payrollRunSubmit", input.clone(), RUN)
        .await?;
    let approver = bench.door.as_user("javier.ortega").await?;
    approver
        .act("payrollRunApprove", input.clone(), RUN)
        .await?;
    let begun = Instant::now();
    bench.door.act("payrollRunPost", input, RUN).await?;
    Ok((calculated, begun.elapsed().as_secs_f64()))
}

/// The first month that has no run yet.
async fn draft(bench: &Bench, company: CompanyId) -> anyhow::Result<Value> {
    let mut last = None;
    for month in 1..=12 {
        let input = json!({ "company": company, "year": 2026, "month": month });
        match bench.door.act("payrollRunDraft", input, RUN).await {
            Ok(payload) => return Ok(at(&payload, "/payrollRun/id").clone()),
            Err(error) => last = Some(error),
        }
    }
    Err(last.context("no month")?)
}

/// Waits until a job has succeeded.
///
/// # Errors
/// A job that failed or takes too long.
pub async fn follow(bench: &Bench, job: &Value) -> anyhow::Result<()> {
    let query = "query ($id: ID!) { job(id: $id) { status } }";
    let begun = Instant::now();
    loop {
        let seen = bench.door.ask(query, json!({ "id": job })).await?;
        match at(&seen, "/job/status").as_str() {
            Some("SUCCEEDED") => return Ok(()),
            Some("QUEUED" | "RUNNING") if begun.elapsed() < PATIENCE => {}
            _ => anyhow::bail!("the job did not succeed: {seen}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
