//! The log of the service: one line for each thing that happened, on standard error.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io, panic,
};

use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::{Layer, Registry, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::{
    diagnostics::{self, Volume},
    traces::Traces,
};

/// What is logged of libraries, of the service itself, and with each `-v` more.
const LEVELS: [&str; 3] = ["warn,windlass=info", "info,windlass=debug", "debug"];

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: a JSON object.
    Json,
}

/// Starts the log, and the traces of what it is about.
pub(super) fn start(volume: Volume, format: LogFormat, traces: Option<&Traces>) {
    let filter = volume.filter(LEVELS);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => {
            let lines = fmt::layer().with_writer(io::stderr).with_ansi(diagnostics::has_colour()).with_target(false);
            lines.with_filter(filter).boxed()
        }
        LogFormat::Json => {
            let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(io::stderr);
            lines.with_filter(filter).boxed()
        }
    };
    tracing_subscriber::registry().with(lines).with(traces.map(Traces::layer)).init();
    panic::set_hook(Box::new(log_panic));
}

/// A panic is told as everything else is: with its moment, and the request or job that it happened in.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let trace = Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    tracing::error!(panic = panic.payload_as_str(), place, trace, "a part of the program crashed");
}

/// Tells why the service ends, to whoever reads the log.
pub(super) fn log(error: &anyhow::Error) {
    let causes = diagnostics::causes(error);
    let causes = (!causes.is_empty()).then(|| causes.join(": "));
    tracing::error!(%error, causes, hint = diagnostics::advice(error), "the service ends");
}
