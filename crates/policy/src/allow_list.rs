//! Allow-lists (`whitelists`): findings that an organisation has decided to live with (`spec/policy.md` §1.3, §3.7).

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::{Failure, Problem, VoidIf, compile, pyrepr, selector::Selector};

/// A list that is ready to be applied.
#[derive(Debug)]
pub struct AllowList {
    pub id: String,
    pub name: Option<String>,
    pub items: Vec<AllowListItem>,
    index: Index,
}

/// One accepted finding, or a pattern over findings.
#[derive(Debug)]
pub struct AllowListItem {
    pub id: Option<String>,
    /// Lower case; items for gates that do not exist never match.
    pub gate: String,
    pub trigger_id: String,
    /// From this moment on the item is inert.
    pub expires_on: Option<Timestamp>,
    /// Why it was accepted.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What ends it before it expires.
    pub void_if: VoidIf,
    /// The item as it was given.
    pub document: Value,
    /// JSON pointer to it in the bundle as it was given.
    pub pointer: String,
    pub(crate) selector: Selector,
}

/// Which items can match an id, by what the id begins with: lists of ten thousand items cost no more than those that
/// can match.
#[derive(Debug, Default)]
struct Index {
    /// Items by literal beginning, in document order.
    by_prefix: HashMap<String, Vec<usize>>,
    /// Of these beginnings, each once.
    lengths: Vec<usize>,
}

/// Forms of `expires_on`: seconds, a fraction after a dot, a fraction after a third colon.
const FORMATS: &str = "['%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%S:%fZ']";

impl AllowList {
    pub(crate) fn build(list: &Value, pointer: &str) -> Result<Self, Problem> {
        compile::check_version(list, pointer)?;
        let items = match list.get("items") {
            None => &[][..],
            Some(Value::Array(items)) => items,
            Some(_) => return Err(compile::not_iterable(&format!("{pointer}/items"))),
        };
        let items: Vec<AllowListItem> = items
            .iter()
            .enumerate()
            .map(|(index, item)| AllowListItem::build(item, &format!("{pointer}/items/{index}")))
            .collect::<Result<_, _>>()?;
        let mut index = Index::default();
        for (position, item) in items.iter().enumerate() {
            let prefix = item.selector.prefix();
            if !index.lengths.contains(&prefix.len()) {
                index.lengths.push(prefix.len());
            }
            index.by_prefix.entry(prefix.to_owned()).or_default().push(position);
        }
        let text = |member: &str| list.get(member).and_then(Value::as_str).map(str::to_owned);
        Ok(Self { id: text("id").unwrap_or_default(), name: text("name"), items, index })
    }

    /// The items that cover a finding of that gate and id at that time, in document order; an item whose pattern cannot
    /// be used fails in its place.
    pub(crate) fn covering<'l>(
        &'l self,
        gate: &str,
        id: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = Result<&'l AllowListItem, (&'l AllowListItem, Failure)>> {
        let candidates = self.index.candidates(id).into_iter().map(|position| &self.items[position]);
        candidates.filter(move |item| item.gate == gate && !item.is_expired(now)).filter_map(move |item| {
            match item.matches(id) {
                Ok(matches) => matches.then_some(Ok(item)),
                Err(failure) => Some(Err((item, failure))),
            }
        })
    }
}

impl Index {
    /// Positions of the items whose literal beginning is one of the text's, in document order.
    fn candidates(&self, text: &str) -> Vec<usize> {
        let prefixes = self.lengths.iter().filter_map(|&length| text.get(..length));
        let mut found: Vec<usize> =
            prefixes.filter_map(|prefix| self.by_prefix.get(prefix)).flatten().copied().collect();
        found.sort_unstable();
        found
    }
}

