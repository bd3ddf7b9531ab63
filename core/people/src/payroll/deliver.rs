//! The delivery of a posted run: one bank file, a PDF an employee, a notice to each. A job that can
//! be stopped and resumed anywhere: what is recorded is never made again.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::company::Company;
use directory::file::{FileStore, NewFile};
use documents::transfer::{Debtor, InitiatingParty, Purpose, Transfer};
use documents::{CreditTransferFile, DocumentError, Engine};
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{EmployeeId, FileId, OrganisationId, PayrollRunId, PayslipId, UserId};
use kernel::job::{Job, JobRun};
use kernel::{Dec, Error, Event, Fault, Locale, Permission, Result, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::print::{self, Sheet};
use super::{PayrollRun, PayrollRunKind, PayrollRunStatus, by_ids};
use crate::contract::{self, Contract};
use crate::employee::Employee;
use crate::fault;
use crate::payslip::{Payslip, PayslipDocument, PayslipLine, load_lines};
use crate::permission::{PAYROLL_POST, PAYSLIP_READ};
use crate::schema::{employee, payroll_bank_file, payslip, payslip_document};

/// Payslips in one transaction.
const CHUNK: usize = 20;

/// The payment order of a run: exactly one.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payroll_bank_file, check_for_backend(diesel::pg::Pg))]
pub struct BankFile {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The run.
    pub run_id: PayrollRunId,
    /// What the bank knows it by.
    pub message_id: String,
    /// How many transfers it holds.
    pub transfers: i32,
    /// Their sum.
    pub total: Dec,
    /// The file; none when nobody is paid by bank.
    pub file_id: Option<FileId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The payment orders of those runs that the actor may see; opening the file itself takes the
/// right to post payroll.
pub async fn bank_files(tx: &mut Tx, runs: &[PayrollRunId]) -> Result<Vec<BankFile>> {
    let seen: Vec<PayrollRunId> = by_ids(tx, runs).await?.iter().map(|run| run.id).collect();
    Ok(payroll_bank_file::table
        .filter(payroll_bank_file::organisation_id.eq(tx.organisation()))
        .filter(payroll_bank_file::run_id.eq_any(seen))
        .select(BankFile::as_select())
        .load(tx.conn())
        .await?)
}

/// The payment order of a run that the actor may see, once it is made.
pub async fn bank_file(tx: &mut Tx, run: PayrollRunId) -> Result<Option<BankFile>> {
    Ok(bank_files(tx, &[run]).await?.into_iter().next())
}

/// Delivers a posted run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayrollDeliver {
    /// The run.
    pub run: PayrollRunId,
}

impl Job for PayrollDeliver {
    const KIND: &'static str = "people.payroll_deliver";
    const QUEUE: &'static str = "people";
    const PERMISSION: Permission = PAYROLL_POST;

    async fn run(self, job: JobRun) -> Result<Value> {
        let store = job.service::<FileStore>()?;
        let (run, slips) = {
            let id = self.run;
            job.read(move |tx| async move { wanted(tx, id).await }.boxed())
                .await?
        };
        if run.status != PayrollRunStatus::Posted {
            let fault = Fault::not_allowed(fault::RUN_STATE).with("status", run.status);
            return Err(fault.into());
        }
        if job.is_dry_run() {
            return Ok(json!({ "payslips": slips.len() }));
        }
        let keys: Vec<Uuid> = std::iter::once(run.id.uuid())
            .chain(slips.iter().map(|id| id.uuid()))
            .collect();
        let mut open = job.pending(&keys).await?;
        if open.contains(&run.id.uuid()) {
            open.retain(|key| *key != run.id.uuid());
            let (run, store) = (run.clone(), store.clone());
            job.item(self.run.uuid(), move |tx| {
                async move { make_bank_file(tx, &store, &run).await }.boxed()
            })
            .await?;
        }
        for chunk in open.chunks(CHUNK) {
            deliver(&job, &store, &run, chunk).await?;
        }
        job.finish(move |tx| async move { delivered(tx, &run).await }.boxed())
            .await
    }
}

async fn wanted(tx: &mut Tx, id: PayrollRunId) -> Result<(PayrollRun, Vec<PayslipId>)> {
    let run = super::load(tx, id).await?;
    let slips = payslip::table
        .filter(payslip::organisation_id.eq(tx.organisation()))
        .filter(payslip::run_id.eq(id))
        .order(payslip::id)
        .select(payslip::id)
        .load(tx.conn())
        .await?;
    Ok((run, slips))
}

async fn delivered(tx: &mut Tx, run: &PayrollRun) -> Result<Value> {
    let bank: Option<BankFile> = payroll_bank_file::table
        .find((run.organisation_id, run.id))
        .select(BankFile::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let documents: i64 = payslip_document::table
        .inner_join(
            payslip::table.on(payslip::organisation_id
                .eq(payslip_document::organisation_id)
                .and(payslip::id.eq(payslip_document::payslip_id))),
        )
        .filter(payslip_document::organisation_id.eq(run.organisation_id))
        .filter(payslip::run_id.eq(run.id))
        .count()
        .get_result(tx.conn())
        .await?;
    tx.emit(
        run.event("people.payroll_run.delivered")
            .set("documents", documents),
    )
    .await?;
    Ok(json!({
        "documents": documents,
        "bankFile": bank.as_ref().and_then(|file| file.file_id),
        "transfers": bank.as_ref().map(|file| file.transfers),
        "total": bank.as_ref().map(|file| file.total),
    }))
}

/// Makes the payment order of a run, unless it is there.
async fn make_bank_file(tx: &mut Tx, store: &FileStore, run: &PayrollRun) -> Result<()> {
    let made: i64 = payroll_bank_file::table
        .find((run.organisation_id, run.id))
        .count()
        .get_result(tx.conn())
        .await?;
    if made > 0 {
        return Ok(());
    }
    let company = directory::company::load(tx, run.company_id).await?;
    let paid: Vec<(Payslip, Employee)> = payslip::table
        .inner_join(
            employee::table.on(employee::organisation_id
                .eq(payslip::organisation_id)
                .and(employee::id.eq(payslip::employee_id))),
        )
        .filter(payslip::organisation_id.eq(run.organisation_id))
        .filter(payslip::run_id.eq(run.id))
        .filter(payslip::net.gt(Dec(Decimal::ZERO)))
        .filter(employee::iban.is_not_null())
        .order(employee::number)
        .select((Payslip::as_select(), Employee::as_select()))
        .load(tx.conn())
        .await?;
    let order = order(run, &company, &paid, tx.now());
    let file = if order.transfers.is_empty() {
        None
    } else {
        let xml = order.xml().map_err(refused)?;
        let name = format!("nomina-{}-{:02}.xml", run.year, run.month);
        let new = NewFile {
            name,
            bytes: xml.into(),
            permission: PAYROLL_POST,
            owner_user: None,
            company: Some(run.company_id),
            subject: Some(("PayrollRun", run.id.uuid())),
        };
        Some(directory::file::store(tx, store, new).await?.id)
    };
    let row = BankFile {
        organisation_id: run.organisation_id,
        run_id: run.id,
        message_id: order.message_id.clone(),
        transfers: i32::try_from(order.transfers.len()).unwrap_or(i32::MAX),
        total: Dec(order.total()),
        file_id: file,
        created_at: tx.now(),
    };
    diesel::insert_into(payroll_bank_file::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    let event = run.event("people.payroll_run.bank_file_made");
    tx.emit(
        event
            .set("transfers", row.transfers)
            .set("total", row.total),
    )
    .await?;
    Ok(())
}

/// The payment order, by names that stay the same however often it is made.
fn order(
    run: &PayrollRun,
    company: &Company,
    paid: &[(Payslip, Employee)],
    now: DateTime<Utc>,
) -> CreditTransferFile {
    let what = match run.kind {
        PayrollRunKind::Regular => "Nómina",
        PayrollRunKind::Delta => "Corrección de nómina",
    };
    let transfers = paid.iter().map(|(slip, employee)| Transfer {
        end_to_end_id: slip.id.uuid().simple().to_string(),
        amount: slip.net.0,
        creditor_name: employee.full_name.clone(),
        creditor_iban: employee.iban.clone().unwrap_or_default(),
        remittance: format!("{what} {:02}/{}", run.month, run.year),
    });
    let transfers = transfers.collect();
    let id = run.id.uuid().simple().to_string();
    let tail = id.get(12..).unwrap_or_default();
    CreditTransferFile {
        message_id: format!("NOM{}{:02}-{tail}", run.year, run.month),
        created_at: now,
        initiating_party: InitiatingParty {
            name: company.legal_name.clone(),
            tax_id: company.tax_id.clone(),
        },
        debtor: Debtor {
            name: company.legal_name.clone(),
            iban: company.iban.clone().unwrap_or_default(),
            bic: company.bic.clone(),
        },
        execution_date: run
            .pay_date
            .0
            .max(now.with_timezone(&company.tz()).date_naive()),
        purpose: Purpose::Salary,
        transfers,
    }
}

/// What a document lacks, as faults of ours.
fn refused(error: DocumentError) -> Error {
    if error.problems().is_empty() {
        return Error::bug(error.to_string());
    }
    let faults = error.problems().iter().map(|problem| {
        Fault::invalid(fault::DOCUMENT)
            .with("field", &problem.field)
            .with("detail_es", &problem.es)
            .with("detail_en", &problem.en)
    });
    Error::Refused(faults.collect())
}

/// What the receipts of some payslips are printed from.
#[derive(Clone)]
pub(super) struct Batch {
    company: Company,
    slips: Vec<(Payslip, Employee, Contract)>,
    lines: HashMap<PayslipId, Vec<PayslipLine>>,
    users: HashMap<EmployeeId, (UserId, Locale)>,
}

impl Batch {
    /// The user who an employee is.
    pub fn owner(&self, employee: EmployeeId) -> Option<UserId> {
        self.users.get(&employee).map(|(user, _)| *user)
    }
}

/// A printed receipt.
pub(super) struct Printed {
    slip: PayslipId,
    pub employee: EmployeeId,
    locale: Locale,
    pub name: String,
    pub pdf: Result<Vec<u8>>,
}

/// Prints some payslips outside the transaction, then records and tells them inside.
async fn deliver(
    job: &JobRun,
    store: &std::sync::Arc<FileStore>,
    run: &PayrollRun,
    keys: &[Uuid],
) -> Result<()> {
    let ids: Vec<PayslipId> = keys.iter().map(|key| PayslipId::from_uuid(*key)).collect();
    let batch = {
        let run = run.clone();
        job.read(move |tx| async move { load(tx, &run, &ids).await }.boxed())
            .await?
    };
    let (printing, sheet) = (batch.clone(), run.clone());
    let now = job.context().now;
    let printed = tokio::task::spawn_blocking(move || print_all(&sheet, &printing, None, now))
        .await
        .map_err(|error| Error::bug(format!("printing: {error}")))??;
    let (run, store) = (run.clone(), store.clone());
    job.items(keys, move |tx| {
        async move { record(tx, &store, &run, &batch, printed).await }.boxed()
    })
    .await
}

pub(super) async fn load(tx: &mut Tx, run: &PayrollRun, ids: &[PayslipId]) -> Result<Batch> {
    let company = directory::company::load(tx, run.company_id).await?;
    let slips: Vec<(Payslip, Employee)> = payslip::table
        .inner_join(
            employee::table.on(employee::organisation_id
                .eq(payslip::organisation_id)
                .and(employee::id.eq(payslip::employee_id))),
        )
        .filter(payslip::organisation_id.eq(run.organisation_id))
        .filter(payslip::id.eq_any(ids))
        .select((Payslip::as_select(), Employee::as_select()))
        .load(tx.conn())
        .await?;
    let people: Vec<EmployeeId> = slips.iter().map(|(_, employee)| employee.id).collect();
    let contracts = contract::load(tx, &people).await?;
    let contracts: HashMap<_, Contract> = contracts.into_iter().map(|it| (it.id, it)).collect();
    let mut lines: HashMap<PayslipId, Vec<PayslipLine>> = HashMap::new();
    for line in load_lines(tx, ids).await? {
        lines.entry(line.payslip_id).or_default().push(line);
    }
    let users = directory::user::of_employees(tx, &people).await?;
    let users = users.into_iter().filter(|user| user.active);
    Ok(Batch {
        company,
        slips: slips
            .into_iter()
            .filter_map(|(slip, employee)| {
                let contract = contracts.get(&slip.contract_id)?.clone();
                Some((slip, employee, contract))
            })
            .collect(),
        lines,
        users: users
            .filter_map(|user| Some((user.employee_id?, (user.id, user.locale))))
            .collect(),
    })
}

/// Prints on every core: a page takes longer to set than to store. Each in a language, or in that
/// of its employee.
pub(super) fn print_all(
    run: &PayrollRun,
    batch: &Batch,
    language: Option<Locale>,
    now: DateTime<Utc>,
) -> Result<Vec<Printed>> {
    let print = move |(slip, employee, contract): &(Payslip, Employee, Contract)| {
        let lines = batch
            .lines
            .get(&slip.id)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let sheet = Sheet {
            run,
            company: &batch.company,
            employee,
            contract,
            payslip: slip,
            lines,
        };
        let locale = language.unwrap_or(employee.locale);
        let pdf = Engine::shared()
            .and_then(|engine| sheet.receipt().pdf(engine, print::language(locale), now))
            .map_err(refused);
        Printed {
            slip: slip.id,
            employee: employee.id,
            locale,
            name: format!("{}.pdf", print::reference(run, employee)),
            pdf,
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = batch.slips.len().div_ceil(cores).max(1);
    std::thread::scope(|scope| {
        let parts = batch.slips.chunks(share);
        let threads: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(print).collect::<Vec<_>>()))
            .collect();
        let mut printed = Vec::with_capacity(batch.slips.len());
        for thread in threads {
            printed.extend(thread.join().map_err(|_| Error::bug("printing panicked"))?);
        }
        Ok(printed)
    })
}

/// Keeps the printed receipts and tells their owners; gives the faults of what can't be printed.
async fn record(
    tx: &mut Tx,
    store: &FileStore,
    run: &PayrollRun,
    batch: &Batch,
    printed: Vec<Printed>,
) -> Result<Vec<(Uuid, Vec<Fault>)>> {
    let mut failed = Vec::new();
    let mut rows = Vec::new();
    let mut notices = Vec::new();
    let mut events = Vec::new();
    for one in printed {
        let bytes = match one.pdf {
            Ok(bytes) => bytes,
            Err(Error::Refused(faults)) => {
                failed.push((one.slip.uuid(), faults));
                continue;
            }
            Err(other) => return Err(other),
        };
        let owner = batch.owner(one.employee);
        let kept = (one.slip, one.locale, one.name);
        rows.push(keep(tx, store, (run, owner), kept, bytes).await?);
        notices.extend(owner.map(|user| notice(run, batch, one.slip, user)));
        events.push(
            Event::new("people.payslip.issued", "Payslip", one.slip, PAYSLIP_READ)
                .company(run.company_id)
                .owner(owner)
                .set("run", run.id),
        );
    }
    diesel::insert_into(payslip_document::table)
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    notification::notify_all(tx, notices).await?;
    tx.emit_all(events).await?;
    Ok(failed)
}

/// Keeps a printed receipt as a file of its owner.
pub(super) async fn keep(
    tx: &mut Tx,
    store: &FileStore,
    (run, owner): (&PayrollRun, Option<UserId>),
    (slip, locale, name): (PayslipId, Locale, String),
    bytes: Vec<u8>,
) -> Result<PayslipDocument> {
    let new = NewFile {
        name,
        bytes: bytes.into(),
        permission: PAYSLIP_READ,
        owner_user: owner,
        company: Some(run.company_id),
        subject: Some(("Payslip", slip.uuid())),
    };
    let file = directory::file::store(tx, store, new).await?;
    Ok(PayslipDocument {
        organisation_id: run.organisation_id,
        payslip_id: slip,
        locale,
        file_id: file.id,
        created_at: tx.now(),
    })
}

/// What an employee is told of their own payslip; no amount is in it.
fn notice(run: &PayrollRun, batch: &Batch, slip: PayslipId, user: UserId) -> Notify {
    let args = Sentence::new("people.payslip_ready")
        .with("month", format!("{:02}", run.month))
        .with("year", run.year.to_string())
        .with("company", &batch.company.legal_name)
        .args;
    let notice = Notify::new("people.payslip_ready", "Payslip", slip, vec![user]);
    Notify {
        args,
        key: Some(format!("payslip.ready:{slip}")),
        ..notice
    }
}
