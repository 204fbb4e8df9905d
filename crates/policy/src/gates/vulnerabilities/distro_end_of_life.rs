//! Trigger `distro_end_of_life`: distributions that get no more security updates.

use crate::{
    Arguments, Check, Failure, Parameter, Trigger,
    evaluate::{days_after, days_before},
    finding::moment,
    gate::{Inputs, Origin},
    parameter::Kind,
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "distro_end_of_life",
    description: "Fires if the image's distribution gets no more security updates. Where the database does not say until \
                  when it gets them, nothing fires.",
    parameters: &[
        Parameter::new("days_ahead", Kind::Integer, "Fire already this many days before; 0 when unset.").example("90")
    ],
    reads: Inputs::FINDINGS.with(Inputs::ALL_FINDINGS).with(Inputs::CLOCK),
    origin: Origin::Windlass,
    compile: distro_end_of_life,
};

fn distro_end_of_life(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let days_ahead = arguments.integer("days_ahead").unwrap_or(0);
    Ok(Check::new(move |context, firings| {
        let Some(distribution) = &context.image.outcome.coverage.distribution else { return Ok(()) };
        let Some(last_day) = moment(&distribution.eol_date) else { return Ok(()) };
        // The last day counts in full.
        let due = days_before(days_after(last_day, 1), days_ahead);
        if due > context.now {
            firings.changes_at(due);
        } else {
            let (name, day) = (&distribution.name, last_day.strftime("%F"));
            firings.fire(format!("Distribution {name} gets no security updates after {day}"));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_matching::DistributionCoverage;

    use crate::gates::vulnerabilities::testing::{Image, image};

    fn ending(day: &str) -> Image {
        let mut image = image();
        image.outcome.coverage.distribution = Some(DistributionCoverage {
            name: "debian 10".into(),
            eol_date: day.into(),
            ..DistributionCoverage::default()
        });
        image
    }

    fn fired(day: &str, days_ahead: &str) -> Vec<String> {
        let fired = ending(day).case().fired("vulnerabilities", "distro_end_of_life", &[("days_ahead", days_ahead)]);
        fired.into_iter().map(|fired| fired.message).collect()
    }

    #[test]
    fn a_distribution_fires_from_the_day_after_its_last() {
        // The evaluation is of 2024-06-01.
        assert_eq!(fired("2024-05-31", "0"), ["Distribution debian 10 gets no security updates after 2024-05-31"]);
        assert_eq!(fired("2024-06-01", "0"), [""; 0]);
        assert_eq!(fired("2024-08-30", "91"), ["Distribution debian 10 gets no security updates after 2024-08-30"]);
        assert_eq!(fired("2024-08-30", "90"), [""; 0]);
        assert_eq!(fired("", "90"), [""; 0]);
        assert!(image().case().fired("vulnerabilities", "distro_end_of_life", &[]).is_empty());
    }

    #[test]
    fn the_result_holds_until_that_day() {
        let until = ending("2024-06-30").valid_until("distro_end_of_life", &[("days_ahead", "10")]);
        assert_eq!(until.unwrap().to_string(), "2024-06-21T00:00:00Z");
    }
}
