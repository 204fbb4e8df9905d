//! Where a receiver reads more: programs in the API, people on the web pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use windlass_v1::webhooks::NotificationType;

use crate::Notice;

/// Addresses under the service's own; none where that is not known.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) vulnerabilities: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evaluation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
}

impl Links {
    pub(crate) fn of(base_url: &str, notice: &Notice) -> Self {
        let base = base_url.trim_end_matches('/');
        if base.is_empty() {
            return Self::default();
        }
        let image =
            notice.facts.digest.as_deref().map(|digest| format!("{base}/v1/images/{}", digest.replace('/', "%2F")));
        let under = |path: String| image.as_ref().map(|image| format!("{image}/{path}"));
        Self {
            vulnerabilities: under("vuln/all".into()).filter(|_| notice.kind == NotificationType::VulnUpdate),
            evaluation: under(format!("check?tag={}", encoded(&notice.subject)))
                .filter(|_| notice.kind == NotificationType::PolicyEval),
            event: match &notice.payload {
                windlass_v1::webhooks::NotificationPayload::EventLog(event) => {
                    Some(format!("{base}/v1/events/{}", encoded(&event.event.generated_uuid)))
                }
                _ => None,
            },
            image,
        }
    }
}

/// The web page of a notice's image.
pub(crate) fn page(base_url: &str, notice: &Notice) -> Option<String> {
    let base = base_url.trim_end_matches('/');
    let digest = notice.facts.digest.as_deref().filter(|_| !base.is_empty())?;
    Some(format!("{base}/#/images/{}", encoded(digest).replace("%3A", ":")))
}

/// A text as one part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, ESCAPED).to_string()
}
