//! The scheduled payroll of the demo company, through its whole life, each step by whose it is.

use anyhow::Context as _;
use kernel::Tx;
use kernel::filter::IdFilter;
use kernel::ids::{FileId, JobId, PayrollRunId};
use kernel::job::{self, Job as _};
use kernel::page::PageRequest;
use people::payroll::{
    self, PayrollMonth, PayrollRun, PayrollRunApproveInput, PayrollRunPostInput, PayrollRunStatus,
    PayrollRunSubmitInput,
};
use people::payslip::{self, PayslipFilter};
use trastienda_core::{kernel, ledger, people};

use super::stage::Stage;
use super::{Figure, Outcome};
use crate::say::Text;

/// Who prepares the payroll.
const CLERK: &str = "marta.ruiz";
/// Who approves it.
const APPROVER: &str = "javier.ortega";

/// Runs this month's payroll if it is not in the books yet, and tells what it holds.
pub async fn run(stage: &Stage<'_>) -> anyhow::Result<Outcome> {
    let run = calculated(stage).await?;
    let run = approved(stage, run).await?;
    deliver(stage, &run).await?;
    tell(stage, run.id).await
}

/// The run of the month, made by its schedule, with its payslips.
async fn calculated(stage: &Stage<'_>) -> anyhow::Result<PayrollRun> {
    let text = Text::new("Programación «Nómina mensual»", "Schedule “Nómina mensual”");
    let month = stage.run_schedule(PayrollMonth::KIND, &text).await?;
    let result = month.result.unwrap_or_default();
    let part = |name: &str| result.get(name).cloned().unwrap_or_default();
    let run: PayrollRunId = serde_json::from_value(part("run"))?;
    if let Ok(calculation) = serde_json::from_value::<JobId>(part("calculation")) {
        let text = Text::new("Cálculo de la nómina", "Payroll calculation");
        stage.follow(calculation, &text).await?;
    }
    find(stage, run).await
}

/// Submits, approves by a second person and posts, as far as that is still to be done.
async fn approved(stage: &Stage<'_>, mut run: PayrollRun) -> anyhow::Result<PayrollRun> {
    let (id, expected_version, dry_run) = (run.id, None, false);
    if run.status == PayrollRunStatus::Calculated {
        let step = stage.progress.step(&Text::new(
            "Revisión y envío (Marta)",
            "Review and submission (Marta)",
        ));
        let input = PayrollRunSubmitInput {
            id,
            expected_version,
            dry_run,
        };
        let submit = async |tx: &mut Tx| payroll::submit(tx, input).await;
        run = stage.act(CLERK, submit).await?;
        step.done();
    }
    if run.status == PayrollRunStatus::InReview {
        let text = Text::new("Aprobación (Javier)", "Approval (Javier)");
        let step = stage.progress.step(&text);
        let input = PayrollRunApproveInput {
            id,
            comment: Some("Revisado con el mes anterior.".to_owned()),
            expected_version,
            dry_run,
        };
        let approve = async |tx: &mut Tx| payroll::approve(tx, input).await;
        run = stage.act(APPROVER, approve).await?;
        step.done();
    }
    if run.status == PayrollRunStatus::Approved {
        let text = Text::new("Asiento contable", "Journal entry");
        let step = stage.progress.step(&text);
        let input = PayrollRunPostInput {
            id,
            expected_version,
            dry_run,
        };
        let post = async |tx: &mut Tx| payroll::post(tx, input).await;
        run = stage.act(CLERK, post).await?;
        step.done();
    }
    Ok(run)
}

/// Waits for the bank file and the PDFs.
async fn deliver(stage: &Stage<'_>, run: &PayrollRun) -> anyhow::Result<()> {
    let key = format!("payroll.deliver:{}", run.id);
    let delivery = async |tx: &mut Tx| job::find_by_key(tx, &key).await;
    if let Some(delivery) = stage.act(CLERK, delivery).await? {
        let text = Text::new("Recibos y fichero bancario", "Payslips and bank file");
        stage.follow(delivery.id, &text).await?;
    }
    Ok(())
}

async fn find(stage: &Stage<'_>, id: PayrollRunId) -> anyhow::Result<PayrollRun> {
    let run = async |tx: &mut Tx| payroll::find(tx, id).await;
    let run = stage.act(CLERK, run).await?;
    run.with_context(|| format!("{id} is gone"))
}

/// The figures of the run, with its files copied where a person finds them.
async fn tell(stage: &Stage<'_>, id: PayrollRunId) -> anyhow::Result<Outcome> {
    let run = find(stage, id).await?;
    let amount = |amount: kernel::Dec| Figure::Amount(amount.0, run.currency.to_string());
    let number = entry_number(stage, &run).await?;
    let title = format!("{:02}/{}", run.month, run.year);
    let mut outcome = Outcome::new(Text::new(
        format!("Nómina {title}, Ferretería Sol, S.L."),
        format!("Payroll {title}, Ferretería Sol, S.L."),
    ))
    .row(Text::new("Recibos", "Payslips"), run.payslips)
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
    for file in stage.copy(files(stage, &run).await?).await? {
        outcome = outcome.file(file);
    }
    Ok(outcome)
}

async fn entry_number(stage: &Stage<'_>, run: &PayrollRun) -> anyhow::Result<String> {
    let Some(id) = run.entry_id else {
        return Ok("-".to_owned());
    };
    let entry = async |tx: &mut Tx| ledger::entry::find(tx, id).await;
    let entry = stage.look(entry).await?;
    let entry = entry.with_context(|| format!("{id} is gone"))?;
    Ok(entry
        .number
        .map_or_else(|| id.to_string(), |number| format!("{number}")))
}

/// The bank file and every payslip, by names that a person reads.
async fn files(stage: &Stage<'_>, run: &PayrollRun) -> anyhow::Result<Vec<(String, FileId)>> {
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
    stage
        .look(async |tx: &mut Tx| {
            let mut wanted = Vec::new();
            if let Some(bank) = payroll::bank_file(tx, run.id).await? {
                let name = format!("{}.xml", bank.message_id);
                wanted.extend(bank.file_id.map(|id| (name, id)));
            }
            let slips = payslip::page(tx, request).await?.into_rows();
            let ids: Vec<_> = slips.iter().map(|slip| slip.id).collect();
            for document in payslip::documents_of(tx, &ids).await? {
                let name = format!("{}.pdf", document.payslip_id);
                wanted.push((name, document.file_id));
            }
            Ok(wanted)
        })
        .await
}
