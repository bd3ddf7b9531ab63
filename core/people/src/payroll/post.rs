//! Posting: one journal entry a run, what is recovered of advances and garnishments, and the job
//! that delivers, in one transaction.

use std::collections::BTreeMap;

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{DepartmentId, PayrollRunId};
use kernel::job::Enqueue;
use kernel::{CurrencyCode, Dec, Error, Fault, Result, Tx};
use ledger::entry::{PostEntry, PostLine, SourceKey};
use rust_decimal::Decimal;

use super::deliver::PayrollDeliver;
use super::{PayrollRun, PayrollRunKind, PayrollRunStatus, lock, require_status, store};
use crate::account::{self, PayrollAccount, PayrollAccountPurpose as Purpose};
use crate::fault;
use crate::payslip::{PayslipLineKind, PayslipLinePart};
use crate::permission::PAYROLL_POST;

/// Posts an approved run.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunPostInput {
    /// The run.
    pub id: PayrollRunId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Posts an approved run: one entry in the payroll journal, on the last day of the month, or for a
/// correction on the day of payment.
///
/// # Errors
/// A run that is not approved; what the ledger refuses, such as a closed period or an account that
/// is not in the chart.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn post(tx: &mut Tx, command: PayrollRunPostInput) -> Result<PayrollRun> {
    let mut run = lock(tx, command.id, PAYROLL_POST, command.expected_version).await?;
    require_status(&run, &[PayrollRunStatus::Approved])?;
    let accounts = account::load(tx, run.company_id).await?;
    let sums = sums(tx, &run).await?;
    let lines = lines(&sums, &accounts, run.currency);
    if lines.len() < 2 {
        return Err(Fault::not_allowed(fault::NOTHING_CALCULATED)
            .at(["id"])
            .into());
    }
    let month = run.days()?;
    let entry = PostEntry {
        id: None,
        company: run.company_id,
        journal: ledger::journal::PAYROLL.into(),
        date: match run.kind {
            PayrollRunKind::Regular => month.last,
            PayrollRunKind::Delta => run.pay_date.0,
        },
        memo: memo(&run),
        source: SourceKey::new("people.payroll_run", run.id, "accrual"),
        reverses: None,
        lines,
    };
    let entry = ledger::entry::post(tx, entry).await.map_err(at_run)?;
    recover(tx, &run).await?;
    let how = Enqueue {
        key: Some(format!("payroll.deliver:{}", run.id)),
        company: Some(run.company_id),
        ..Enqueue::default()
    };
    let delivery = kernel::job::enqueue(tx, &PayrollDeliver { run: run.id }, how).await?;
    run.status = PayrollRunStatus::Posted;
    run.posted_at = Some(tx.now());
    run.entry_id = Some(entry.id);
    run.delivery_job_id = Some(delivery.id);
    let run = store(tx, run).await?;
    tx.emit(
        run.event("people.payroll_run.posted")
            .set("entry", entry.id)
            .set("delivery", delivery.id),
    )
    .await?;
    Ok(run)
}

fn memo(run: &PayrollRun) -> String {
    let what = match run.kind {
        PayrollRunKind::Regular => "Nómina",
        PayrollRunKind::Delta => "Corrección de nómina",
    };
    format!("{what} {:02}/{}", run.month, run.year)
}

/// The ledger speaks of its lines; to who posts a run they are the run.
fn at_run(error: Error) -> Error {
    match error {
        Error::Refused(faults) => {
            Error::Refused(faults.into_iter().map(|fault| fault.at(["id"])).collect())
        }
        other => other,
    }
}

/// The sum of a kind of line in a department.
#[derive(Clone, Debug, QueryableByName)]
struct Sum {
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = sql::Text)]
    kind: PayslipLineKind,
    #[diesel(sql_type = sql::Text)]
    part: PayslipLinePart,
    #[diesel(sql_type = sql::Numeric)]
    amount: Dec,
}

async fn sums(tx: &mut Tx, run: &PayrollRun) -> Result<Vec<Sum>> {
    Ok(diesel::sql_query(
        "SELECT p.department_id, l.kind, l.part, sum(l.amount) AS amount \
         FROM people.payslip p JOIN people.payslip_line l \
            ON l.organisation_id = p.organisation_id AND l.payslip_id = p.id \
         WHERE p.organisation_id = $1 AND p.run_id = $2 AND l.kind NOT IN ('BASE', 'INFO') \
         GROUP BY p.department_id, l.kind, l.part",
    )
    .bind::<sql::Uuid, _>(run.organisation_id)
    .bind::<sql::Uuid, _>(run.id)
    .load(tx.conn())
    .await?)
}

