//! Looking back on what happened (`spec/api.md` A4.11, `spec/operations.md` §3.3).

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use windlass_store::{
    Moment,
    events::{Filter, Level, Model},
    subscriptions::Page,
};
use windlass_v1::events::{
    self, Event, EventBody, EventLevel, EventList, EventResource, EventSource, EventType, ResourceType,
};

use crate::{Error, Result, Tenant};

const LIMIT: u64 = 100;
const LARGEST_LIMIT: u64 = 1000;

/// Which events are asked for; what is not given does not count. Moments are in any common form, and do not belong to what
/// they bound.
#[derive(Clone, Debug, Default)]
pub struct EventFilter<'a> {
    pub source_servicename: Option<&'a str>,
    pub source_hostid: Option<&'a str>,
    pub resource_type: Option<&'a str>,
    pub resource_id: Option<&'a str>,
    /// In any case (F 27); a word that is no level fits none.
    pub level: Option<&'a str>,
    /// `*` stands for anything.
    pub event_type: Option<&'a str>,
    pub since: Option<&'a str>,
    pub before: Option<&'a str>,
}

impl<'a> EventFilter<'a> {
    /// What it means; `None` where nothing can fit it.
    fn read(&self) -> Result<Option<Filter<'a>>> {
        let since = self.since.map(|text| moment("since", text)).transpose()?;
        let before = self.before.map(|text| moment("before", text)).transpose()?;
        if let (Some(since), Some(before)) = (since, before)
            && since >= before
        {
            return Err(Error::invalid("Invalid values for since and before query parameters: since must be earlier"));
        }
        let level = match self.level.map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("info") => Some(Level::Info),
            Some("error") => Some(Level::Error),
            Some(_) => return Ok(None),
        };
        let texts =
            [self.event_type, self.resource_type, self.resource_id, self.source_servicename, self.source_hostid];
        if texts.iter().flatten().any(|text| text.contains('\0')) {
            return Ok(None);
        }
        Ok(Some(Filter {
            kind: self.event_type,
            level,
            resource_kind: self.resource_type,
            resource_id: self.resource_id,
            source_service: self.source_servicename,
            source_host: self.source_hostid,
            since,
            before,
        }))
    }
}

impl Tenant {
    /// A page of the account's events, newest first. Pages are counted from 1.
    pub async fn events(&self, filter: &EventFilter<'_>, page: Option<i64>, limit: Option<i64>) -> Result<EventList> {
        let page = at_least_one("page", page, 1, u64::MAX)?;
        let limit = at_least_one("limit", limit, LIMIT, LARGEST_LIMIT)?;
        let offset = (page - 1).saturating_mul(limit).min(i64::MAX as u64);
        let (rows, more) = match filter.read()? {
            Some(filter) => self.account.events(&filter, Page { offset, limit }).await?,
            None => (Vec::new(), false),
        };
        let results: Vec<Event> = rows.into_iter().filter_map(told).collect();
        Ok(EventList { next_page: more, item_count: results.len(), page, results })
    }

    pub async fn event(&self, id: &str) -> Result<Event> {
        let row = if id.contains('\0') { None } else { self.account.event(id).await? };
        row.and_then(told).ok_or_else(|| Error::not_found(events::NOT_FOUND))
    }

    pub async fn delete_event(&self, id: &str) -> Result<()> {
        let known = !id.contains('\0') && self.account.delete_event(id).await?;
        if known { Ok(()) } else { Err(Error::not_found(events::NOT_FOUND)) }
    }

    /// Deletes the account's events; answers with their ids.
    pub async fn delete_events(&self, filter: &EventFilter<'_>) -> Result<Vec<String>> {
        match filter.read()? {
            Some(filter) => Ok(self.account.delete_events(&filter).await?),
            None => Ok(Vec::new()),
        }
    }
}

fn at_least_one(name: &str, given: Option<i64>, default: u64, most: u64) -> Result<u64> {
    let Some(given) = given else { return Ok(default) };
    match u64::try_from(given) {
        Ok(number) if number > 0 && number <= most => Ok(number),
        _ if most == u64::MAX => {
            Err(Error::invalid(format!("Invalid value for {name} query parameter, must be at least 1")))
        }
        _ => Err(Error::invalid(format!("Invalid value for {name} query parameter, must be between 1 and {most}"))),
    }
}

