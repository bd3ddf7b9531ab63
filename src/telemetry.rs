//! Logs, traces and metrics of the process.
//!
//! Logs are pretty at a terminal and JSON elsewhere. Traces leave by OTLP over HTTP only where a
//! collector is configured; the W3C propagator is always installed, so that a request's trace
//! reaches the job that it starts. Metrics are kept for Prometheus to read.

use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::settings::{LogFormat, Telemetry as TelemetrySettings};

/// Buckets of every duration in seconds: from a cached read to a long job.
const SECONDS: &[f64] = &[
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// Holds the exporters. Dropping it sends what is still buffered: keep it until the end.
pub struct Telemetry {
    /// Renders the metrics for `/metrics`.
    pub metrics: PrometheusHandle,
    tracer: Option<SdkTracerProvider>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(tracer) = &self.tracer
            && let Err(error) = tracer.shutdown()
        {
            crate::say::aside(&format!("trastienda: OpenTelemetry: {error}"));
        }
    }
}

/// Installs the process-wide subscriber, propagator and recorder. Call it once, outside of any
/// asynchronous runtime: the exporter's blocking client must not be built inside one.
///
/// # Errors
/// An unreadable filter or endpoint, a log file that cannot be opened, or a second call.
pub fn install(
    settings: &TelemetrySettings,
    role: &str,
    file: Option<&Path>,
) -> anyhow::Result<Telemetry> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let tracer = settings
        .otlp_endpoint
        .as_deref()
        .map(|endpoint| tracer(endpoint, settings.trace_ratio, role))
        .transpose()?;
    let spans = tracer
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("trastienda")));
    tracing_subscriber::registry()
        .with(filter(&settings.log)?)
        .with(spans)
        .with(log(settings.format, file)?)
        .try_init()
        .context("the log is already installed")?;
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .install_recorder()
        .context("the metrics recorder is already installed")?;
    Ok(Telemetry { metrics, tracer })
}

/// What GraphQL's library tells of itself: a span a loaded record, unless somebody asks for them.
const QUIET: &str = "async_graphql=warn";

fn filter(configured: &str) -> anyhow::Result<EnvFilter> {
    let text = std::env::var("RUST_LOG")
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| configured.to_owned());
    EnvFilter::try_new(format!("{QUIET},{text}")).with_context(|| format!("log filter {text:?}"))
}

/// To the file as JSON, where one is given; to standard error otherwise.
fn log<S>(format: LogFormat, file: Option<&Path>) -> anyhow::Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    if let Some(path) = file {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(|| format!("{}", path.display()))?;
        let layer = tracing_subscriber::fmt::layer().with_writer(Mutex::new(file));
        return Ok(layer.json().flatten_event(true).boxed());
    }
    let terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    Ok(match format {
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
        LogFormat::Auto if !terminal => layer.json().flatten_event(true).boxed(),
        LogFormat::Auto | LogFormat::Pretty => layer.with_ansi(terminal).compact().boxed(),
    })
}

fn tracer(endpoint: &str, ratio: f64, role: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .with_context(|| format!("OpenTelemetry collector {endpoint}"))?;
    let resource = Resource::builder()
        .with_service_name("trastienda")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("trastienda.role", role.to_owned()),
        ])
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            ratio,
        ))))
        .with_resource(resource)
        .build();
    opentelemetry::global::set_tracer_provider(provider.clone());
    Ok(provider)
}
