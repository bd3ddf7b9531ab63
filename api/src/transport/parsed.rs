//! Parsed documents by the hash of their text: parsing is more than half of GraphQL's own time.

use super::{
    documents::{Digest, digest},
    guard::{Measure, measure, scan, scan_nesting},
    limits::Limits,
    refusal::{Refusal, code},
};
use async_graphql::{
    ServerError, Value, Variables,
    parser::{
        parse_query,
        types::{
            BaseType, DocumentOperations, ExecutableDocument, OperationDefinition, Type,
            VariableDefinition,
        },
    },
};
use quick_cache::{Weighter, sync::Cache};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Bytes of text a kept document has on average; the cache is bounded by text, not by number.
const TYPICAL_BYTES: u64 = 2_048;

/// A document that was parsed and measured.
pub(super) struct Document {
    pub hash: Digest,
    pub parsed: ExecutableDocument,
    measure: Measure,
    bytes: u64,
    /// Whether it passed validation against the schema before.
    valid: AtomicBool,
}

impl Document {
    /// The operation to run.
    pub fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, Refusal> {
        match (&self.parsed.operations, name) {
            (DocumentOperations::Single(operation), None) => Ok(&operation.node),
            (DocumentOperations::Multiple(several), None) if several.len() == 1 => several
                .values()
                .next()
                .map(|o| &o.node)
                .ok_or_else(unknown_operation),
            (DocumentOperations::Multiple(several), Some(name)) => several
                .get(name)
                .map(|o| &o.node)
                .ok_or_else(unknown_operation),
            (DocumentOperations::Multiple(_), None) => Err(nameless_operation()),
            (DocumentOperations::Single(_), Some(_)) => Err(unknown_operation()),
        }
    }

    /// Whether validation can say nothing new: it passed once, and these variables can't fail it.
    pub fn is_settled(&self, operation: &OperationDefinition, variables: &Variables) -> bool {
        self.valid.load(Ordering::Relaxed)
            && operation
                .variable_definitions
                .iter()
                .all(|d| conforms(&d.node, variables))
    }

    /// Remembers that the document passed validation.
    pub fn mark_valid(&self) {
        self.valid.store(true, Ordering::Relaxed);
    }
}

/// The documents parsed lately.
pub(super) struct ParsedDocuments {
    kept: Cache<Digest, Arc<Document>, ByText>,
}

#[derive(Clone)]
struct ByText;

impl Weighter<Digest, Arc<Document>> for ByText {
    fn weight(&self, _: &Digest, document: &Arc<Document>) -> u64 {
        document.bytes.max(1)
    }
}

impl ParsedDocuments {
    pub fn new(room: usize) -> Self {
        let bytes = u64::try_from(room)
            .unwrap_or(u64::MAX)
            .saturating_mul(TYPICAL_BYTES);
        Self {
            kept: Cache::with_weighter(room, bytes, ByText),
        }
    }

    /// Parses a text, or finds it parsed, and holds it to the limits.
    pub fn read(
        &self,
        text: &str,
        trusted: bool,
        limits: &Limits,
    ) -> Result<Arc<Document>, Refusal> {
        let hash = digest(text);
        if let Some(document) = self.kept.get(&hash) {
            document.measure.enforce(limits, trusted)?;
            return Ok(document);
        }
        let (parsed, measure) = judged(text, trusted, limits)?;
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let valid = AtomicBool::new(false);
        let document = Arc::new(Document {
            hash,
            parsed,
            measure,
            bytes,
            valid,
        });
        self.kept.insert(hash, Arc::clone(&document));
        Ok(document)
    }
}

/// Parses a text and holds it to the limits, before anything is validated or executed.
pub(super) fn judged(
    text: &str,
    trusted: bool,
    limits: &Limits,
) -> Result<(ExecutableDocument, Measure), Refusal> {
    if trusted {
        scan_nesting(text, limits)
    } else {
        scan(text, limits)
    }?;
    let parsed = parse_query(text).map_err(|error| unparsable(error.into()))?;
    let measure = measure(&parsed)?;
    measure.enforce(limits, trusted)?;
    Ok((parsed, measure))
}

/// Whether a variable is of a built-in scalar type, or a list of one, and its value fits.
///
/// Enumerations, inputs and custom scalars are left to validation.
fn conforms(definition: &VariableDefinition, variables: &Variables) -> bool {
    let given = variables.get(&definition.name.node);
    match given.or_else(|| definition.default_value()) {
        Some(value) => fits(&definition.var_type.node, value),
        None => false,
    }
}

