//! What an endpoint is told of, and when.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::{events::EventLevel, vulnerabilities::SeverityName, webhooks::NotificationType};

/// Longest pattern, and most patterns of a list.
const PATTERN_LIMIT: usize = 512;
const LIST_LIMIT: usize = 100;
/// Minutes.
const DAY: u32 = 1440;

/// What an endpoint is told of, and when. What is not given does not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"vulnerabilities": {"min_severity": "High", "fix_available": true}, "window": {"every_minutes": 60}}))]
pub struct Routing {
    /// Types of notices; where there are none, all but `event_log`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub types: Vec<NotificationType>,
    #[schema(required = false)]
    pub events: EventRouting,
    #[schema(required = false)]
    pub images: ImageRouting,
    #[schema(required = false)]
    pub vulnerabilities: VulnerabilityRouting,
    #[schema(required = false)]
    pub verdicts: VerdictRouting,
    /// When notices are sent that have passed.
    #[schema(required = false)]
    pub window: Window,
    /// Whether what is told of the vulnerabilities of many images within a minute becomes one message.
    #[schema(required = false, default = false)]
    pub collapse: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub quiet_hours: Option<QuietHours>,
    /// An IANA name, for times of day; UTC if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Europe/Berlin")]
    pub time_zone: Option<String>,
}

/// Which events, where the types hold `event_log`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventRouting {
    /// Patterns of event types; `*` stands for anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100, example = json!(["system.feeds.*"]))]
    pub types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub levels: Vec<EventLevel>,
}

/// Which images, by patterns in which `*` stands for anything; one of each list has to fit. What is about no image passes
/// only where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImageRouting {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100)]
    pub registries: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100, example = json!(["team/*"]))]
    pub repositories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100)]
    pub tags: Vec<String>,
}

/// Which vulnerabilities. A notice of type `vuln_update` passes if one of its vulnerabilities does, and tells only those that
/// do; what was sent to webhooks of the original is told whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VulnerabilityRouting {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub min_severity: Option<SeverityName>,
    /// Only those that are known to be exploited.
    #[schema(required = false, default = false)]
    pub kev: bool,
    /// The least probability of exploitation within 30 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0, maximum = 1)]
    pub min_epss: Option<f64>,
    /// Only those that a newer version fixes.
    #[schema(required = false, default = false)]
    pub fix_available: bool,
    /// Only those that came, none that changed or went.
    #[schema(required = false, default = false)]
    pub added: bool,
}

/// Which changes of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerdictRouting {
    /// Only those from pass to fail and back: `go` and `warn` both pass.
    #[schema(required = false, default = false)]
    pub flips: bool,
    /// Minutes that a change is held: where the verdict is by then what it was before, or where only flips are wanted passes or
    /// fails as before, nothing is told.
    #[schema(required = false, default = 0, maximum = 1440)]
    pub damping_minutes: u32,
}

/// When notices are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// At once.
    #[default]
    Immediate,
    /// Gathered, and sent whenever so many minutes of the day are over, 1 to 1440: 60 is on the hour.
    EveryMinutes(u32),
    /// Gathered, and sent daily at that time.
    DailyAt(TimeOfDay),
}

/// Hours in which nothing is sent. What happens meanwhile is sent when they are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    pub from: TimeOfDay,
    /// Where it is earlier than the beginning, of the next day.
    pub to: TimeOfDay,
    /// Whether vulnerabilities that are critical, or known to be exploited, are told all the same.
    #[serde(default)]
    #[schema(required = false, default = false)]
    pub except_urgent: bool,
}

/// Hour and minute of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    minutes: u32,
}

impl PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("Hour and minute of a day."))
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .examples(["09:00"])
            .into()
    }
}

impl ToSchema for TimeOfDay {}

impl TimeOfDay {
    /// `None` where a day has no such time.
    pub fn new(hour: u32, minute: u32) -> Option<Self> {
        (hour < 24 && minute < 60).then_some(Self { minutes: hour * 60 + minute })
    }

    /// Since midnight.
    pub fn minutes(self) -> u32 {
        self.minutes
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
        let read = text.split_once(':').and_then(|(hour, minute)| Self::new(digits(hour)?, digits(minute)?));
        read.ok_or_else(|| D::Error::custom(format!("{text:?} is no time of day: write HH:MM, as 09:00")))
    }
}