/// Reads a moment as people and programs write it; without an offset it is UTC.
pub(crate) fn moment(name: &str, text: &str) -> Result<Moment> {
    let trimmed = text.trim();
    let utc = |civil: DateTime| Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let read = trimmed
        .parse::<Timestamp>()
        .ok()
        .or_else(|| trimmed.parse::<DateTime>().ok().and_then(utc))
        .or_else(|| jiff::fmt::rfc2822::parse(trimmed).ok().map(|zoned| zoned.timestamp()))
        .or_else(|| written_out(trimmed).and_then(utc));
    let invalid = || format!("Invalid value for {name} query parameter, must be valid datetime string");
    read.map(Moment::from).ok_or_else(|| Error::invalid(invalid()))
}

/// Reads a date that is no standard's, with or without a time behind it, and what `date` and `ctime` print.
fn written_out(text: &str) -> Option<DateTime> {
    let words = text.replace(',', " ").replace(" UTC", " ");
    let text = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let with_time = |date: &str| {
        let date_alone = Date::strptime(date, &text).map(|date| date.at(0, 0, 0, 0)).ok();
        let timed = |time: &str| DateTime::strptime(format!("{date} {time}"), &text).ok();
        date_alone.or_else(|| timed("%H:%M:%S")).or_else(|| timed("%H:%M"))
    };
    let dates = ["%Y/%m/%d", "%m/%d/%Y", "%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y"];
    dates.into_iter().find_map(with_time).or_else(|| DateTime::strptime("%a %b %d %H:%M:%S %Y", text).ok())
}

/// As the API tells it. Types that only a later version knows are left out.
pub(crate) fn told(row: Model) -> Option<Event> {
    let Some(kind) = EventType::parse(&row.kind) else {
        tracing::warn!(id = row.id, kind = row.kind, "an event has a type that is not known");
        return None;
    };
    let details = serde_json::from_str(&row.details).unwrap_or_default();
    Some(Event {
        generated_uuid: row.id,
        created_at: Timestamp::from(row.created_at).into(),
        event: EventBody {
            kind,
            level: match row.level {
                Level::Info => EventLevel::Info,
                Level::Error => EventLevel::Error,
            },
            message: row.message,
            timestamp: Timestamp::from(row.occurred_at).into(),
            details: events::details_of(details),
            resource: EventResource {
                user_id: row.account,
                id: row.resource_id,
                kind: row.resource_kind.as_deref().and_then(ResourceType::parse).unwrap_or(kind.resource_type()),
            },
            source: EventSource {
                servicename: row.source_service,
                hostid: row.source_host,
                base_url: row.source_base_url,
                request_id: row.request_id,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_common_forms() {
        let expected = "2021-06-04T02:27:35Z".parse::<Timestamp>().map(Moment::from).unwrap();
        for text in [
            "2021-06-04T02:27:35Z",
            "2021-06-04T04:27:35+02:00",
            "2021-06-04T02:27:35",
            "2021-06-04 02:27:35",
            "2021/06/04 02:27:35",
            "Fri, 04 Jun 2021 02:27:35 +0000",
            " 2021-06-04T02:27:35.000000Z ",
            "Jun 4 2021 02:27:35",
            "June 4, 2021, 02:27:35",
            "4 Jun 2021 02:27:35 UTC",
            "Fri Jun  4 02:27:35 UTC 2021",
        ] {
            assert_eq!(moment("since", text).unwrap(), expected, "{text}");
        }
        let midnight = "2021-06-04T00:00:00Z".parse::<Timestamp>().map(Moment::from).unwrap();
        let days =
            ["2021-06-04", "2021/06/04", "06/04/2021", "Jun 04 2021", "jun 4, 2021", "4 June 2021", "Jun 4 2021 00:00"];
        for text in days {
            assert_eq!(moment("since", text).unwrap(), midnight, "{text}");
        }
        for text in ["", "xx", "yesterday", "2021-13-04", "99999999999999999999"] {
            let error = moment("since", text).unwrap_err().to_string();
            assert_eq!(error, "Invalid value for since query parameter, must be valid datetime string", "{text}");
        }
    }
}
