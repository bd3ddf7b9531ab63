//! Traces that go on from request to job: the W3C trace context as text.

use std::collections::HashMap;

use opentelemetry::global;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const HEADER: &str = "traceparent";

/// The trace context of the current span as a `traceparent`, when it is traced.
pub fn current() -> Option<String> {
    let mut carrier = HashMap::new();
    let context = Span::current().context();
    global::get_text_map_propagator(|it| it.inject_context(&context, &mut carrier));
    carrier.remove(HEADER)
}

/// Makes a span part of the trace of a `traceparent`.
pub fn adopt(span: &Span, traceparent: &str) {
    let carrier = HashMap::from([(HEADER.to_owned(), traceparent.to_owned())]);
    let parent = global::get_text_map_propagator(|it| it.extract(&carrier));
    let _ = span.set_parent(parent);
}
