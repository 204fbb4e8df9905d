//! Why an analysis did not succeed, for programs and for people, and whether to try again.

use std::{error::Error as StdError, iter, time::Duration};

use windlass_analysis::AnalysisError;
use windlass_clamd::ClamdError;
use windlass_image::WalkError;
use windlass_sources::registry::error_in;

/// Longest pause that a registry is granted.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// What is told of an image whose analysis failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For programs: a code of `windlass_sources::registry::Failure`, or one of those below.
    pub(crate) code: &'static str,
    /// For people, with what to do about it.
    pub(crate) reason: String,
    lasting: bool,
    /// Whether the image was read, and what was found could not be saved.
    of_saving: bool,
    /// The pause that whoever refused asked for.
    retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn lasting(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), lasting: true, of_saving: false, retry_after: None }
    }

    fn passing(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), lasting: false, of_saving: false, retry_after: None }
    }

    /// Every worker that tried was never heard of again.
    pub(crate) fn abandoned(attempts: i64) -> Self {
        let reason = format!(
            "{attempts} workers in a row ended while they analysed the image; it may take more memory than they have. \
             Look into their logs, then add the image again with force"
        );
        Self::lasting("ANALYSIS_ABANDONED", reason)
    }

    /// The program is at fault.
    pub(crate) fn crashed() -> Self {
        Self::lasting("ANALYSIS_CRASHED", "the analysis crashed; the log has the place. Please report it")
    }

    pub(crate) fn timed_out(limit: Duration) -> Self {
        let reason = format!(
            "the analysis took longer than the {} s it may take; allow it more time, then add the image again with force",
            limit.as_secs()
        );
        Self::lasting("ANALYSIS_TIMEOUT", reason)
    }

    /// The same, of an image that was read.
    pub(crate) fn of_saving(self) -> Self {
        Self { of_saving: true, ..self }
    }

    pub(crate) fn is_of_saving(&self) -> bool {
        self.of_saving
    }

    pub(crate) fn is_lasting(&self) -> bool {
        self.lasting
    }

    /// How long to wait before the next attempt, if there is to be one after the given number of attempts.
    pub(crate) fn pause(&self, attempts: i64, most: i64) -> Option<Duration> {
        let again = !self.lasting && attempts < most;
        let grown = FIRST_PAUSE * 6_u32.saturating_pow(u32::try_from(attempts.max(1) - 1).unwrap_or(u32::MAX));
        again.then(|| self.retry_after.unwrap_or_default().max(grown).min(LONGEST_PAUSE))
    }
}

impl From<&windlass_sources::Error> for Failure {
    fn from(error: &windlass_sources::Error) -> Self {
        Self {
            code: error.failure().code(),
            reason: error.explained(),
            lasting: !error.is_transient(),
            of_saving: false,
            retry_after: error.retry_after(),
        }
    }
}

impl From<AnalysisError> for Failure {
    fn from(error: AnalysisError) -> Self {
        if let Some(error) = error_in(&error) {
            return error.into();
        }
        let text = explained(&error);
        match error {
            AnalysisError::Malware { .. } => Self::passing("MALWARE_SCAN_FAILED", text),
            AnalysisError::Walk(WalkError::Budget { .. }) => Self::lasting("IMAGE_TOO_LARGE", text),
            AnalysisError::Walk(WalkError::MediaTypes(_)) => Self::lasting("IMAGE_NOT_SUPPORTED", text),
            AnalysisError::Walk(_) | AnalysisError::Config(_) => Self::lasting("IMAGE_MALFORMED", text),
        }
    }
}

impl From<ClamdError> for Failure {
    fn from(error: ClamdError) -> Self {
        Self::passing("MALWARE_SCAN_FAILED", explained(&error))
    }
}

impl From<windlass_store::Error> for Failure {
    fn from(error: windlass_store::Error) -> Self {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        Self::passing("STORAGE_FAILED", explained(&error) + &hint)
    }
}

impl From<windlass_objects::Error> for Failure {
    fn from(error: windlass_objects::Error) -> Self {
        let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        Self::passing("STORAGE_FAILED", explained(&error) + &hint)
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Store(error) => error.into(),
            crate::Error::Objects(error) | crate::Error::Bundle(error) => error.into(),
            crate::Error::Refused(_) | crate::Error::Problem(_) | crate::Error::Broken(_) => {
                Self::lasting("UNKNOWN", error.to_string())
            }
        }
    }
}

/// An error with its causes.
fn explained(error: &dyn StdError) -> String {
    let causes = iter::successors(error.source(), |cause| (**cause).source());
    causes.take(16).fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use windlass_sources::Error;

    use super::*;

    fn limited(seconds: Option<u64>) -> Failure {
        let (registry, message) = ("r.example".to_owned(), "slow down".to_owned());
        (&Error::RateLimited { registry, message, retry_after: seconds.map(Duration::from_secs) }).into()
    }

    #[test]
    fn what_may_pass_is_tried_again_a_little_later_each_time() {
        let pauses = |failure: Failure| [1, 2, 3].map(|attempts| failure.pause(attempts, 3).map(|p| p.as_secs()));
        assert_eq!(pauses(limited(None)), [Some(10), Some(60), None]);
        assert_eq!(pauses(limited(Some(30))), [Some(30), Some(60), None], "as long as the registry asks for");
        assert_eq!(pauses(limited(Some(90_000))), [Some(3600), Some(3600), None]);
        assert_eq!(pauses(Failure::crashed()), [None; 3]);
    }

    #[test]
    fn a_failure_has_a_code_a_reason_and_a_remedy() {
        let failure = limited(None);
        assert_eq!(failure.code, "REGISTRY_NOT_ACCESSIBLE");
        assert!(failure.reason.contains("r.example") && failure.reason.contains("credential"), "{}", failure.reason);
        let what = "manifest".to_owned();
        let gone = Error::NotInRegistry { what, registry: "r.example".into(), message: "unknown".into() };
        let gone = Failure::from(&gone);
        assert_eq!((gone.code, gone.pause(1, 3)), ("REGISTRY_IMAGE_NOT_FOUND", None));
        let layers = WalkError::MediaTypes(Vec::new());
        assert_eq!(Failure::from(AnalysisError::Walk(layers)).code, "IMAGE_NOT_SUPPORTED");
    }
}
