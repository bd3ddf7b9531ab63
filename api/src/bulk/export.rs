//! Exports: a connection turned page by page into files of JSON Lines.

use async_graphql::{Value, Variables};
use bytes::Bytes;
use directory::file::{self, FileStore, NewFile};
use kernel::job::{BULK_EXPORT, Job, JobPart, JobRun};
use kernel::{Error, Fault, Permission, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::document::{ExportDocument, PAGE};
use super::host::{BulkHost, export_document};

/// Bytes after which a part is closed; a file may have 25 MiB.
const PART: usize = 16 << 20;

/// Exports what a query lists.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkExport {
    /// The query.
    pub query: String,
}

impl Job for BulkExport {
    const KIND: &'static str = "kernel.bulk_export";
    const QUEUE: &'static str = "kernel";
    const PERMISSION: Permission = BULK_EXPORT;

    /// Turns the pages from where the last whole part ended. Each part is stored once, in the
    /// transaction that says where the next begins.
    async fn run(self, run: JobRun) -> Result<serde_json::Value> {
        let (plan, page) = export_document(&self.query)?;
        let host = run.service::<BulkHost>()?;
        let mut parts = run.parts().await?;
        let mut records: i64 = parts.iter().map(|part| part.records).sum();
        let mut cursor = match parts.last() {
            Some(part) if part.cursor.is_none() => return finish(&run, &parts).await,
            Some(part) => part.cursor.clone(),
            None => None,
        };
        loop {
            let (lines, next) = part(&run, &host, &plan, page, cursor, records).await?;
            records += lines.records;
            if lines.records > 0 {
                let number = i32::try_from(parts.len())
                    .unwrap_or(i32::MAX)
                    .saturating_add(1);
                parts.push(store(&run, lines, number, next.clone()).await?);
            }
            if next.is_none() {
                return finish(&run, &parts).await;
            }
            cursor = next;
        }
    }
}

/// Lines of JSON on their way into a file.
#[derive(Debug, Default)]
struct Lines {
    text: Vec<u8>,
    records: i64,
}

impl Lines {
    /// Adds a record. `<` is written as an escape, so that no text in it is ever taken for markup.
    fn push(&mut self, record: &Value) -> Result<()> {
        let line = serde_json::to_string(record)?.replace('<', "\\u003c");
        self.text.extend_from_slice(line.as_bytes());
        self.text.push(b'\n');
        self.records += 1;
        Ok(())
    }
}

/// Reads pages until a part is full or the list ends; gives where the next part begins.
async fn part(
    run: &JobRun,
    host: &BulkHost,
    plan: &ExportDocument,
    page: u64,
    mut cursor: Option<String>,
    before: i64,
) -> Result<(Lines, Option<String>)> {
    let mut lines = Lines::default();
    loop {
        let document = plan.page(page, cursor.as_deref());
        let context = run.context().clone();
        let response = host.run(context, document, Variables::default()).await;
        if let Some(error) = response.errors.first() {
            return Err(Fault::invalid("kernel.bulk_query_invalid")
                .with("detail", error.message.clone())
                .into());
        }
        cursor = take(&mut lines, response.data)?;
        let done = before + lines.records;
        run.progress(done, done).await?;
        if cursor.is_none() || lines.text.len() >= PART {
            return Ok((lines, cursor));
        }
    }
}

/// Adds the records of a page; gives the cursor of the next, if there is one.
fn take(lines: &mut Lines, page: Value) -> Result<Option<String>> {
    let odd = || Error::bug("a page of an export has another shape");
    let Value::Object(root) = page else {
        return Err(odd());
    };
    let Some((_, Value::Object(list))) = root.into_iter().next() else {
        return Err(odd());
    };
    let mut next = None;
    for (key, value) in list {
        match (key.as_str(), value) {
            (PAGE, Value::Object(page)) => next = following(&page),
            ("nodes", Value::List(nodes)) => nodes.iter().try_for_each(|node| lines.push(node))?,
            ("edges", Value::List(edges)) => edges.iter().try_for_each(|edge| lines.push(edge))?,
            _ => {}
        }
    }
    Ok(next)
}

fn following(
    page: &async_graphql::indexmap::IndexMap<async_graphql::Name, Value>,
) -> Option<String> {
    match (page.get("hasNextPage"), page.get("endCursor")) {
        (Some(Value::Boolean(true)), Some(Value::String(cursor))) => Some(cursor.clone()),
        _ => None,
    }
}

async fn store(run: &JobRun, lines: Lines, number: i32, cursor: Option<String>) -> Result<JobPart> {
    let store = run.service::<FileStore>()?;
    let (id, owner) = (run.id(), run.row().owner_id);
    let organisation_id = run.row().organisation_id;
    run.write(move |tx| {
        Box::pin(async move {
            let new = NewFile {
                name: format!("export-{number:04}.jsonl"),
                bytes: Bytes::from(lines.text),
                permission: BULK_EXPORT_OF_OTHERS,
                owner_user: owner,
                company: None,
                subject: Some(("Job", id.0)),
            };
            let file = file::store(tx, &store, new).await?;
            let part = JobPart {
                organisation_id,
                job_id: id,
                number,
                file_id: file.id,
                records: lines.records,
                cursor,
            };
            part.clone().record(tx).await?;
            Ok(part)
        })
    })
    .await
}

/// An export holds what its wanter may see: of the others, only those who may see all may read it.
const BULK_EXPORT_OF_OTHERS: Permission = kernel::actor::EVERYTHING;

async fn finish(run: &JobRun, parts: &[JobPart]) -> Result<serde_json::Value> {
    let records: i64 = parts.iter().map(|part| part.records).sum();
    let result = json!({ "records": records, "files": parts.len() });
    run.finish(move |_| Box::pin(async move { Ok(result) }))
        .await
}
