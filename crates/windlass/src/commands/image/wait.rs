//! `windlass image wait IMAGE`

use std::time::Duration;

use clap::Args;
use windlass_client::{Error, ImageName, Patience, Payload, Standing, SystemClock, views::Image, wait};

use super::record;
use crate::{
    Outcome,
    service::{Progress, Session},
};

#[derive(Args)]
pub(super) struct WaitArguments {
    /// A tag, a digest, or an image id.
    image: String,
    #[command(flatten)]
    patience: PatienceArguments,
    /// Exit with 1 if the analysis failed; without this, that is an end like another.
    #[arg(long)]
    fail_on_analysis_failed: bool,
}

/// How long and how often to ask.
#[derive(Args)]
pub(crate) struct PatienceArguments {
    /// Seconds to wait; less than 0 is for ever, 0 asks once.
    #[arg(long, value_name = "SECONDS", default_value = "-1", allow_negative_numbers = true)]
    timeout: f64,
    /// Seconds between two requests.
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    interval: f64,
}

impl PatienceArguments {
    pub(crate) fn patience(&self) -> anyhow::Result<Patience> {
        let seconds = |seconds: f64, option: &str| {
            Duration::try_from_secs_f64(seconds).map_err(|_| anyhow::anyhow!("{option} cannot be {seconds} seconds"))
        };
        let timeout = (self.timeout >= 0.0).then(|| seconds(self.timeout, "--timeout")).transpose()?;
        Ok(Patience { timeout, interval: seconds(self.interval, "--interval")? })
    }
}

pub(super) fn run(arguments: &WaitArguments, session: &Session) -> anyhow::Result<Outcome> {
    let mut progress = Progress::start();
    let what = format!("{} was not analysed", arguments.image);
    let ended = wait(
        arguments.patience.patience()?,
        &SystemClock::default(),
        &what,
        || standing(session, &arguments.image),
        |standing| progress.show(standing),
    );
    drop(progress);
    match ended {
        Ok((record, has_failed)) => {
            session.print(&record, record::write)?;
            let fails = has_failed && arguments.fail_on_analysis_failed;
            Ok(if fails { Outcome::GateFailed } else { Outcome::Fine })
        }
        // Scripts tell by 2 that there is nothing to wait for (`spec/api.md` B6).
        Err(error) => {
            session.report(error);
            Ok(Outcome::Unusable)
        }
    }
}

/// The record once the analysis has ended, and whether it failed.
fn standing(session: &Session, wanted: &str) -> Result<Standing<(Payload, bool)>, Error> {
    let record = ImageName::parse(wanted).find(&session.service, false)?;
    let images: Vec<Image> = record.read_or_default();
    let image = images.first().ok_or_else(|| Error::UnknownImage(wanted.to_owned()))?;
    Ok(match image.analysis_status.as_str() {
        "analyzed" => Standing::Reached((record, false)),
        "analysis_failed" => Standing::Reached((record, true)),
        other => Standing::Waiting(format!("Status: {other}")),
    })
}
