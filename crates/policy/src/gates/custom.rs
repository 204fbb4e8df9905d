//! Gate `custom`: conditions in the Common Expression Language.

use cel::Value;

use crate::{
    About, Arguments, Check, Failure, FindingFact, Firings, Gate, Image, PackageFact, Parameter, Trigger,
    expression::{Budget, Expression, Scope, Template, Variables},
    gate::{Inputs, Origin, State},
    parameter::Kind,
};

pub(super) const GATE: Gate = Gate {
    name: "custom",
    description: "Conditions that no other gate has, written in the Common Expression Language (CEL).",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[Trigger {
        name: "expression",
        description: DESCRIPTION,
        parameters: &[
            Parameter::new("scope", Kind::OneOf(Scope::WORDS), "What the expression is asked of, one by one.")
                .required()
                .example("package"),
            Parameter::new("expression", Kind::Text, "A condition in CEL of at most 2048 bytes.")
                .required()
                .example("pkg.type == \"npm\" && pkg.version.startsWith(\"0.\")"),
            Parameter::new(
                "message",
                Kind::Text,
                "Told where the condition holds; expressions in braces are filled in, {{ and }} stand for braces.",
            )
            .example("{pkg.name} {pkg.version} is not yet stable"),
        ],
        reads: Inputs::METADATA.with(Inputs::PACKAGES).with(Inputs::FINDINGS).with(Inputs::ALL_FINDINGS),
        origin: Origin::Windlass,
        compile: expression,
    }],
};

const DESCRIPTION: &str = "\
Fires for the image, or for each package or finding, for which the condition is true. A condition that cannot be \
evaluated, or takes more than two million steps, fails the rule.

| variable | scopes | members |
|---|---|---|
| `image` | all | `id`, `digest`, `name`, `size` (bytes), `os`, `architecture`, `variant`, `distro`, `distro_version`, \
`created` (RFC 3339), `user`, `has_healthcheck`; lists `tags`, `layers` (diff IDs, lowest first), `ports` (`80/tcp`), \
`volumes`, `entrypoint`, `command`; maps `labels`, `env` |
| `pkg` (`package` is a reserved word) | package, finding | `name`, `version`, `type`, `path`, `purl`, `is_os`, \
`layer` (diff ID); lists `licenses` (as stated), `spdx` (as expressions) |
| `finding` | finding | `id`, `severity` (`Critical`), `cvss` (highest base score, -1.0 for none), `epss`, \
`epss_percentile`, `kev`, `fix_available`, `will_not_fix`, `published` (RFC 3339), `namespace`, `package`; lists \
`aliases`, `fix_versions` |
| `packages`, `findings` | image | lists of all of them |

Operators are CEL's. Functions: `size`, `contains`, `startsWith`, `endsWith`, `matches` (a pattern in RE2's syntax, \
written as a text), `int`, `double`, `string`, `has`, and over lists `all`, `exists`, `exists_one`, `filter`, at most \
two within each other.";

fn expression(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let scope = Scope::parse(arguments.text_or("scope", "image"));
    let condition = Expression::new(arguments.text_or("expression", ""), scope).map_err(Failure::new)?;
    let message = arguments.text("message").map(|text| Template::new(text, scope)).transpose().map_err(Failure::new)?;
    let id = arguments.rule_id().map(str::to_owned);
    let rule = Rule { scope, condition, message, id };
    Ok(Check::new(move |context, firings| rule.check(context.image, firings)))
}

struct Rule {
    scope: Scope,
    condition: Expression,
    message: Option<Template>,
    id: Option<String>,
}

impl Rule {
    fn check(&self, image: &Image<'_>, firings: &mut Firings) -> Result<(), Failure> {
        let budget = Budget::new();
        let mut shared = Variables::default();
        if self.uses("image") {
            shared.set_image(image)?;
        }
        if self.uses("packages") {
            shared.set_packages(image.packages())?;
        }
        if self.uses("findings") {
            shared.set_findings(image.findings())?;
        }
        let condition = self.condition.over(&shared, &budget)?;
        let mut ask = |own: &Variables, subject: &Subject<'_>| {
            match condition.evaluate(own)? {
                Value::Bool(false) => return Ok(()),
                Value::Bool(true) => {}
                other => {
                    let text = format!("the expression gives a {}, not true or false", other.type_of());
                    return Err(Failure::new(text));
                }
            }
            let message = match &self.message {
                Some(message) => message.fill(&shared, own, &budget)?,
                None => format!("{} meets the condition {}", subject.described(), self.condition.source()),
            };
            let firing = firings.fire(message).about(subject.about());
            if let Some(id) = &self.id {
                firing.id(subject.id(id));
            }
            Ok(())
        };
        match self.scope {
            Scope::Image => ask(&Variables::default(), &Subject::Image),
            Scope::Package => image.packages().iter().try_for_each(|fact| {
                let mut own = Variables::default();
                own.set_package(fact)?;
                ask(&own, &Subject::Package(fact))
            }),
            Scope::Finding => image.findings().iter().enumerate().try_for_each(|(index, fact)| {
                let mut own = Variables::default();
                own.set_finding(fact)?;
                own.set_package(&fact.package)?;
                ask(&own, &Subject::Finding(index, fact))
            }),
        }
    }

    fn uses(&self, variable: &str) -> bool {
        self.condition.uses(variable) || self.message.as_ref().is_some_and(|message| message.uses(variable))
    }
}