impl AllowListItem {
    fn build(item: &Value, pointer: &str) -> Result<Self, Problem> {
        let text = |member: &str| item.get(member).and_then(Value::as_str);
        let Some(gate) = text("gate") else {
            let details = "'NoneType' object has no attribute 'lower'";
            return Err(Problem::error("AttributeError", details, pointer).with_hint("the item has no gate"));
        };
        let expires_on = match item.get("expires_on") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(given) => Some(given.as_str().and_then(moment).ok_or_else(|| {
                let given = given.as_str().map_or_else(|| pyrepr::value(given), str::to_owned);
                let details =
                    format!("could not convert input value ({given}) into datetime using formats in {FORMATS}");
                Problem::error("Exception", details, &format!("{pointer}/expires_on"))
            })?),
        };
        let void_if = match item.get("void_if") {
            None | Some(Value::Null) => VoidIf::default(),
            Some(conditions) => VoidIf::build(conditions, &format!("{pointer}/void_if"))?,
        };
        // An item without an id to match is as good as none; the original crashed over it.
        let trigger_id = text("trigger_id").unwrap_or_default();
        Ok(Self {
            id: text("id").map(str::to_owned),
            gate: gate.to_lowercase(),
            trigger_id: trigger_id.to_owned(),
            expires_on,
            reason: text("reason").map(str::to_owned),
            owner: text("owner").map(str::to_owned),
            void_if,
            document: item.clone(),
            pointer: pointer.to_owned(),
            selector: Selector::new(trigger_id),
        })
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_on.is_some_and(|expires| now >= expires)
    }

    fn matches(&self, id: &str) -> Result<bool, Failure> {
        Ok(self.trigger_id == id || self.selector.matches(id)?)
    }
}

/// Reads the three forms of a moment in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let (clock, fraction) = match time.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => match time.match_indices(':').nth(2) {
            Some((at, _)) => (&time[..at], Some(&time[at + 1..])),
            None => (time, None),
        },
    };
    let nanosecond = match fraction {
        None => 0,
        Some(digits) if (1..=6).contains(&digits.len()) => {
            format!("{digits:0<9}").parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?
        }
        Some(_) => return None,
    };
    let number = |text: &str| -> Option<i16> {
        (1..=4).contains(&text.len()).then_some(()).filter(|()| text.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse().ok()
    };
    let small = |text: &str| i8::try_from(number(text).filter(|_| text.len() <= 2)?).ok();
    let [year, month, day] = parts(date, '-')?;
    let [hour, minute, second] = parts(clock, ':')?;
    let date = jiff::civil::Date::new(number(year).filter(|_| year.len() == 4)?, small(month)?, small(day)?).ok()?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, nanosecond).ok()?;
    date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn parts(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(items: &[Value]) -> Value {
        json!({"id": "w", "version": "1_0", "items": items})
    }

    #[test]
    fn moments_of_expiry_have_three_forms() {
        for (text, expected) in [
            ("2020-12-31T23:59:59Z", Some("2020-12-31T23:59:59Z")),
            ("2020-12-31T23:59:59.5Z", Some("2020-12-31T23:59:59.5Z")),
            ("2020-12-31T23:59:59:123456Z", Some("2020-12-31T23:59:59.123456Z")),
            ("2020-1-5T0:0:0Z", Some("2020-01-05T00:00:00Z")),
            ("2020-12-31T23:59:59", None),
            ("2020-12-31", None),
            ("2020-12-31T23:59:59+00:00", None),
            ("2020-12-31T23:59:59.1234567Z", None),
            ("2020-12-31T23:59:59.Z", None),
            ("2020-02-30T00:00:00Z", None),
        ] {
            assert_eq!(moment(text).map(|moment| moment.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_expired_item_lets_the_next_one_speak() {
        let list = AllowList::build(
            &list(&[
                json!({"id": "old", "gate": "Always", "trigger_id": "always", "expires_on": "2020-01-01T00:00:00Z"}),
                json!({"id": "new", "gate": "always", "trigger_id": "alw*"}),
            ]),
            "",
        )
        .unwrap();
        let found = |now: &str| {
            let item = list.covering("always", "always", now.parse().unwrap()).next();
            item.unwrap().unwrap().id.clone()
        };
        assert_eq!(found("2019-12-31T23:59:59Z").as_deref(), Some("old"));
        assert_eq!(found("2020-01-01T00:00:00Z").as_deref(), Some("new"));
    }

    #[test]
    fn problems_carry_the_original_s_words() {
        let problem = |item: Value| AllowList::build(&list(&[item]), "").unwrap_err();
        assert_eq!(problem(json!({"trigger_id": "x"})).problem_type, "AttributeError");
        assert_eq!(
            problem(json!({"gate": "g", "trigger_id": "x", "expires_on": "2020-01-01"})).details,
            "could not convert input value (2020-01-01) into datetime using formats in ['%Y-%m-%dT%H:%M:%SZ', \
             '%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%S:%fZ']"
        );
    }
}
