//! What a daemon says at the end of a stream.

use windlass_analysis::NotScanned;

/// The signature that was recognised, if any. Source: clamd(8), "COMMANDS".
pub(crate) fn verdict(reply: &str) -> Result<Option<String>, NotScanned> {
    let said = reply.strip_prefix("stream: ").unwrap_or(reply);
    if said == "OK" {
        return Ok(None);
    }
    if let Some(signature) = said.strip_suffix(" FOUND") {
        return Ok(Some(signature.to_owned()));
    }
    let Some(error) = said.strip_suffix("ERROR").map(|error| error.trim_end_matches([' ', '.'])) else {
        return Err(NotScanned::Scanner(format!("clamd answered {reply:?}, which is no verdict")));
    };
    // Limits are about this file, anything else about the daemon.
    if error.to_ascii_lowercase().contains("limit") {
        Err(NotScanned::File(format!("clamd did not scan it: {error}")))
    } else {
        Err(NotScanned::Scanner(format!("clamd reports an error: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_a_verdict_a_limit_or_a_failure() {
        assert_eq!(verdict("stream: OK"), Ok(None));
        assert_eq!(verdict("stream: Win.Test.EICAR_HDB-1 FOUND"), Ok(Some("Win.Test.EICAR_HDB-1".into())));
        let file = |reason: &str| Err(NotScanned::File(reason.into()));
        let scanner = |reason: &str| Err(NotScanned::Scanner(reason.into()));
        assert_eq!(
            verdict("INSTREAM size limit exceeded. ERROR"),
            file("clamd did not scan it: INSTREAM size limit exceeded")
        );
        assert_eq!(
            verdict("stream: Can't create temporary file ERROR"),
            scanner("clamd reports an error: Can't create temporary file")
        );
        assert_eq!(verdict("UNKNOWN COMMAND"), scanner("clamd answered \"UNKNOWN COMMAND\", which is no verdict"));
        assert_eq!(verdict(""), scanner("clamd answered \"\", which is no verdict"));
    }
}
