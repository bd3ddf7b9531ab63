//! What the door says when it refuses: a code, a sentence in the caller's language, a status.

use super::lang::Lang;
use async_graphql::{ErrorExtensionValues, Pos, ServerError, Value};
use axum::http::StatusCode;

/// The codes of top-level errors, in `extensions.code`.
pub mod code {
    /// The document is not GraphQL.
    pub const PARSE: &str = "GRAPHQL_PARSE_FAILED";
    /// The document does not fit the schema.
    pub const VALIDATION: &str = "GRAPHQL_VALIDATION_FAILED";
    /// An argument or variable has a value that can't be used.
    pub const USER_INPUT: &str = "BAD_USER_INPUT";
    /// The request is not a well-formed GraphQL request.
    pub const REQUEST: &str = "BAD_REQUEST";
    /// Credentials are missing, wrong or out of date.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The caller may not do this.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// Too many requests in a minute.
    pub const RATE: &str = "RATE_LIMITED";
    /// The request asks for too many objects.
    pub const COST: &str = "COST_EXCEEDED";
    /// No document is stored under this hash or id.
    pub const DOCUMENT_UNKNOWN: &str = "PERSISTED_QUERY_NOT_FOUND";
    /// Something broke that the caller can't mend.
    pub const INTERNAL: &str = "INTERNAL_SERVER_ERROR";
    /// Only trusted documents are executed here.
    pub const TRUSTED_ONLY: &str = "PERSISTED_QUERY_REQUIRED";
    /// The query text has too many characters.
    pub const TEXT: &str = "QUERY_TOO_LONG";
    /// The query text has too many tokens.
    pub const TOKENS: &str = "TOO_MANY_TOKENS";
    /// Fields nest too deep.
    pub const DEPTH: &str = "DEPTH_EXCEEDED";
    /// An introspection query nests too deep.
    pub const INTROSPECTION: &str = "INTROSPECTION_EXCEEDED";
    /// Brackets or fragments nest too deep.
    pub const RECURSION: &str = "RECURSION_EXCEEDED";
    /// Too many aliases.
    pub const ALIASES: &str = "TOO_MANY_ALIASES";
    /// Too many directives.
    pub const DIRECTIVES: &str = "TOO_MANY_DIRECTIVES";
    /// Too many selections after expanding fragments.
    pub const SELECTIONS: &str = "TOO_MANY_SELECTIONS";
    /// Too many root fields.
    pub const ROOT_FIELDS: &str = "TOO_MANY_ROOT_FIELDS";
    /// Requests are taken one by one.
    pub const BATCH: &str = "BATCH_REFUSED";
    /// The body is too large.
    pub const BODY: &str = "BODY_TOO_LARGE";
    /// Too many operations run on one socket.
    pub const SUBSCRIPTIONS: &str = "TOO_MANY_SUBSCRIPTIONS";
    /// Too many sockets or event streams of one caller.
    pub const SOCKETS: &str = "TOO_MANY_SOCKETS";
    /// The request took too long.
    pub const TIMEOUT: &str = "TIMEOUT";
    /// The server has too much to do.
    pub const OVERLOADED: &str = "OVERLOADED";
}

/// Where a refusal happened, which decides the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before or beside the document: this status whatever the media type.
    Request(StatusCode),
    /// In the document: 400 as `application/graphql-response+json`, 200 as `application/json`.
    Document,
}

/// A refusal of the door, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// One of [`code`].
    pub code: &'static str,
    /// Where it happened.
    pub stage: Stage,
    /// The sentence in Spanish and in English.
    pub(super) sentences: Box<[String; 2]>,
    /// The limit that was passed and what was asked.
    pub limit: Option<(u64, u64)>,
    /// Where in the document.
    pub at: Option<Pos>,
    /// Seconds after which asking again makes sense.
    pub retry_after_s: Option<u64>,
    /// Methods to name in `Allow`.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal of the whole request with one status.
    pub fn request(status: StatusCode, code: &'static str, es: &str, en: &str) -> Self {
        Self::at_stage(Stage::Request(status), code, es.to_owned(), en.to_owned())
    }

    /// A refusal of a malformed request: status 400.
    pub fn malformed(es: &str, en: &str) -> Self {
        Self::request(StatusCode::BAD_REQUEST, code::REQUEST, es, en)
    }

    /// A refusal of the document.
    pub fn document(code: &'static str, es: String, en: String) -> Self {
        Self::at_stage(Stage::Document, code, es, en)
    }

    /// A limit of the document that was passed.
    pub fn limit(code: &'static str, what: (&str, &str), limit: u64, actual: u64) -> Self {
        let (es, en) = what;
        let refusal = Self::document(
            code,
            format!("La consulta pasa del límite de {es}: {actual}, y se admiten {limit}."),
            format!("The query exceeds the limit of {en}: {actual}, and {limit} are allowed."),
        );
        Self {
            limit: Some((limit, actual)),
            ..refusal
        }
    }

    /// The server broke; the cause stays in its log.
    #[must_use]
    pub fn internal() -> Self {
        let [es, en] = INTERNAL_SENTENCES;
        Self::request(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL, es, en)
    }

    /// The server has too much to do now.
    #[must_use]
    pub fn overloaded() -> Self {
        let refusal = Self::request(
            StatusCode::SERVICE_UNAVAILABLE,
            code::OVERLOADED,
            "El servidor está saturado; inténtelo de nuevo en unos segundos.",
            "The server is overloaded; please try again in a few seconds.",
        );
        Self {
            retry_after_s: Some(1),
            ..refusal
        }
    }

    fn at_stage(stage: Stage, code: &'static str, es: String, en: String) -> Self {
        let sentences = Box::new([es, en]);
        Self {
            code,
            stage,
            sentences,
            limit: None,
            at: None,
            retry_after_s: None,
            allow: None,
        }
    }

    /// The sentence in this language.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> &str {
        let [es, en] = self.sentences.as_ref();
        match lang {
            Lang::Es => es,
            Lang::En => en,
        }
    }

    /// The refusal as a GraphQL error.
    #[must_use]
    pub fn error(&self, lang: Lang, request_id: &str) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code);
        extensions.set("requestId", request_id);
        if let Some((limit, actual)) = self.limit {
            extensions.set("limit", limit);
            extensions.set("actual", actual);
        }
        if let Some(after) = self.retry_after_s {
            extensions.set("retryAfter", Value::from(after));
        }
        let mut error = ServerError::new(self.sentence(lang), self.at);
        error.extensions = Some(extensions);
        error
    }
}

/// What is said of a failure whose cause is not for the caller, in Spanish and English.
pub(super) const INTERNAL_SENTENCES: [&str; 2] = [
    "Error interno. Si se repite, dé a soporte el identificador de la petición.",
    "Internal error. If it happens again, give support the request id.",
];
