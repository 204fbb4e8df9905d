//! Gate `distro`: distributions that images must not be made of.

use std::cmp::Ordering;

use windlass_versions::{Format, Version};

use crate::{
    Arguments, Check, Failure, Gate, Parameter, Trigger,
    comparison::Comparison,
    gate::{Inputs, Origin, State},
    parameter::Kind,
};

pub(super) const GATE: Gate = Gate {
    name: "distro",
    description: "The distribution that an image is made of.",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[Trigger {
        name: "deny",
        description: "Fires if the image is made of that distribution, in a version that compares as given.",
        parameters: &[
            Parameter::new("distro", Kind::Text, "The ID of its os-release, in any case.").required().example("debian"),
            Parameter::new(
                "version",
                Kind::Text,
                "The version to compare with, as far as it goes: 9 means 9.1 and 9.2 as well. Every version when unset.",
            )
            .example("9"),
            Parameter::new(
                "check",
                Kind::OneOf(Comparison::WORDS),
                "How the image's version compares with the given one; = when unset.",
            )
            .example("<="),
        ],
        reads: Inputs::METADATA,
        origin: Origin::Windlass,
        compile: deny,
    }],
};

fn deny(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let denied = arguments.text_or("distro", "").trim().to_owned();
    let version = arguments.text("version").map(|version| version.trim().to_owned());
    version.as_deref().map(parsed).transpose()?;
    let comparison = Comparison::parse(arguments.text_or("check", "="));
    Ok(Check::new(move |context, firings| {
        let Some(distro) = &context.image.sbom.distro else { return Ok(()) };
        if !distro.id.eq_ignore_ascii_case(&denied) {
            return Ok(());
        }
        let own = distro.version_id.as_str();
        let reason = match &version {
            None => String::new(),
            Some(version) if is_denied(own, comparison, version)? => format!(" {own}"),
            Some(_) => return Ok(()),
        };
        firings.fire(format!("Distribution {}{reason} is denied", distro.id));
        Ok(())
    }))
}

/// Whether a version compares with a denied one as the rule says. A rolling release has none, which is unlike every
/// other and neither before nor after it.
fn is_denied(own: &str, comparison: Comparison, denied: &str) -> Result<bool, Failure> {
    if own.is_empty() {
        return Ok(comparison == Comparison::NotEqual);
    }
    Ok(comparison.admits(order(own, denied)?))
}

/// How a version stands to another one, as far as that goes.
fn order(own: &str, other: &str) -> Result<Ordering, Failure> {
    let parts = other.split('.').count();
    let cut = own.match_indices('.').nth(parts - 1).map_or(own, |(at, _)| &own[..at]);
    if cut == other {
        return Ok(Ordering::Equal);
    }
    parsed(cut)?.compare(&parsed(other)?).map_err(|error| Failure::new(error.to_string()))
}

fn parsed(version: &str) -> Result<Version, Failure> {
    Version::parse(version, Format::Fuzzy).map_err(|error| Failure::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Distro, Sbom};

    use crate::testing::{Case, Fired, fired};

    fn image(id: &str, version: &str) -> Sbom {
        let distro = Distro { id: id.into(), version_id: version.into(), ..Distro::default() };
        Sbom { distro: Some(distro), ..Sbom::default() }
    }

    fn is_denied(image: &Sbom, version: &str, check: &str) -> bool {
        let params = [("distro", "Debian"), ("version", version), ("check", check)];
        !fired("distro", "deny", &params, image).is_empty()
    }

    fn messages(fired: &[Fired]) -> Vec<&str> {
        fired.iter().map(|fired| fired.message.as_str()).collect()
    }

    #[test]
    fn a_distribution_can_be_denied_as_a_whole() {
        let denied = |sbom: &Sbom| fired("distro", "deny", &[("distro", "debian")], sbom);
        assert_eq!(messages(&denied(&image("debian", "12.5"))), ["Distribution debian is denied"]);
        assert_eq!(denied(&image("ubuntu", "22.04")), []);
        assert_eq!(denied(&Sbom::default()), []);
    }

    #[test]
    fn versions_are_compared_as_numbers_and_as_far_as_the_rule_goes() {
        let debian = image("debian", "10.13");
        for (version, checks) in [("10", "= <= >="), ("9", "!= > >="), ("10.2", "!= > >="), ("11", "!= < <=")] {
            for check in ["=", "!=", "<", ">", "<=", ">="] {
                let expected = checks.split(' ').any(|word| word == check);
                assert_eq!(is_denied(&debian, version, check), expected, "{check} {version}");
            }
        }
        let params = [("distro", "debian"), ("version", "11"), ("check", "<")];
        assert_eq!(messages(&fired("distro", "deny", &params, &debian)), ["Distribution debian 10.13 is denied"]);
    }

    #[test]
    fn a_rolling_release_is_unlike_every_version() {
        let rolling = image("debian", "");
        assert!(is_denied(&rolling, "12", "!="));
        assert!(!is_denied(&rolling, "12", "<"));
    }

    #[test]
    fn a_version_that_is_none_is_a_problem() {
        let params = [("distro", "debian"), ("version", "")];
        let problem = Case::new(&image("debian", "12")).evaluated("distro", "deny", &params).unwrap_err();
        assert!(problem.contains("it is empty"), "{problem}");
    }
}
