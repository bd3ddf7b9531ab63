//! Imports: a mutation run once for each line of a file, each line exactly once.

use std::collections::HashMap;

use async_graphql::{Response, Value, Variables};
use bytes::Bytes;
use directory::file::{self, AttachmentCreateInput, FileStore, NewFile};
use kernel::ids::FileId;
use kernel::job::{self, BULK_IMPORT, Enqueue, Job, JobRow, JobRun};
use kernel::{Error, Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

use super::BulkImportRunInput;
use super::document::ERRORS;
use super::host::{BulkHost, import_document};

/// Lines that a file may have.
const MOST: usize = 100_000;
/// Lines after which the job says how far it has come.
const CHUNK: usize = 20;

/// Runs a mutation for each line of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BulkImport {
    /// The mutation.
    pub mutation: String,
    /// The file of inputs.
    pub file: FileId,
}

/// Takes the upload, checks every line's form, and wants the job.
pub(super) async fn want(
    tx: &mut Tx,
    store: &FileStore,
    input: BulkImportRunInput,
) -> Result<JobRow> {
    tx.require(BULK_IMPORT)?;
    let taken = AttachmentCreateInput {
        upload: input.staged_upload,
        subject: None,
    };
    let kept = file::attach(tx, &[], taken).await?;
    let bytes = file::bytes(tx, store, kept.id).await?;
    let at = |fault: Fault| fault.at(["stagedUpload"]);
    let inputs = inputs(&bytes).map_err(at)?;
    if inputs.is_empty() {
        return Err(at(Fault::invalid("kernel.bulk_file_empty")).into());
    }
    let wanted = BulkImport {
        mutation: input.mutation,
        file: kept.id,
    };
    job::enqueue(tx, &wanted, Enqueue::default()).await
}

/// A line of the file: its number from 1, and its input.
type Line = (usize, serde_json::Value);

/// The inputs of a file; empty lines are left out.
fn inputs(bytes: &[u8]) -> Result<Vec<Line>, Fault> {
    let lines = bytes.split(|byte| *byte == b'\n').zip(1..);
    let filled = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let read: Vec<Line> = filled
        .map(|(line, number)| match serde_json::from_slice(line) {
            Ok(input @ serde_json::Value::Object(_)) => Ok((number, input)),
            Ok(_) => Err(no_object(number, "object")),
            Err(error) => Err(no_object(number, error)),
        })
        .collect::<Result<_, Fault>>()?;
    if read.len() > MOST {
        return Err(Fault::invalid("kernel.bulk_file_too_long").with("most", MOST));
    }
    Ok(read)
}

fn no_object(line: usize, detail: impl std::fmt::Display) -> Fault {
    Fault::invalid("kernel.bulk_line_not_json")
        .with("line", line)
        .with("detail", detail)
}

impl Job for BulkImport {
    const KIND: &'static str = "kernel.bulk_import";
    const QUEUE: &'static str = "kernel";
    const PERMISSION: Permission = BULK_IMPORT;

    /// Each line runs under a key of its own, so that a line whose effect committed just before a
    /// crash is recognised and not done again. A line that is refused fails alone.
    async fn run(self, run: JobRun) -> Result<serde_json::Value> {
        let document = import_document(&self.mutation)?;
        let (host, store) = (run.service::<BulkHost>()?, run.service::<FileStore>()?);
        let file = self.file;
        let read = run.read(move |tx| Box::pin(async move { file::bytes(tx, &store, file).await }));
        let mut lines: HashMap<Uuid, Line> = inputs(&read.await?)?
            .into_iter()
            .map(|line| (key_of(&run, line.0), line))
            .collect();
        let mut keys: Vec<(usize, Uuid)> = lines.iter().map(|(key, line)| (line.0, *key)).collect();
        keys.sort_unstable();
        let total = keys.len();
        let numbers: HashMap<Uuid, usize> = keys.iter().map(|(line, key)| (*key, *line)).collect();
        let keys: Vec<Uuid> = keys.into_iter().map(|(_, key)| key).collect();
        let open = run.pending(&keys).await?;
        for chunk in open.chunks(CHUNK) {
            let mut failed = Vec::new();
            for key in chunk {
                let Some((number, input)) = lines.remove(key) else {
                    continue;
                };
                let context = context_of(&run, number);
                let variables = Variables::from_json(json!({ "input": input }));
                let response = host
                    .run(Arc::new(context), document.clone(), variables)
                    .await;
                let faults = refused(number, response)?;
                if !faults.is_empty() {
                    failed.push((*key, faults));
                }
            }
            run.items(chunk, move |_| Box::pin(async move { Ok(failed) }))
                .await?;
        }
        finish(&run, total, &numbers).await
    }
}

