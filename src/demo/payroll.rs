//! The scheduled payroll of the demo company, through its whole life, each step by whose it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use directory::file::FileStore;
use kernel::filter::IdFilter;
use kernel::ids::{FileId, JobId, PayrollRunId};
use kernel::job::{self, JobRow, JobStatus};
use kernel::page::PageRequest;
use kernel::schedule::{self, ScheduleRunInput};
use kernel::{Context, Db, Tx};
use people::payroll::{
    self, PayrollRun, PayrollRunApproveInput, PayrollRunPostInput, PayrollRunStatus,
    PayrollRunSubmitInput,
};
use people::payslip::{self, PayslipFilter};
use trastienda_core::{directory, kernel, ledger, people};

use super::actors::Cast;
use super::{Outcome, Progress};
use crate::say::Text;

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// Runs this month's payroll if it is not in the books yet, and tells what it holds.
pub async fn run(
    db: &Db,
    cast: &Cast,
    progress: &Progress,
    store: &FileStore,
    folder: &Path,
) -> anyhow::Result<Outcome> {
    let clerk = cast.context("marta.ruiz")?;
    let run = calculated(db, &clerk, progress).await?;
    let run = approved(db, cast, run, progress).await?;
    deliver(db, cast, &run, progress).await?;
    tell(db, &clerk, store, run.id, folder).await
}

/// The run of the month, made by its schedule, with its payslips.
async fn calculated(
    db: &Db,
    clerk: &Arc<Context>,
    progress: &Progress,
) -> anyhow::Result<PayrollRun> {
    let wanted = begin(db, clerk, wish).await?;
    let text = Text::new("Programación «Nómina mensual»", "Schedule “Nómina mensual”");
    let month = follow(db, clerk, wanted.id, progress, &text).await?;
    let result = month.result.unwrap_or_default();
    let part = |name: &str| result.get(name).cloned().unwrap_or_default();
    let run: PayrollRunId = serde_json::from_value(part("run"))?;
    if let Ok(calculation) = serde_json::from_value::<JobId>(part("calculation")) {
        let text = Text::new("Cálculo de la nómina", "Payroll calculation");
        follow(db, clerk, calculation, progress, &text).await?;
    }
    find(db, clerk, run).await
}

/// Wants the schedule's job, now.
async fn wish(tx: &mut Tx) -> kernel::Result<JobRow> {
    let schedules = schedule::page(tx, PageRequest::default())
        .await?
        .into_rows();
    let none = || kernel::Error::bug("the demo company has no schedule");
    let monthly = schedules.into_iter().next().ok_or_else(none)?;
    let registry = trastienda_core::registry();
    let input = ScheduleRunInput {
        id: monthly.id,
        dry_run: false,
    };
    Ok(schedule::run_now(tx, &registry, input).await?.1)
}

/// Submits, approves by a second person and posts, as far as that is still to be done.
async fn approved(
    db: &Db,
    cast: &Cast,
    mut run: PayrollRun,
    progress: &Progress,
) -> anyhow::Result<PayrollRun> {
    let (clerk, approver) = (cast.context("marta.ruiz")?, cast.context("javier.ortega")?);
    let (id, expected_version) = (run.id, None);
    if run.status == PayrollRunStatus::Calculated {
        let step = progress.step(&Text::new(
            "Revisión y envío (Marta)",
            "Review and submission (Marta)",
        ));
        let input = PayrollRunSubmitInput {
            id,
            expected_version,
            dry_run: false,
        };
        run = begin(db, &clerk, async |tx: &mut Tx| {
            payroll::submit(tx, input).await
        })
        .await?;
        step.done();
    }
    if run.status == PayrollRunStatus::InReview {
        let step = progress.step(&Text::new("Aprobación (Javier)", "Approval (Javier)"));
        let comment = Some("Revisado con el mes anterior.".to_owned());
        let input = PayrollRunApproveInput {
            id,
            comment,
            expected_version,
            dry_run: false,
        };
        run = begin(db, &approver, async |tx: &mut Tx| {
            payroll::approve(tx, input).await
        })
        .await?;
        step.done();
    }
    if run.status == PayrollRunStatus::Approved {
        let step = progress.step(&Text::new("Asiento contable", "Journal entry"));
        let input = PayrollRunPostInput {
            id,
            expected_version,
            dry_run: false,
        };
        run = begin(db, &clerk, async |tx: &mut Tx| {
            payroll::post(tx, input).await
        })
        .await?;
        step.done();
    }
    Ok(run)
}

/// Waits for the bank file and the PDFs.
async fn deliver(
    db: &Db,
    cast: &Cast,
    run: &PayrollRun,
    progress: &Progress,
) -> anyhow::Result<()> {
    let clerk = cast.context("marta.ruiz")?;
    let delivery = format!("payroll.deliver:{}", run.id);
    let found = begin(db, &clerk, async |tx: &mut Tx| {
        job::find_by_key(tx, &delivery).await
    })
    .await?;
    if let Some(delivery) = found {
        let text = Text::new("Recibos y fichero bancario", "Payslips and bank file");
        follow(db, &clerk, delivery.id, progress, &text).await?;
    }
    Ok(())
}

