//! Hiring many from a CSV file: a job of one item a row. Every fault of every row is told at once,
//! and everybody is hired in one transaction, so that it is everybody or nobody whatever happens: a
//! file has at most two thousand rows, which are one statement a table.
//!
//! A worker that dies in the middle has done nothing: the next one begins anew. Round trips: the
//! check of all rows 7, and 10 to hire them.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::file::{self, FileStore, NewFile};
use documents::Language;
use documents::table::{Cell, Column, Dialect, Orientation, Row, Table};
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{CompanyId, DepartmentId, FileId};
use kernel::job::{Enqueue, Job, JobRow, JobRun};
use kernel::{Error, Fault, Locale, Permission, Result, Speaker, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::hire::hire_all;
use super::sheet::{Sheet, in_columns};
use crate::fault;
use crate::permission::{EMPLOYEE_MANAGE, PAY_MANAGE};

/// Faults that the job itself tells at most; its file has them all.
const TOLD: usize = 250;

/// Hires the employees of a CSV file.
#[derive(Clone, Debug, InputObject)]
pub struct EmployeeImportInput {
    /// The company.
    pub company: CompanyId,
    /// The file as text: a line of column names, then a line an employee; commas or semicolons.
    /// Needed are `first_name`, `last_name`, `tax_id`, `social_security_number`, `birth_date`,
    /// `starts_on`, `salary`, `contribution_group` and `occupation`; there may be `email`, `iban`,
    /// `department`, `locale`, `contract_kind`, `ends_on`, `salary_period`, `extra_pay_months`,
    /// `extra_pays_prorated`, `occupation_code`, `agreement`, `accident_rate`, `working_time`.
    pub csv: Option<String>,
    /// Or a file that was uploaded.
    pub file: Option<FileId>,
    /// Only tells what is wrong, as the job's errors.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Wants everybody in a CSV file hired, by a job. Needs the right to manage employees and pay.
///
/// # Errors
/// A file that can't be read at all; its rows are checked by the job.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn import(
    tx: &mut Tx,
    store: &FileStore,
    command: EmployeeImportInput,
) -> Result<JobRow> {
    tx.require_in(EMPLOYEE_MANAGE, command.company, None)?;
    tx.require_in(PAY_MANAGE, command.company, None)?;
    let file = match (command.csv, command.file) {
        (Some(text), None) => {
            Sheet::read(&text).map_err(Error::Refused)?;
            keep(tx, store, command.company, text).await?
        }
        (None, Some(file)) => {
            let text = text_of(tx, store, file).await?;
            Sheet::read(&text).map_err(at_file)?;
            file
        }
        _ => return Err(Fault::invalid(fault::IMPORT_SOURCE).at(["csv"]).into()),
    };
    let wanted = EmployeeImport {
        company: command.company,
        file,
    };
    let how = Enqueue {
        company: Some(command.company),
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    kernel::job::enqueue(tx, &wanted, how).await
}

async fn keep(tx: &mut Tx, store: &FileStore, company: CompanyId, text: String) -> Result<FileId> {
    let new = NewFile {
        name: "import.csv".to_owned(),
        bytes: text.into_bytes().into(),
        permission: PAY_MANAGE,
        owner_user: tx.actor().principal.user(),
        company: Some(company),
        subject: None,
    };
    let kept = file::store(tx, store, new).await;
    let at_csv = |error| match error {
        Error::Refused(faults) => {
            Error::Refused(faults.into_iter().map(|it| it.at(["csv"])).collect())
        }
        other => other,
    };
    Ok(kept.map_err(at_csv)?.id)
}

async fn text_of(tx: &mut Tx, store: &FileStore, id: FileId) -> Result<String> {
    let unknown = || Fault::not_found("kernel.not_found").at(["file"]);
    if file::find(tx, id).await?.is_none() {
        return Err(unknown().into());
    }
    let bytes = file::bytes(tx, store, id).await?;
    let malformed = |_| Fault::invalid(fault::IMPORT_TEXT).at(["file"]);
    Ok(String::from_utf8(bytes.to_vec()).map_err(malformed)?)
}

fn at_file(faults: Vec<Fault>) -> Error {
    Error::Refused(faults.into_iter().map(|it| it.at(["file"])).collect())
}

/// Hires everybody in a CSV file, or nobody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EmployeeImport {
    /// The company.
    pub company: CompanyId,
    /// The file.
    pub file: FileId,
}

impl Job for EmployeeImport {
    const KIND: &'static str = "people.employee_import";
    const QUEUE: &'static str = "people";
    const PERMISSION: Permission = EMPLOYEE_MANAGE;

    async fn run(self, job: JobRun) -> Result<Value> {
        let store = job.service::<FileStore>()?;
        let text = {
            let (store, id) = (store.clone(), self.file);
            job.read(move |tx| async move { text_of(tx, &store, id).await }.boxed())
                .await?
        };
        let sheet = Arc::new(Sheet::read(&text).map_err(Error::Refused)?);
        let open = self.open(&job, &sheet).await?;
        let (plan, wanted) = (self.clone(), open.clone());
        let checked = sheet.clone();
        let faults = job
            .read(move |tx| async move { plan.check(tx, &checked, &wanted).await }.boxed())
            .await?;
        if !faults.is_empty() {
            return Err(refuse(&job, &store, self.company, faults).await?);
        }
        if job.is_dry_run() {
            return Ok(json!({ "rows": open.len(), "hired": 0 }));
        }
        if !open.is_empty() {
            let keys: Vec<Uuid> = open.iter().map(|number| key_of(*number)).collect();
            let (plan, sheet) = (self.clone(), sheet.clone());
            job.items(&keys, move |tx| {
                async move { plan.hire(tx, &sheet, &open).await }.boxed()
            })
            .await?;
        }
        let rows = sheet.numbers().count();
        job.finish(move |_| async move { Ok(json!({ "rows": rows, "hired": rows })) }.boxed())
            .await
    }
}

impl EmployeeImport {
    /// The rows that are still to be hired. A rehearsal keeps no items: it looks at all.
    async fn open(&self, job: &JobRun, sheet: &Sheet) -> Result<Vec<usize>> {
        if job.is_dry_run() {
            return Ok(sheet.numbers().collect());
        }
        let keys: Vec<Uuid> = sheet.numbers().map(key_of).collect();
        let pending = job.pending(&keys).await?;
        let numbers = sheet.numbers().zip(&keys);
        Ok(numbers
            .filter(|(_, key)| pending.contains(key))
            .map(|(number, _)| number)
            .collect())
    }

    /// Everything that is wrong with some rows; whatever it writes is rolled back by the caller.
    async fn check(&self, tx: &mut Tx, sheet: &Sheet, numbers: &[usize]) -> Result<Vec<Fault>> {
        let departments = departments(tx, self.company).await?;
        let (hirings, mut faults) = sheet.hirings(numbers, self.company, &departments);
        if let Err(error) = hire_all(tx, &hirings).await {
            let Error::Refused(more) = error else {
                return Err(error);
            };
            let known: Vec<Vec<String>> = faults.iter().map(|it| it.field.clone()).collect();
            let more = more.into_iter().map(in_columns);
            faults.extend(more.filter(|it| !known.contains(&it.field)));
        }
        Ok(faults)
    }

    /// Hires the rows that were checked, all of them; what another has taken since is refused.
    async fn hire(
        &self,
        tx: &mut Tx,
        sheet: &Sheet,
        numbers: &[usize],
    ) -> Result<Vec<(Uuid, Vec<Fault>)>> {
        let departments = departments(tx, self.company).await?;
        let (hirings, _) = sheet.hirings(numbers, self.company, &departments);
        match hire_all(tx, &hirings).await {
            Err(Error::Refused(faults)) => {
                Err(Error::Refused(faults.into_iter().map(in_columns).collect()))
            }
            Err(other) => Err(other),
            Ok(_) => Ok(Vec::new()),
        }
    }
}

/// What the item of a row is known by.
fn key_of(number: usize) -> Uuid {
    Uuid::from_u128(u128::try_from(number).unwrap_or_default())
}

/// The departments of a company by code.
async fn departments(tx: &mut Tx, company: CompanyId) -> Result<HashMap<String, DepartmentId>> {
    use directory::schema::department;
    let rows: Vec<(String, DepartmentId)> = department::table
        .filter(department::organisation_id.eq(tx.organisation()))
        .filter(department::company_id.eq(company))
        .filter(department::archived_at.is_null())
        .select((department::code, department::id))
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}

/// Keeps all faults as a file of the job, and gives the refusal that ends it.
async fn refuse(
    job: &JobRun,
    store: &Arc<FileStore>,
    company: CompanyId,
    mut faults: Vec<Fault>,
) -> Result<Error> {
    let bytes = told(job, &faults)?;
    let (store, id, owner) = (store.clone(), job.id(), job.row().owner_id);
    job.write(move |tx| {
        async move {
            let new = NewFile {
                name: "import-errors.csv".to_owned(),
                bytes: bytes.into(),
                permission: EMPLOYEE_MANAGE,
                owner_user: owner,
                company: Some(company),
                subject: Some(("Job", id.uuid())),
            };
            file::store(tx, &store, new).await
        }
        .boxed()
    })
    .await?;
    faults.truncate(TOLD);
    Ok(Error::Refused(faults))
}

/// The faults as a spreadsheet in the language of who wanted the import.
fn told(job: &JobRun, faults: &[Fault]) -> Result<Vec<u8>> {
    let locale = job.row().locale;
    let language = match locale {
        Locale::Es => Language::Es,
        Locale::En => Language::En,
    };
    let speaker = Speaker::new(&[
        kernel::message::MESSAGES,
        directory::MESSAGES,
        crate::MESSAGES,
    ])?;
    let say = |reason| speaker.say(locale, reason, &[]);
    let rows = faults.iter().map(|fault| {
        let step = |at: usize| fault.field.get(at).cloned().unwrap_or_default();
        let number = step(1).parse::<rust_decimal::Decimal>();
        Row::plain(vec![
            number.map_or(Cell::Empty, Cell::Number),
            Cell::Text(step(2)),
            Cell::Text(speaker.fault(locale, fault)),
        ])
    });
    let table = Table {
        language,
        title: say("people.import_errors"),
        subtitle: String::new(),
        author: String::new(),
        footnote: String::new(),
        orientation: Orientation::Portrait,
        columns: vec![
            Column::count(say("people.import_row")),
            Column::code(say("people.import_column")),
            Column::text(say("people.import_error")),
        ],
        rows: rows.collect(),
        totals: Vec::new(),
        created_at: job.context().now,
    };
    let dialect = Dialect::Spreadsheet(language);
    table
        .csv(dialect)
        .map_err(|error| Error::bug(error.to_string()))
}