fn key_of(run: &JobRun, line: usize) -> Uuid {
    Uuid::new_v5(&run.id().0, line.to_string().as_bytes())
}

/// The context of one line: the job's, with a key that no other line has.
fn context_of(run: &JobRun, line: usize) -> kernel::Context {
    kernel::Context {
        now: run.db().clock().now(),
        idempotency_key: Some(format!("bulk:{}:{line}", run.id())),
        ..(**run.context()).clone()
    }
}

/// What was refused of a line. What no person can mend stops the job, which tries again.
fn refused(line: usize, response: Response) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for error in &response.errors {
        let code = error
            .extensions
            .as_ref()
            .and_then(|extensions| extensions.get("code"));
        match code {
            Some(Value::String(code)) if code == "UNAVAILABLE" => {
                return Err(Error::Unavailable(error.message.clone()));
            }
            Some(Value::String(_)) => {
                faults.push(said("kernel.bulk_line_failed", line, &error.message))
            }
            None if error.path.is_empty() => {
                faults.push(said("kernel.bulk_line_failed", line, &error.message));
            }
            _ => return Err(Error::bug(format!("line {line}: {}", error.message))),
        }
    }
    let data = response.data.into_json()?;
    let payload = data.as_object().and_then(|root| root.values().next());
    let errors = payload.and_then(|payload| payload.get(ERRORS)?.as_array());
    for error in errors.into_iter().flatten() {
        let message = error.get("message").and_then(serde_json::Value::as_str);
        let fault = said(
            "kernel.bulk_line_refused",
            line,
            message.unwrap_or_default(),
        );
        let field: Vec<String> = error
            .get("field")
            .and_then(|field| serde_json::from_value(field.clone()).ok())
            .unwrap_or_default();
        faults.push(fault.at(field.into_iter().skip(1)));
    }
    Ok(faults)
}

fn said(reason: &'static str, line: usize, message: &str) -> Fault {
    Fault::invalid(reason)
        .with("line", line)
        .with("message", message)
}

/// Ends the job; what was refused becomes a file that can be mended and imported again.
async fn finish(
    run: &JobRun,
    total: usize,
    numbers: &HashMap<Uuid, usize>,
) -> Result<serde_json::Value> {
    let id = run.id();
    let failures = run
        .read(move |tx| Box::pin(async move { job::item_failures(tx, id).await }))
        .await?;
    let mut refused: Vec<(usize, serde_json::Value)> = failures
        .into_iter()
        .filter_map(|(key, error)| Some((*numbers.get(&key)?, error)))
        .collect();
    refused.sort_unstable_by_key(|(line, _)| *line);
    let text: String = refused
        .iter()
        .map(|(line, errors)| json!({ "line": line, "userErrors": errors }))
        .map(|line| format!("{}\n", line.to_string().replace('<', "\\u003c")))
        .collect();
    let (store, owner) = (run.service::<FileStore>()?, run.row().owner_id);
    let count = refused.len();
    run.finish(move |tx| {
        Box::pin(async move {
            if !text.is_empty() {
                let new = NewFile {
                    name: "import-errors.jsonl".to_owned(),
                    bytes: Bytes::from(text),
                    permission: BULK_IMPORT,
                    owner_user: owner,
                    company: None,
                    subject: Some(("Job", id.0)),
                };
                file::store(tx, &store, new).await?;
            }
            Ok(json!({ "lines": total, "done": total - count, "refused": count }))
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_as_in_the_file_and_empty_ones_left_out() {
        let read = inputs(b"{\"a\":1}\n\n  {\"b\":2}\r\n").unwrap();
        assert_eq!(read, [(1, json!({"a": 1})), (3, json!({"b": 2}))]);
    }

    #[test]
    fn a_line_that_is_no_object_is_named() {
        for (text, line) in [("{}\n[1]\n", "2"), ("{\n", "1"), ("{}\n{}\n3", "3")] {
            let fault = inputs(text.as_bytes()).unwrap_err();
            assert_eq!(fault.reason, "kernel.bulk_line_not_json");
            assert!(fault.args.contains(&("line", line.to_owned())), "{text}");
        }
    }
}
