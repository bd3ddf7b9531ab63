//! The review of a payroll run: beside the month before, what changed for whom, who could not be
//! calculated, who was left out, and of whom something wants a look.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::{PayrollRunId, UserId};
use kernel::page::Page;
use kernel::{CurrencyCode, Dec, Money, Tx};
use people::payroll::{
    self, PayrollExclusion as ExclusionRow, PayrollFailure as FailureRow, PayrollReview,
    PayrollRun as RunRow, PayrollWarning as WarningRow, PayslipDifference, Window,
};

use crate::call::Call;
use crate::connection::{Listing, Rows, Slice};
use crate::failure::{self, UserError};
use crate::loader::Part;
use crate::people::employee::Employee;
use crate::people::payroll::PayrollTotals;
use crate::people::payslip::PayslipNotice;
use crate::people::reach::none_if_denied;
use crate::processes::named::NamedUser;

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
            let seen = none_if_denied(payroll::reviews(tx, ids).await)?;
            Ok(seen.into_iter().map(|it| (it.run.id, Self(it))).collect())
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

/// An employee of whom something wants a look before the run is approved.
#[derive(Clone, Debug)]
pub struct PayrollWarning(WarningRow);

/// An employee of whom something wants a look before the run is approved: who is to be paid and has
/// no account, or what the rules remark upon.
#[Object]
impl PayrollWarning {
    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// What wants a look, each as a sentence in the viewer's language.
    async fn notices(&self, graph: &Context<'_>) -> Result<Vec<PayslipNotice>> {
        let call = Call::of(graph)?;
        let said = self
            .0
            .sentences(&call.core().speaker, call.context().locale);
        let notice = |(code, message)| PayslipNotice { code, message };
        Ok(said.into_iter().map(notice).collect())
    }
}

/// What changed since the month before.
pub(super) async fn differences(
    graph: &Context<'_>,
    run: &RunRow,
    slice: &Slice,
) -> Result<Rows<PayrollDifference>> {
    let (call, id, currency) = (Call::of(graph)?, run.id, run.currency);
    let window = window(call, slice)?;
    let found = call
        .read(move |tx| async move { payroll::differences(tx, id, &window).await }.boxed())
        .await?;
    let found = found.map(|row| PayrollDifference { row, currency });
    let count = move |call: Call| -> BoxFuture<'static, Result<i64>> {
        async move {
            call.read(move |tx| payroll::difference_count(tx, id).boxed())
                .await
        }
        .boxed()
    };
    Ok(Listing::new(found, Arc::new(count)).into())
}

/// Of whom something wants a look.
pub(super) async fn warnings(
    graph: &Context<'_>,
    run: PayrollRunId,
    slice: &Slice,
) -> Result<Rows<PayrollWarning>> {
    let call = Call::of(graph)?;
    let window = window(call, slice)?;
    let found = call
        .read(move |tx| async move { payroll::warnings(tx, run, &window).await }.boxed())
        .await?;
    Ok(counted(found.map(PayrollWarning), run, |it| it.warnings))
}

/// Who could not be calculated.
pub(super) async fn failures(
    graph: &Context<'_>,
    run: PayrollRunId,
    shows_why: bool,
    slice: &Slice,
) -> Result<Rows<PayrollFailure>> {
    let call = Call::of(graph)?;
    let window = window(call, slice)?;
    let found = call
        .read(move |tx| async move { payroll::failures(tx, run, &window).await }.boxed())
        .await?;
    let found = found.map(|row| PayrollFailure { row, shows_why });
    Ok(counted(found, run, |it| it.failures))
}

/// Who was left out.
pub(super) async fn exclusions(
    graph: &Context<'_>,
    run: PayrollRunId,
    slice: &Slice,
) -> Result<Rows<PayrollExclusion>> {
    let call = Call::of(graph)?;
    let window = window(call, slice)?;
    let found = call
        .read(move |tx| async move { payroll::exclusions(tx, run, &window).await }.boxed())
        .await?;
    Ok(counted(found.map(PayrollExclusion), run, |it| {
        it.exclusions
    }))
}

/// The page of a run's list that a slice asks for.
fn window(call: &Call, slice: &Slice) -> Result<Window> {
    let (after, before) = (slice.after.as_deref(), slice.before.as_deref());
    let window = Window::new(slice.first, after, slice.last, before);
    window.map_err(|error| failure::of(call, error))
}

/// A page of a list that the run's review has counted.
fn counted<N>(page: Page<N>, run: PayrollRunId, count: fn(&PayrollReview) -> i64) -> Rows<N> {
    let count = move |call: Call| -> BoxFuture<'static, Result<i64>> {
        async move {
            let seen = call.parts::<Reviewed>(run).await?;
            Ok(seen.first().map_or(0, |seen| count(&seen.0)))
        }
        .boxed()
    };
    Listing::new(page, Arc::new(count)).into()
}
