//! The payment order of a posted payroll run, in the format pain.001.

use async_graphql::{Context, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::PayrollRunId;
use kernel::{Money, Tx};
use people::payroll::{self, BankFile, PayrollRun as RunRow};

use crate::call::Call;
use crate::directory::file::File;
use crate::loader::Part;
use crate::people::reach::none_if_denied;

/// The payment order of a run, in the format pain.001.
#[derive(SimpleObject)]
pub struct PayrollBankFile {
    /// What the bank knows it by.
    message_id: String,
    /// How many transfers it holds.
    transfer_count: i32,
    /// Their sum.
    total: Money,
    /// The file, whose `download` link expires; null when nobody is paid by bank, and without
    /// `people.payroll.post`.
    file: Option<File>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

/// The payment order of a run that the viewer sees.
pub(super) async fn bank_file(
    graph: &Context<'_>,
    run: &RunRow,
) -> Result<Option<PayrollBankFile>> {
    let call = Call::of(graph)?;
    let made = call.parts::<Ordered>(run.id).await?;
    let Some(Ordered(row)) = made.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(PayrollBankFile {
        message_id: row.message_id,
        transfer_count: row.transfers,
        total: run.money(row.total).rounded(),
        file: call.load_some(row.file_id).await?,
        created_at: row.created_at,
    }))
}

/// The payment order of a run.
#[derive(Clone)]
struct Ordered(BankFile);

impl Part for Ordered {
    type Of = PayrollRunId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [PayrollRunId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(PayrollRunId, Self)>>> {
        async move {
            let made = none_if_denied(payroll::bank_files(tx, ids).await)?;
            Ok(made
                .into_iter()
                .map(|row| (row.run_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}