/// What the condition is asked of.
enum Subject<'a> {
    Image,
    Package(&'a PackageFact<'a>),
    /// With its index.
    Finding(usize, &'a FindingFact<'a>),
}

impl Subject<'_> {
    fn about(&self) -> About {
        match self {
            Self::Image => About::Image,
            Self::Package(fact) => About::Package(fact.index),
            Self::Finding(index, _) => About::Finding(*index),
        }
    }

    /// The id of a firing: that of the rule, and what the subject is called.
    fn id(&self, rule: &str) -> String {
        match self {
            Self::Image => rule.to_owned(),
            Self::Package(fact) => format!("{rule}+{}", fact.name()),
            Self::Finding(_, fact) => format!("{rule}+{}+{}", fact.id(), fact.package.name()),
        }
    }

    fn described(&self) -> String {
        let package = |fact: &PackageFact<'_>| format!("{} {} ({})", fact.name(), fact.full_version, fact.kind);
        match self {
            Self::Image => "The image".into(),
            Self::Package(fact) => format!("Package {}", package(fact)),
            Self::Finding(_, fact) => format!("{} in {}", fact.id(), package(&fact.package)),
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_matching::{Finding, Fix, Flaw, Severity, Vulnerability};
    use windlass_sbom::{ImageSource, License, Package, PackageType, Sbom, Source};

    use super::*;
    use crate::testing::{Case, Fired};

    /// An image of two packages, the second with a vulnerability.
    fn sbom() -> Sbom {
        let config = br#"{"created":"2024-01-02T03:04:05Z","config":{"User":"app","ExposedPorts":{"80/tcp":{}},
            "Env":["PATH=/bin","DEBUG=1"],"Labels":{"team":"web"},"Cmd":["run"]}}"#;
        let labels = vec![("team".to_owned(), "web".to_owned())];
        let image =
            ImageSource { config: config.to_vec(), size: 1000, os: "linux".into(), labels, ..ImageSource::default() };
        let mut left = Package::new(PackageType::Npm, "left", "0.1");
        left.licenses = vec![License::declared("MIT"), License::declared("GPLv3")];
        let packages = vec![left, Package::new(PackageType::Deb, "openssl", "3.0-1")];
        Sbom { source: Source::Image(Box::new(image)), packages, ..Sbom::default() }
    }

    fn outcome() -> windlass_matching::Outcome {
        let vulnerability = Vulnerability { id: "CVE-1".into(), severity: Severity::High, ..Vulnerability::default() };
        let finding = Finding::new(
            1,
            Flaw {
                vulnerability: vulnerability.into(),
                fix: Fix { versions: vec!["3.0-2".into()], ..Fix::default() },
                ..Flaw::default()
            },
        );
        windlass_matching::Outcome { findings: vec![finding], ..windlass_matching::Outcome::default() }
    }

    fn asked(scope: &str, expression: &str, message: Option<&str>) -> Result<Vec<Fired>, String> {
        let sbom = sbom();
        let case = Case { outcome: outcome(), ..Case::new(&sbom) };
        let mut params = vec![("scope", scope), ("expression", expression)];
        params.extend(message.map(|message| ("message", message)));
        case.evaluated("custom", "expression", &params)
    }

    #[test]
    fn an_expression_is_asked_of_the_image() {
        for expression in [
            "image.user == 'app' && '80/tcp' in image.ports",
            "image.labels.team == 'web' && image.labels['team'] != 'db'",
            "!has(image.labels.owner)",
            "image.env.DEBUG == '1' && image.size < 2000 && image.size / 2 == 500",
            "image.command[0] + '-' + image.os == 'run-linux'",
            "image.created < '2024-06-01' && !image.has_healthcheck",
            "size(packages) == 2 && packages.exists(p, p.name == 'openssl')",
            "packages.filter(p, p.licenses.exists(l, l.startsWith('GPL'))).size() == 1",
            "findings.all(f, f.severity in ['High', 'Critical'] && f.package.name == 'openssl')",
            "packages.exists_one(p, p.name.matches('^open[a-z]+$'))",
        ] {
            let meets = format!("The image meets the condition {expression}");
            assert_eq!(asked("image", expression, None), Ok(vec![Fired::new("rid", &meets)]), "{expression}");
            assert_eq!(asked("image", &format!("!({expression})"), None), Ok(vec![]), "{expression}");
        }
    }

    #[test]
    fn an_expression_is_asked_of_each_package() {
        assert_eq!(
            asked("package", "pkg.type == 'npm' && image.os == 'linux'", None),
            Ok(vec![Fired::new(
                "rid+left",
                "Package left 0.1 (npm) meets the condition pkg.type == 'npm' && image.os == 'linux'"
            )])
        );
        assert_eq!(
            asked("package", "'GPL-3.0-only' in pkg.spdx", Some("{pkg.name}: {pkg.licenses} {{{1 + 1}}}")),
            Ok(vec![Fired::new("rid+left", "left: MIT, GPLv3 {2}")])
        );
    }

    #[test]
    fn an_expression_is_asked_of_each_finding() {
        assert_eq!(
            asked("finding", "finding.fix_available && finding.cvss < 0.0", None),
            Ok(vec![Fired::new(
                "rid+CVE-1+openssl",
                "CVE-1 in openssl 3.0-1 (dpkg) meets the condition finding.fix_available && finding.cvss < 0.0"
            )])
        );
        assert_eq!(
            asked("finding", "pkg.is_os", Some("{finding.id} in {pkg.name}, fixed in {finding.fix_versions}")),
            Ok(vec![Fired::new("rid+CVE-1+openssl", "CVE-1 in openssl, fixed in 3.0-2")])
        );
        assert_eq!(asked("finding", "finding.kev", None), Ok(vec![]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_when_the_rule_is_read() {
        for (scope, expression, expected) in [
            ("package", "pkg.nmae == 'x'", "line 1, column 4: there is no member nmae; did you mean name?"),
            (
                "image",
                "true &&\n  pakages.size() > 0",
                "line 2, column 3: there is no variable pakages; did you mean packages?",
            ),
            ("package", "finding.kev", "column 1: there is no variable finding"),
            ("image", "image.name.startswith('x')", "there is no function startswith; did you mean startsWith?"),
            ("image", "image.name ==", "line 1, column 14: "),
            ("image", "image.name.matches('(')", "\"(\" is no pattern that can be used: unclosed group"),
            ("image", "image.name.matches(image.os)", "the pattern of matches must be written as a text"),
            ("image", "packages.map(p, p.name).size() > 1", "map makes new lists, which is not supported"),
            ("image", "packages == packages", "can only be looped over, filtered and counted"),
        ] {
            let problem = asked(scope, expression, None).unwrap_err();
            assert!(problem.contains(expected), "{expression}: {problem}");
            assert!(problem.ends_with("(gate=custom,trigger=expression,rule_id=rid)"), "{problem}");
        }
        let problem = asked("image", "true", Some("{image.nmae}")).unwrap_err();
        assert!(
            problem.contains("{image.nmae} in the message: line 1, column 6: there is no member nmae"),
            "{problem}"
        );
        let problem = asked("image", "true", Some("{image.name")).unwrap_err();
        assert!(problem.contains("the message has a { without its counterpart; {{ stands for one"), "{problem}");
    }

    #[test]
    fn what_cannot_be_evaluated_fails_the_rule() {
        for (expression, expected) in [
            ("image.size", "the expression gives a int, not true or false"),
            ("image.labels.owner == 'me'", "the expression fails: No such key: owner"),
            ("image.size / 0 == 1", "the expression fails: Division by zero"),
            ("image.name > 1", "the expression fails: found no matching overload"),
            ("image.command[9] == ''", "the expression fails: Index out of bounds"),
        ] {
            let problem = asked("image", expression, None).unwrap_err();
            assert!(problem.contains(expected), "{expression}: {problem}");
        }
    }

    #[test]
    fn every_member_is_documented() {
        for member in Scope::members() {
            assert!(DESCRIPTION.contains(&format!("`{member}`")), "{member}");
        }
    }
}
