//! What runs GraphQL without a request: the schema over a core, made when first needed.

use std::sync::{Arc, OnceLock};

use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Request, Response, ValidationMode, Variables};
use kernel::{Context, Fault};

use super::document::{self, ExportDocument};
use crate::call::Call;
use crate::core::SharedCore;
use crate::schema::{TrastiendaSchema, schema};
use crate::transport::{self, Lang};

/// The schema as jobs run it. A service of the worker.
pub struct BulkHost {
    core: SharedCore,
    schema: OnceLock<TrastiendaSchema>,
}

impl BulkHost {
    /// A host over a core.
    pub fn new(core: SharedCore) -> Self {
        Self {
            core,
            schema: OnceLock::new(),
        }
    }

    /// Runs a document on behalf of a context.
    pub(super) async fn run(
        &self,
        context: Arc<Context>,
        document: ExecutableDocument,
        variables: Variables,
    ) -> Response {
        let schema = self
            .schema
            .get_or_init(|| schema(self.core.clone(), ValidationMode::Strict));
        let mut request = Request::new("").variables(variables);
        request.set_parsed_query(document);
        let request = request.data(Call::new(self.core.clone(), context));
        schema.execute(request).await
    }
}

/// The document of an export, and how many records a page of it has.
pub(super) fn export_document(text: &str) -> Result<(ExportDocument, u64), Fault> {
    let parsed = parsed(text).map_err(|detail| invalid("kernel.bulk_query_invalid", detail))?;
    let plan = ExportDocument::new(parsed)?;
    let asked = |records: u64| transport::objects_asked(&plan.page(records, None));
    let most = transport::Limits::default().objects;
    let fitting = [250, 100, 50, 20, 5, 1]
        .into_iter()
        .find(|records| asked(*records) <= most);
    match fitting {
        Some(records) => Ok((plan, records)),
        None => Err(Fault::invalid("kernel.bulk_too_wide")
            .with("asked", asked(1))
            .with("most", most)
            .at(["query"])),
    }
}

/// The document of an import.
pub(super) fn import_document(text: &str) -> Result<ExecutableDocument, Fault> {
    let parsed = parsed(text);
    let parsed = parsed.map_err(|detail| {
        Fault::invalid("kernel.bulk_mutation_invalid")
            .with("detail", detail)
            .at(["mutation"])
    })?;
    document::import(parsed)
}

/// That an export runs: its first record is asked for, as the caller.
pub(super) async fn rehearse(call: &Call, text: &str) -> Result<(), Fault> {
    let (plan, _) = export_document(text)?;
    let host = BulkHost::new(call.core().clone());
    let context = call.context().clone();
    let response = host
        .run(context, plan.page(1, None), Variables::default())
        .await;
    match response.errors.first() {
        None => Ok(()),
        Some(error) => Err(invalid("kernel.bulk_query_invalid", error.message.clone())),
    }
}

/// That an import could run: its document has the right shape, and the schema knows it. Nothing is
/// executed: its root field is skipped.
pub(super) async fn check_mutation(call: &Call, text: &str) -> Result<(), Fault> {
    let document = document::skipped(import_document(text)?);
    let host = BulkHost::new(call.core().clone());
    let context = call.context().clone();
    let response = host.run(context, document, Variables::default()).await;
    match response.errors.first() {
        None => Ok(()),
        Some(error) => Err(Fault::invalid("kernel.bulk_mutation_invalid")
            .with("detail", error.message.clone())
            .at(["mutation"])),
    }
}

fn parsed(text: &str) -> Result<ExecutableDocument, String> {
    let limits = transport::Limits::default();
    transport::judge(text, &limits).map_err(|refusal| refusal.sentence(Lang::Es).to_owned())
}

fn invalid(reason: &'static str, detail: String) -> Fault {
    Fault::invalid(reason).with("detail", detail).at(["query"])
}
