//! What the service counts, in the text format of Prometheus.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0, 1800.0];

/// What is told of each name.
const DESCRIBED: &[(&str, &str)] = &[
    ("windlass_info", "The version of the program; always 1."),
    ("windlass_http_requests_total", "Requests that were answered."),
    ("windlass_http_request_duration_seconds", "How long the beginning of an answer took."),
    ("windlass_jobs", "Jobs that wait, run, or were given up, of the whole service."),
    ("windlass_job_overdue_seconds", "How long ago the job was due that has waited longest, of the whole service."),
    ("windlass_jobs_total", "Jobs that this process worked at."),
    ("windlass_job_duration_seconds", "How long this process worked at a job."),
    ("windlass_analyses_total", "Analyses of images by this process."),
    ("windlass_analysis_duration_seconds", "How long an analysis took."),
    ("windlass_evaluations_total", "Verdicts that this process made, or found to hold still."),
    ("windlass_evaluation_duration_seconds", "How long making a verdict took."),
    ("windlass_schedule_runs_total", "Runs of what recurs by this process."),
    ("windlass_schedule_run_duration_seconds", "How long a run of what recurs took."),
    ("windlass_notices_total", "Notices that were routed by this process."),
    ("windlass_notices_waiting", "Notices for which it is not decided yet who is told, of the whole service."),
    ("windlass_deliveries", "Deliveries of notices that wait, or were given up, of the whole service."),
    ("windlass_deliveries_total", "Attempts of this process to deliver notices."),
    ("windlass_delivery_duration_seconds", "How long an attempt to deliver took."),
    (
        "windlass_vulnerability_data_age_seconds",
        "How long ago the vulnerability data was built that is in force, and that this process has open.",
    ),
    ("windlass_database_up", "Whether the database answered: 1 or 0."),
    ("windlass_database_connections", "Connections of this process to the database."),
    ("windlass_database_connections_limit", "Connections to the database that this process may have."),
];

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
        for (name, what) in DESCRIBED {
            // The exporter looks descriptions up by name, whatever kind they were given for.
            metrics::describe_gauge!(*name, *what);
        }
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

    /// Whether anything is counted.
    pub(crate) fn count(&self) -> bool {
        self.counters.is_some()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_documented() {
        let documented = include_str!("../../../docs/monitoring.md");
        for (name, _) in DESCRIBED {
            assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/monitoring.md");
        }
    }
}