/// Draws a job's progress until it ends.
async fn follow(
    db: &Db,
    viewer: &Arc<Context>,
    id: JobId,
    progress: &Progress,
    text: &Text,
) -> anyhow::Result<JobRow> {
    let bar = progress.bar(text, 0);
    loop {
        let row = begin(db, viewer, async |tx: &mut Tx| job::find(tx, id).await).await?;
        let row = row.with_context(|| format!("{id} is gone"))?;
        bar.expect(u64::try_from(row.total).unwrap_or_default());
        bar.set(u64::try_from(row.done).unwrap_or_default());
        match row.status {
            JobStatus::Succeeded => {
                bar.done();
                return Ok(row);
            }
            JobStatus::Failed | JobStatus::Cancelled => {
                anyhow::bail!(
                    "{} {}: {}",
                    row.kind,
                    row.status,
                    row.error.unwrap_or_default()
                )
            }
            JobStatus::Queued | JobStatus::Running => tokio::time::sleep(LOOK).await,
        }
    }
}

async fn find(db: &Db, viewer: &Arc<Context>, id: PayrollRunId) -> anyhow::Result<PayrollRun> {
    let run = begin(db, viewer, async |tx: &mut Tx| payroll::find(tx, id).await).await?;
    run.with_context(|| format!("{id} is gone"))
}

/// The figures of the run, with its files copied where a person finds them.
async fn tell(
    db: &Db,
    viewer: &Arc<Context>,
    store: &FileStore,
    id: PayrollRunId,
    folder: &Path,
) -> anyhow::Result<Outcome> {
    let run = find(db, viewer, id).await?;
    let amount = |amount: kernel::Dec| format!("{:.2} {}", amount.0, run.currency);
    let number = entry_number(db, viewer, &run).await?;
    let title = format!("{:02}/{}", run.month, run.year);
    let mut outcome = Outcome::new(Text::new(
        format!("Nómina {title}, Ferretería Sol, S.L."),
        format!("Payroll {title}, Ferretería Sol, S.L."),
    ))
    .row(Text::new("Recibos", "Payslips"), run.payslips.to_string())
    .row(Text::new("Devengado", "Gross"), amount(run.gross))
    .row(
        Text::new("Cotización del trabajador", "Employee contributions"),
        amount(run.employee_contributions),
    )
    .row(
        Text::new("Retención de IRPF", "Income tax withheld"),
        amount(run.tax),
    )
    .row(
        Text::new("Otras deducciones", "Other deductions"),
        amount(run.deductions),
    )
    .row(Text::new("Líquido", "Net"), amount(run.net))
    .row(
        Text::new("Cotización de la empresa", "Employer contributions"),
        amount(run.employer_contributions),
    )
    .row(Text::new("Asiento", "Journal entry"), number);
    for file in copy_files(db, viewer, store, &run, folder).await? {
        outcome = outcome.file(file);
    }
    Ok(outcome)
}

async fn entry_number(db: &Db, viewer: &Arc<Context>, run: &PayrollRun) -> anyhow::Result<String> {
    let Some(id) = run.entry_id else {
        return Ok("-".to_owned());
    };
    let system = super::actors::system(viewer);
    let entry = begin(db, &system, async |tx: &mut Tx| {
        ledger::entry::find(tx, id).await
    })
    .await?;
    let entry = entry.with_context(|| format!("{id} is gone"))?;
    Ok(entry
        .number
        .map_or_else(|| id.to_string(), |number| format!("{number}")))
}

/// Copies the bank file and every payslip into a folder, under names that a person reads.
async fn copy_files(
    db: &Db,
    viewer: &Arc<Context>,
    store: &FileStore,
    run: &PayrollRun,
    folder: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(folder)?;
    let system = super::actors::system(viewer);
    let mut tx = db.begin(&system).await?;
    let mut wanted: Vec<(String, FileId)> = Vec::new();
    if let Some(bank) = payroll::bank_file(&mut tx, run.id).await? {
        wanted.extend(
            bank.file_id
                .map(|id| (format!("{}.xml", bank.message_id), id)),
        );
    }
    let of_run = PayslipFilter {
        run: Some(IdFilter {
            eq: Some(run.id.into()),
            ..IdFilter::default()
        }),
        ..PayslipFilter::default()
    };
    let request = PageRequest {
        first: Some(250),
        filter: Some(of_run),
        ..PageRequest::default()
    };
    let slips = payslip::page(&mut tx, request).await?.into_rows();
    let ids: Vec<_> = slips.iter().map(|slip| slip.id).collect();
    for document in payslip::documents_of(&mut tx, &ids).await? {
        wanted.push((format!("{}.pdf", document.payslip_id), document.file_id));
    }
    let mut paths = Vec::new();
    for (name, id) in wanted {
        let bytes = directory::file::bytes(&mut tx, store, id).await?;
        let path = folder.join(name);
        fs::write(&path, &bytes)?;
        paths.push(path);
    }
    tx.rollback().await?;
    Ok(shortened(paths, folder))
}

/// The bank file, the first payslips, and the folder of the rest.
fn shortened(mut paths: Vec<PathBuf>, folder: &Path) -> Vec<PathBuf> {
    const SHOWN: usize = 3;
    if paths.len() > SHOWN {
        paths.truncate(SHOWN);
        paths.push(folder.join("…"));
    }
    paths
}

/// Acts in a transaction of its own.
async fn begin<T>(
    db: &Db,
    context: &Arc<Context>,
    act: impl AsyncFnOnce(&mut Tx) -> kernel::Result<T>,
) -> anyhow::Result<T> {
    let context = Arc::new(Context {
        now: db.clock().now(),
        ..(**context).clone()
    });
    let mut tx = db.begin(&context).await?;
    let value = act(&mut tx).await?;
    tx.commit().await?;
    Ok(value)
}