/// The lines of the entry: costs by department, debts in one sum each. Debit above zero.
fn lines(sums: &[Sum], accounts: &[PayrollAccount], currency: CurrencyCode) -> Vec<PostLine> {
    let mut amounts: BTreeMap<(Purpose, Option<DepartmentId>), Decimal> = BTreeMap::new();
    let mut add = |purpose, department, amount: Decimal| {
        *amounts.entry((purpose, department)).or_default() += amount;
    };
    for sum in sums {
        let amount = sum.amount.0;
        match (sum.kind, sum.part) {
            (PayslipLineKind::Earning, _) => {
                add(Purpose::Wages, sum.department_id, amount);
                add(Purpose::NetPay, None, -amount);
            }
            (PayslipLineKind::Employer, _) => {
                add(Purpose::EmployerContributions, sum.department_id, amount);
                add(Purpose::SocialSecurity, None, -amount);
            }
            (PayslipLineKind::Deduction, part) => {
                add(Purpose::NetPay, None, amount);
                add(owed_to(part), None, -amount);
            }
            (PayslipLineKind::Base | PayslipLineKind::Info, _) => {}
        }
    }
    let code = |purpose| {
        let named = accounts.iter().find(|row| row.purpose == purpose);
        named.map_or_else(
            || purpose.default_code().to_owned(),
            |row| row.account_code.clone(),
        )
    };
    let lines = amounts.into_iter().filter(|(_, amount)| !amount.is_zero());
    lines
        .map(|((purpose, department), amount)| PostLine {
            department,
            ..PostLine::signed(code(purpose), amount, currency)
        })
        .collect()
}

fn owed_to(part: PayslipLinePart) -> Purpose {
    match part {
        PayslipLinePart::Contribution => Purpose::SocialSecurity,
        PayslipLinePart::Tax => Purpose::IncomeTax,
        PayslipLinePart::Advance => Purpose::Advances,
        PayslipLinePart::Garnishment => Purpose::Garnishments,
        PayslipLinePart::Pay | PayslipLinePart::Other | PayslipLinePart::Trace => {
            Purpose::OtherDeductions
        }
    }
}

/// Counts what the run took as recovered of its advances and garnishments.
async fn recover(tx: &mut Tx, run: &PayrollRun) -> Result<()> {
    for (table, part) in [("advance", "ADVANCE"), ("garnishment", "GARNISHMENT")] {
        diesel::sql_query(format!(
            "UPDATE people.{table} t SET recovered = t.recovered + s.amount, \
                version = t.version + 1 \
             FROM (SELECT l.subject_id, sum(l.amount) AS amount \
                FROM people.payslip p JOIN people.payslip_line l \
                    ON l.organisation_id = p.organisation_id AND l.payslip_id = p.id \
                WHERE p.organisation_id = $1 AND p.run_id = $2 AND l.part = '{part}' \
                GROUP BY l.subject_id) s \
             WHERE t.organisation_id = $1 AND t.id = s.subject_id"
        ))
        .bind::<sql::Uuid, _>(run.organisation_id)
        .bind::<sql::Uuid, _>(run.id)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    fn sum(kind: PayslipLineKind, part: PayslipLinePart, amount: Decimal) -> Sum {
        Sum {
            department_id: None,
            kind,
            part,
            amount: Dec(amount),
        }
    }

    #[test]
    fn the_entry_balances_and_owes_to_whom_it_should() {
        use PayslipLineKind::{Deduction, Earning, Employer};
        use PayslipLinePart::{Advance, Contribution, Garnishment, Pay, Tax};
        let sums = [
            sum(Earning, Pay, dec!(2000)),
            sum(Deduction, Contribution, dec!(130)),
            sum(Deduction, Tax, dec!(200)),
            sum(Deduction, Advance, dec!(100)),
            sum(Deduction, Garnishment, dec!(50)),
            sum(Employer, Contribution, dec!(613)),
        ];
        let lines = lines(&sums, &[], CurrencyCode::EUR);
        assert_eq!(
            lines.iter().map(|line| line.amount).sum::<Decimal>(),
            Decimal::ZERO
        );
        let of = |code: &str| -> Decimal {
            let same = lines.iter().filter(|line| line.account.to_string() == code);
            same.map(|line| line.amount).sum()
        };
        for (code, amount) in [
            ("640", dec!(2000)),
            ("642", dec!(613)),
            ("476", dec!(-743)),
            ("4751", dec!(-200)),
            ("460", dec!(-100)),
            ("555", dec!(-50)),
            ("465", dec!(-1520)),
        ] {
            assert_eq!(of(code), amount, "{code}");
        }
    }
}
