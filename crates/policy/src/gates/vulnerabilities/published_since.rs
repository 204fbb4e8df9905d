//! Trigger `published_since`: vulnerabilities by how long they have been public.

use super::fire;
use crate::{
    Arguments, Check, Failure, Parameter, Trigger,
    evaluate::days_after,
    gate::{Inputs, Origin},
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "published_since",
    description: "Fires for each vulnerability of a package by how long it has been public. One of which nobody knows when \
                  it was published never fires.",
    parameters: &[
        Parameter::new("days", Kind::Integer, "Days since it was published.").required().example("90"),
        Parameter::new(
            "check",
            Kind::OneOf(&["at_least", "less_than"]),
            "Whether it has been public for at least this many days, which is meant when unset, or for less.",
        )
        .example("at_least"),
    ],
    reads: Inputs::FINDINGS.with(Inputs::CLOCK),
    origin: Origin::Windlass,
    compile: published_since,
};

fn published_since(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let days = arguments.integer("days").unwrap_or(u64::MAX);
    let wants_old = arguments.text("check") != Some("less_than");
    Ok(Check::new(move |context, firings| {
        for (index, fact) in context.image.findings().iter().enumerate() {
            let Some(published) = fact.published() else { continue };
            let due = days_after(published, days);
            let is_old = due <= context.now;
            if !is_old {
                firings.changes_at(due);
            }
            if wants_old == is_old {
                fire(firings, index, fact, &format!("was published on {}", published.strftime("%F")));
            }
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use crate::gates::vulnerabilities::testing::{Image, image};

    fn published() -> Image {
        let mut image = image();
        image.edit("CVE-1", |record| record.published = Some("2024-03-03T10:00:00Z".into()));
        image.edit("CVE-2", |record| record.published = Some("2024-05-31".into()));
        image.edit("VULN-J", |record| record.published = Some("some day".into()));
        image
    }

    fn fired(days: &str, check: &str) -> Vec<String> {
        let params = [("days", days), ("check", check)];
        let fired = published().case().fired("vulnerabilities", "published_since", &params);
        fired.into_iter().map(|fired| format!("{}: {}", fired.id, fired.message)).collect()
    }

    #[test]
    fn findings_are_old_or_new_by_the_day_of_their_publication() {
        let old = "CVE-1+pkg: CVE-1 in pkg 1 (dpkg) was published on 2024-03-03";
        let new = "CVE-2+pkg: CVE-2 in pkg 1 (dpkg) was published on 2024-05-31";
        assert_eq!(fired("89", "at_least"), [old]);
        assert_eq!(fired("89", "less_than"), [new]);
        assert_eq!(fired("90", "less_than"), [old, new]);
        assert_eq!(fired("1", "at_least"), [old, new]);
    }

    #[test]
    fn the_result_holds_until_a_finding_changes_sides() {
        for check in ["at_least", "less_than"] {
            let until = |days| published().valid_until("published_since", &[("days", days), ("check", check)]);
            assert_eq!(until("90").unwrap().to_string(), "2024-06-01T10:00:00Z");
            assert_eq!(until("30").unwrap().to_string(), "2024-06-30T00:00:00Z");
            assert_eq!(until("1"), None);
        }
    }
}
