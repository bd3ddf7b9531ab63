//! Work in bulk: any list as a file, and any mutation once a line of a file.
//!
//! Both are jobs that run GraphQL itself, on behalf of who asked: an export holds exactly what the
//! same query would show its wanter, and an import does exactly what the same mutation would.

mod document;
mod export;
mod host;
mod import;

use async_graphql::{Context, InputObject, Object, Result};
use kernel::ids::StagedUploadId;
use kernel::job::{self, Enqueue, Registry};

pub use export::BulkExport;
pub use host::BulkHost;
pub use import::BulkImport;

use crate::act::{act, require_key, settle};
use crate::call::Call;
use crate::kernel::job::Job;
use crate::payload;

/// Adds the jobs that run GraphQL to the registry.
pub fn register(registry: &mut Registry) {
    registry.register::<BulkExport>().register::<BulkImport>();
}

/// What to export.
#[derive(InputObject)]
pub struct BulkExportRunInput {
    /// A query with one connection at its root that selects `nodes` or `edges { node }`; filter,
    /// sort and search as usual. The job turns the pages. No variables: write the values into it.
    query: String,
}

/// What to import.
#[derive(InputObject)]
pub struct BulkImportRunInput {
    /// A mutation with one operation at its root, as in
    /// `mutation ($input: EmployeeHireInput!) { employeeHire(input: $input) { employee { id } } }`.
    mutation: String,
    /// A file of one's own that has arrived, with an input as a JSON object in each line.
    staged_upload: StagedUploadId,
}

payload! {
    /// What wanting an export gives.
    BulkExportRunPayload {
        /// The job; its results are files of JSON Lines, one record a line.
        job: Job
    }
    /// What wanting an import gives.
    BulkImportRunPayload {
        /// The job; lines that were refused are its item errors and, at its end, a file.
        job: Job
    }
}

/// Wants work in bulk.
#[derive(Default)]
pub struct BulkMutation;

#[Object]
impl BulkMutation {
    /// Exports a list of any length as JSON Lines, as far as the viewer may see it.
    async fn bulk_export_run(
        &self,
        graph: &Context<'_>,
        input: BulkExportRunInput,
    ) -> Result<BulkExportRunPayload> {
        let call = Call::of(graph)?;
        if let Err(fault) = host::rehearse(call, &input.query).await {
            return settle(call, Err(fault.into()));
        }
        act(graph, false, |tx| {
            Box::pin(async move {
                tx.require(job::BULK_EXPORT)?;
                let wanted = BulkExport { query: input.query };
                Ok(Job(job::enqueue(tx, &wanted, Enqueue::default()).await?))
            })
        })
        .await
    }

    /// Runs a mutation once for each line of a file, each line in a transaction of its own, and
    /// each exactly once however often the job is interrupted. Needs an idempotency key.
    async fn bulk_import_run(
        &self,
        graph: &Context<'_>,
        input: BulkImportRunInput,
    ) -> Result<BulkImportRunPayload> {
        let call = Call::of(graph)?;
        if let Err(fault) = require_key(graph, false)? {
            return settle(call, Err(fault));
        }
        if let Err(fault) = host::check_mutation(call, &input.mutation).await {
            return settle(call, Err(fault.into()));
        }
        let store = call.core().services.get::<directory::file::FileStore>();
        let store = store.map_err(|error| crate::failure::of(call, error))?;
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Job(import::want(tx, &store, input).await?)) })
        })
        .await
    }
}
