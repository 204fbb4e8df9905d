//! Trigger `stale_feed_data`: vulnerability data that is too old (`spec/policy.md` §4.13.2).

use jiff::SignedDuration;

use crate::{
    Arguments, Check, Failure, Parameter, Trigger,
    evaluate::days_after,
    gate::{Inputs, Origin},
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "stale_feed_data",
    description: "Fires if the vulnerability database was built more than this many days ago, or never.",
    parameters: &[Parameter::new("max_days_since_sync", Kind::Integer, "Days that the data may be old.")
        .key("max_age")
        .required()
        .example("10")],
    reads: Inputs::DATA_AGE.with(Inputs::CLOCK),
    origin: Origin::Original,
    compile: stale_feed_data,
};

fn stale_feed_data(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let days = arguments.integer("max_days_since_sync").unwrap_or(u64::MAX);
    Ok(Check::new(move |context, firings| {
        let fresh_until = context.image.knowledge.database_built.map(|built| days_after(built, days));
        match fresh_until {
            Some(fresh_until) if context.now <= fresh_until => {
                let just_after = fresh_until.checked_add(SignedDuration::from_nanos(1));
                firings.changes_at(just_after.unwrap_or(fresh_until));
            }
            _ => {
                firings
                    .fire(format!("The vulnerability feed for this image distro is older than MAXAGE ({days}) days"));
            }
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use crate::{gates::vulnerabilities::testing::image, testing::Fired};

    fn fired(built: Option<&str>, days: &str) -> Vec<Fired> {
        let image = image();
        let mut case = image.case();
        case.knowledge.database_built = built.map(|text| text.parse().unwrap());
        case.fired("vulnerabilities", "stale_feed_data", &[("max_days_since_sync", days)])
    }

    #[test]
    fn data_is_stale_when_it_is_older_than_allowed_or_was_never_there() {
        let stale = Fired::new(
            "deb3f1afb4ea0ddf587e6c62c341c6fa",
            "The vulnerability feed for this image distro is older than MAXAGE (2) days",
        );
        // The evaluation is of 2024-06-01T00:00:00Z.
        assert_eq!(fired(Some("2024-05-29T23:59:59Z"), "2"), [stale]);
        assert_eq!(fired(Some("2024-05-30T00:00:00Z"), "2"), []);
        assert_eq!(fired(Some("2024-05-30T00:00:00Z"), " 002 "), []);
        assert_eq!(fired(None, "002")[0].id, "deb3f1afb4ea0ddf587e6c62c341c6fa");
    }

    #[test]
    fn a_fresh_result_ends_when_the_data_gets_stale() {
        let mut image = image();
        image.database_built = Some("2024-05-30T12:00:00Z".parse().unwrap());
        let until = image.valid_until("stale_feed_data", &[("max_days_since_sync", "2")]);
        assert_eq!(until.unwrap().to_string(), "2024-06-01T12:00:00.000000001Z");
        assert_eq!(image.valid_until("stale_feed_data", &[("max_days_since_sync", "1")]), None);
    }
}
