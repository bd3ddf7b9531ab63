//! The review of a payroll run: beside the month before, what changed for whom, who could not be
//! calculated and who was left out.

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::{PayrollRunId, UserId};
use kernel::{CurrencyCode, Dec, Error, Money, Tx};
use people::payroll::{
    self, PayrollExclusion as ExclusionRow, PayrollFailure as FailureRow, PayrollReview,
    PayrollRun as RunRow, PayslipDifference,
};

use crate::call::Call;
use crate::connection::{Rows, Slice};
use crate::failure::UserError;
use crate::loader::Part;
use crate::people::employee::Employee;
use crate::people::payroll::PayrollTotals;
use crate::processes::named::NamedUser;
use crate::whole::connection;

/// A run beside the month before.
#[derive(Clone)]
pub struct Reviewed(pub PayrollReview);

impl Reviewed {
    /// What was posted for the month before.
    pub fn month_before(&self) -> PayrollTotals {
        let Self(PayrollReview { run, before, .. }) = self;
        let taken = before.employee_contributions.0 + before.tax.0 + before.net.0;
        let cost = before.gross.0 + before.employer_contributions.0;
        PayrollTotals {
            employee_count: i32::try_from(before.employees).unwrap_or(i32::MAX),
            gross: run.money(before.gross).rounded(),
            employee_contributions: run.money(before.employee_contributions).rounded(),
            tax: run.money(before.tax).rounded(),
            deductions: run.money(Dec(before.gross.0 - taken)).rounded(),
            net: run.money(before.net).rounded(),
            employer_contributions: run.money(before.employer_contributions).rounded(),
            cost: run.money(Dec(cost)).rounded(),
        }
    }
}

impl Part for Reviewed {
    type Of = PayrollRunId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [PayrollRunId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(PayrollRunId, Self)>>> {
        async move {
            let mut seen = Vec::with_capacity(ids.len());
            for id in ids {
                match payroll::review(tx, *id).await {
                    Ok(review) => seen.push((*id, Self(review))),
                    Err(Error::Refused(_) | Error::Denied(_)) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(seen)
        }
        .boxed()
    }
}

/// What changed for an employee since the month before.
#[derive(Clone, Debug)]
pub struct PayrollDifference {
    row: PayslipDifference,
    currency: CurrencyCode,
}

/// What changed for an employee since the month before. Amounts are null where they were not paid.
#[Object]
impl PayrollDifference {
    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.row.employee_id).await
    }

    /// Gross pay of the month before.
    async fn gross_before(&self) -> Option<Money> {
        self.money(self.row.gross_before)
    }

    /// Gross pay now.
    async fn gross(&self) -> Option<Money> {
        self.money(self.row.gross)
    }

    /// Net pay of the month before.
    async fn net_before(&self) -> Option<Money> {
        self.money(self.row.net_before)
    }

    /// Net pay now.
    async fn net(&self) -> Option<Money> {
        self.money(self.row.net)
    }

    /// Net pay now less that of the month before.
    async fn net_change(&self) -> Money {
        Money::new(self.row.net_change().0, self.currency).rounded()
    }

    /// Rate of withholding of the month before, in per cent.
    async fn tax_rate_before(&self) -> Option<Dec> {
        self.row.tax_rate_before
    }

    /// Rate of withholding now, in per cent.
    async fn tax_rate(&self) -> Option<Dec> {
        self.row.tax_rate
    }
}

impl PayrollDifference {
    fn money(&self, amount: Option<Dec>) -> Option<Money> {
        amount.map(|amount| Money::new(amount.0, self.currency).rounded())
    }
}

/// An employee who could not be calculated.
#[derive(Clone, Debug)]
pub struct PayrollFailure {
    row: FailureRow,
    shows_why: bool,
}

/// An employee who could not be calculated. The run can't be submitted until they are, or are left
/// out.
#[Object]
impl PayrollFailure {
    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.row.employee_id).await
    }

    /// Why, in the viewer's language. Needs `people.pay.read`.
    async fn user_errors(&self, graph: &Context<'_>) -> Result<Vec<UserError>> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let faults = self.row.faults.as_array().filter(|_| self.shows_why);
        let spoken = |kept| UserError::of_kept(speaker, locale, kept);
        Ok(faults.into_iter().flatten().filter_map(spoken).collect())
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self) -> Vec<&'static str> {
        if self.shows_why {
            Vec::new()
        } else {
            vec!["userErrors"]
        }
    }

    /// When it was tried.
    async fn failed_at(&self) -> DateTime<Utc> {
        self.row.failed_at
    }
}

/// An employee left out of a run.
#[derive(Clone, Debug)]
pub struct PayrollExclusion(ExclusionRow);

/// An employee left out of a run.
#[Object]
impl PayrollExclusion {
    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Who decided it.
    async fn excluded_by(&self) -> NamedUser {
        NamedUser(UserId(self.0.excluded_by))
    }

    /// When.
    async fn excluded_at(&self) -> DateTime<Utc> {
        self.0.excluded_at
    }
}

/// What changed since the month before.
pub(super) async fn differences(
    graph: &Context<'_>,
    run: &RunRow,
    slice: &Slice,
) -> Result<Rows<PayrollDifference>> {
    let (call, id, currency) = (Call::of(graph)?, run.id, run.currency);
    let found = call
        .read(move |tx| Box::pin(payroll::differences(tx, id, None)))
        .await?;
    let placed = |row: PayslipDifference| {
        (
            row.employee_id.to_string(),
            PayrollDifference { row, currency },
        )
    };
    connection(call, found.into_iter().map(placed).collect(), slice)
}

/// Who could not be calculated.
pub(super) async fn failures(
    graph: &Context<'_>,
    run: PayrollRunId,
    shows_why: bool,
    slice: &Slice,
) -> Result<Rows<PayrollFailure>> {
    let call = Call::of(graph)?;
    let found = call
        .read(move |tx| Box::pin(payroll::failures(tx, run)))
        .await?;
    let placed = |row: FailureRow| {
        (
            row.employee_id.to_string(),
            PayrollFailure { row, shows_why },
        )
    };
    connection(call, found.into_iter().map(placed).collect(), slice)
}

/// Who was left out.
pub(super) async fn exclusions(
    graph: &Context<'_>,
    run: PayrollRunId,
    slice: &Slice,
) -> Result<Rows<PayrollExclusion>> {
    let call = Call::of(graph)?;
    let found = call
        .read(move |tx| Box::pin(payroll::exclusions(tx, run)))
        .await?;
    let placed = |row: ExclusionRow| (row.employee_id.to_string(), PayrollExclusion(row));
    connection(call, found.into_iter().map(placed).collect(), slice)
}
