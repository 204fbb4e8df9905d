//! What the service counts, in the text format of Prometheus.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 1800.0];

/// The counters of this process.
#[derive(Clone)]
pub struct Metrics {
    counters: Option<PrometheusHandle>,
    open: bool,
}

impl Metrics {
    /// Installs the recorder of this process.
    ///
    /// # Errors
    /// When one is installed already.
    pub fn install() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
        Ok(Self { counters: Some(handle), open: false })
    }

    /// Counts nothing.
    pub fn none() -> Self {
        Self { counters: None, open: false }
    }

    /// The same, told to anyone who asks: for collectors that cannot log in, on networks where nobody else asks.
    #[must_use]
    pub fn open(self) -> Self {
        Self { open: true, ..self }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Everything counted so far; `None` where nothing is counted.
    pub(crate) fn render(&self) -> Option<String> {
        let handle = self.counters.as_ref()?;
        handle.run_upkeep();
        Some(handle.render())
    }

    pub(crate) fn request(&self, method: &Method, operation: &'static str, status: StatusCode, elapsed: Duration) {
        if self.counters.is_none() {
            return;
        }
        let labels = [
            ("method", method.as_str().to_owned()),
            ("operation", operation.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        metrics::counter!("windlass_http_requests_total", &labels).increment(1);
        metrics::histogram!("windlass_http_request_duration_seconds", &labels).record(elapsed);
    }
}
