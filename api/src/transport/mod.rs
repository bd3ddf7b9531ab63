//! The transport of the GraphQL door, which knows no domain.
//!
//! A request is announced (`visit`: id, trace, language, address), read (`http`, `socket`),
//! its caller identified (`credentials`) and charged (`rate`), its document found (`documents`),
//! parsed once (`parsed`) and judged (`guard`); only then does the schema see it (`engine`).
//! What comes back is settled (`settle`: codes, request ids, nothing of the inside) and written
//! (`reply`).
//!
//! Invariants: nothing executes before the guard has passed it; a mutation never runs over GET; no
//! text of an internal error leaves; a refusal has a code and a sentence in Spanish and English.

mod admission;
mod credentials;
mod documents;
mod engine;
mod explorer;
mod gate;
mod guard;
mod headers;
mod http;
mod lang;
mod limits;
mod negotiate;
mod origin;
mod parameters;
mod parsed;
mod probes;
mod rate;
mod refusal;
mod reply;
mod router;
mod seats;
mod serve;
mod settle;
mod shutdown;
mod socket;
mod sse;
mod visit;

pub use credentials::{AuthRefusal, Caller, Credentials, Presented, Purpose};
pub use documents::{DocumentStore, TrustedDocuments, document_hash};
pub use gate::Door;
pub use lang::Lang;
pub use limits::{Limits, Settings};
pub use probes::probes;
pub use refusal::{Refusal, Stage, code};
pub use router::router;
pub use serve::serve;
pub use shutdown::Shutdown;
pub use visit::{IdempotencyKey, RequestId, ResumeAfter, TraceParent, Visit, announced};

/// Parses a text that comes in by another way than a request, and holds it to the same limits.
///
/// # Errors
/// A text that is no GraphQL or exceeds a limit.
pub fn judge(
    text: &str,
    limits: &Limits,
) -> Result<async_graphql::parser::types::ExecutableDocument, Refusal> {
    parsed::judged(text, false, limits).map(|(document, _)| document)
}

/// Objects that a document without variables asks for at most.
pub fn objects_asked(document: &async_graphql::parser::types::ExecutableDocument) -> u64 {
    let page_size = Limits::default().page_size;
    let variables = async_graphql::Variables::default();
    document
        .operations
        .iter()
        .map(|(_, operation)| guard::objects(document, &operation.node, &variables, page_size))
        .sum()
}
