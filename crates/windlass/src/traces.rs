//! Traces for OpenTelemetry: what the service did for a request or a job, sent to a collector over OTLP/HTTP.
//!
//! Off unless the standard variables name a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`, or
//! `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`); the other `OTEL_…` variables of exporter, sampler and resource hold as well.

use std::{env, error::Error, fmt, time::Duration};

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use reqwest::blocking::Client;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, registry::LookupSpan};

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// How long a collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends spans to a collector until it is dropped, which sends the last of them.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Nothing where no collector is named.
    pub(crate) fn from_environment() -> anyhow::Result<Option<Self>> {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        if !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let client = Client::builder().timeout(PATIENCE).build().context("there can be no client for traces")?;
        let exporter = SpanExporter::builder().with_http().with_http_client(Collector(client)).build();
        let exporter = exporter.context("OTEL_EXPORTER_OTLP_ENDPOINT names no collector")?;
        let resource = Resource::builder();
        let resource = if is_set("OTEL_SERVICE_NAME") { resource } else { resource.with_service_name("windlass") };
        let provider = SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter);
        // Whoever asks may say which trace the request belongs to.
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self(provider.build())))
    }

    /// What makes spans of those that are entered: our own, from the level at which requests and jobs are told.
    pub(crate) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("windlass"));
        let ours = tracing_subscriber::filter::Targets::new().with_target("windlass", LevelFilter::INFO);
        layer.with_filter(ours)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not delivered");
        }
    }
}

/// Our own client, on the thread that sends: another would bring a second copy of the library.
struct Collector(Client);

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let sent = self.0.request(head.method, head.uri.to_string()).headers(head.headers).body(body).send()?;
        let mut response = Response::builder().status(sent.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(sent.headers());
        }
        Ok(response.body(bounded(sent)?)?)
    }
}

/// What a collector says, of which nobody needs much.
fn bounded(response: reqwest::blocking::Response) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    response.take(64 << 10).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