/// What is wrong with a routing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("routing.{field}: {reason}")]
pub struct RoutingProblem {
    pub field: &'static str,
    pub reason: String,
}

impl Routing {
    /// What a schema cannot say.
    ///
    /// # Errors
    /// What has to be put right first.
    pub fn check(&self) -> Result<(), RoutingProblem> {
        let problem = |field, reason: String| Err(RoutingProblem { field, reason });
        let lists = [
            ("events.types", &self.events.types),
            ("images.registries", &self.images.registries),
            ("images.repositories", &self.images.repositories),
            ("images.tags", &self.images.tags),
        ];
        for (field, patterns) in lists {
            if patterns.len() > LIST_LIMIT {
                return problem(field, format!("these are more than {LIST_LIMIT} patterns"));
            }
            if patterns.iter().any(|pattern| pattern.len() > PATTERN_LIMIT || pattern.contains('\0')) {
                return problem(field, format!("a pattern has at most {PATTERN_LIMIT} bytes, none of them NUL"));
            }
        }
        let chooses_events = !self.events.types.is_empty() || !self.events.levels.is_empty();
        if chooses_events && !self.types.contains(&NotificationType::EventLog) {
            return problem("events", "it chooses among events, which are not told: add event_log to types".into());
        }
        if self.vulnerabilities.min_epss.is_some_and(|least| !(0.0..=1.0).contains(&least)) {
            return problem("vulnerabilities.min_epss", "a probability is from 0 to 1".into());
        }
        if self.verdicts.damping_minutes > DAY {
            return problem("verdicts.damping_minutes", format!("it is more than a day, {DAY} minutes"));
        }
        if let Window::EveryMinutes(minutes) = self.window
            && !(1..=DAY).contains(&minutes)
        {
            return problem("window.every_minutes", format!("{minutes} is not from 1 to {DAY}"));
        }
        if self.quiet_hours.is_some_and(|hours| hours.from == hours.to) {
            return problem(
                "quiet_hours",
                "they begin when they end: disable the endpoint if it shall be quiet for ever".into(),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_routing_is_what_was_written_and_no_more() {
        let written = json!({
            "types": ["vuln_update"], "events": {}, "images": {"tags": ["v*"]},
            "vulnerabilities": {"min_severity": "High", "kev": false, "fix_available": true, "added": false},
            "verdicts": {"flips": true, "damping_minutes": 10}, "window": {"daily_at": "09:05"}, "collapse": false,
            "quiet_hours": {"from": "22:00", "to": "07:30", "except_urgent": true}, "time_zone": "Europe/Berlin",
        });
        let routing: Routing = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(json!(routing), written);
        assert_eq!(serde_json::from_value::<Routing>(json!({})).unwrap(), Routing::default());
        for wrong in [
            json!({"type": ["vuln_update"]}),
            json!({"window": "weekly"}),
            json!({"window": {"daily_at": "9:5"}}),
            json!({"window": {"daily_at": "24:00"}}),
            json!({"quiet_hours": {"from": "22:00"}}),
            json!({"vulnerabilities": {"min_severity": "Severe"}}),
        ] {
            assert!(serde_json::from_value::<Routing>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_is_told() {
        let noon = TimeOfDay::new(12, 0).unwrap();
        let quiet = QuietHours { from: noon, to: noon, except_urgent: false };
        for (routing, field) in [
            (Routing { window: Window::EveryMinutes(0), ..Routing::default() }, "window.every_minutes"),
            (
                Routing {
                    types: vec![NotificationType::TagUpdate],
                    events: EventRouting { types: vec!["system.*".into()], ..Default::default() },
                    ..Routing::default()
                },
                "events",
            ),
            (Routing { quiet_hours: Some(quiet), ..Routing::default() }, "quiet_hours"),
            (
                Routing {
                    vulnerabilities: VulnerabilityRouting { min_epss: Some(f64::NAN), ..Default::default() },
                    ..Routing::default()
                },
                "vulnerabilities.min_epss",
            ),
            (
                Routing {
                    images: ImageRouting { tags: vec!["*".into(); 101], ..Default::default() },
                    ..Routing::default()
                },
                "images.tags",
            ),
        ] {
            assert_eq!(routing.check().unwrap_err().field, field);
        }
        assert_eq!(Routing::default().check(), Ok(()));
    }
}