fn fits(of: &Type, value: &Value) -> bool {
    match (&of.base, value) {
        (_, Value::Null) => of.nullable,
        (BaseType::List(inner), Value::List(items)) => items.iter().all(|item| fits(inner, item)),
        (BaseType::List(_), _) => false,
        (BaseType::Named(name), value) => match (name.as_str(), value) {
            ("ID" | "String", Value::String(_)) | ("Boolean", Value::Boolean(_)) => true,
            ("Int", Value::Number(n)) => n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            _ => false,
        },
    }
}

fn unparsable(error: ServerError) -> Refusal {
    let at = error.locations.first().copied();
    let refusal = Refusal::document(
        code::PARSE,
        format!("La consulta no es GraphQL correcto: {}", error.message),
        format!("The query is not correct GraphQL: {}", error.message),
    );
    Refusal { at, ..refusal }
}

fn unknown_operation() -> Refusal {
    Refusal::document(
        code::REQUEST,
        "La consulta no tiene ninguna operación con ese operationName.".to_owned(),
        "The query has no operation of that operationName.".to_owned(),
    )
}

fn nameless_operation() -> Refusal {
    Refusal::document(
        code::REQUEST,
        "La consulta tiene varias operaciones: indique operationName.".to_owned(),
        "The query has several operations: give operationName.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Arc<Document>, Refusal> {
        ParsedDocuments::new(10).read(text, false, &Limits::default())
    }

    #[test]
    fn a_document_is_parsed_once() {
        let documents = ParsedDocuments::new(10);
        let limits = Limits::default();
        let first = documents.read("{ a }", false, &limits).unwrap();
        let again = documents.read("{ a }", false, &limits).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
    }

    #[test]
    fn trusted_documents_are_exempt_and_strangers_are_not_even_when_it_is_cached() {
        let documents = ParsedDocuments::new(10);
        let limits = Limits::default();
        let deep = "{a{a{a{a{a{a{a{a{a{a}}}}}}}}}}";
        assert!(documents.read(deep, true, &limits).is_ok());
        assert_eq!(
            documents.read(deep, false, &limits).err().unwrap().code,
            code::DEPTH
        );
        let long = format!("{{ a }} #{}", "x".repeat(20_000));
        assert!(documents.read(&long, true, &limits).is_ok());
    }

    #[test]
    fn the_operation_is_found_by_name() {
        assert!(read("{ a }").unwrap().operation(None).is_ok());
        assert!(read("query A { a }").unwrap().operation(None).is_ok());
        let both = read("query A { a } query B { b }").unwrap();
        assert!(both.operation(Some("B")).is_ok());
        assert_eq!(both.operation(None).unwrap_err().code, code::REQUEST);
        assert_eq!(both.operation(Some("C")).unwrap_err().code, code::REQUEST);
        let refusal = read("{ a").err().unwrap();
        assert_eq!((refusal.code, refusal.at.is_some()), (code::PARSE, true));
    }

    #[test]
    fn validation_is_skipped_only_when_variables_can_not_fail_it() {
        let document = read("query($id: ID!, $n: Int = 3, $l: [String!]) { a }").unwrap();
        let operation = document.operation(None).unwrap();
        let settled = |v| document.is_settled(operation, &Variables::from_json(v));
        assert!(
            !settled(serde_json::json!({ "id": "x" })),
            "never validated"
        );
        document.mark_valid();
        for (variables, expected) in [
            (serde_json::json!({ "id": "x" }), true),
            (serde_json::json!({ "id": "x", "n": 5, "l": ["a"] }), true),
            (serde_json::json!({}), false),
            (serde_json::json!({ "id": null }), false),
            (
                serde_json::json!({ "id": "x", "n": 5_000_000_000u64 }),
                false,
            ),
            (serde_json::json!({ "id": "x", "l": [null] }), false),
        ] {
            assert_eq!(settled(variables.clone()), expected, "{variables}");
        }
        let custom = read("query($d: Date) { a }").unwrap();
        custom.mark_valid();
        let given = Variables::from_json(serde_json::json!({ "d": "2026-01-01" }));
        assert!(!custom.is_settled(custom.operation(None).unwrap(), &given));
    }
}
