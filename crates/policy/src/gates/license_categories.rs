//! Gate `license_categories`: what packages may be licensed under, by SPDX expressions.
//!
//! A package's statements all apply. Within one, `OR` is the licensee's choice, so its best branch counts; of `AND`
//! all branches count; an exception after `WITH` belongs to its licence.

use spdx::{Expression, LicenseItem, LicenseReq};
use windlass_sbom::License;

use crate::{
    About, Arguments, Check, Failure, Gate, PackageFact, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    license_category::Category,
    parameter::Kind,
    problem::nearest,
    selector::Selector,
};

pub(super) const GATE: Gate = Gate {
    name: "license_categories",
    description: "What packages may be licensed under: SPDX licences by name and by category, with the choices that \
                  licence expressions give.",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[
        Trigger {
            name: "allow",
            description: "Fires for each package that cannot be used under the listed licences alone.",
            parameters: &[LICENSES],
            reads: Inputs::PACKAGES,
            origin: Origin::Windlass,
            compile: allow,
        },
        Trigger {
            name: "deny",
            description: "Fires for each package that cannot be used without one of the listed licences.",
            parameters: &[LICENSES],
            reads: Inputs::PACKAGES,
            origin: Origin::Windlass,
            compile: deny,
        },
    ],
};

const LICENSES: Parameter = Parameter::new(
    "licenses",
    Kind::List,
    "SPDX identifiers, with their exception where only that combination is meant; * stands for anything. Or \
     categories: public-domain, permissive, weak-copyleft, strong-copyleft, network-copyleft, proprietary, unclassified \
     (an identifier in none of these), unknown (a statement that is no SPDX expression), unlicensed (no statement at all).",
)
.required()
.example("strong-copyleft,network-copyleft,GPL-2.0-only WITH Classpath-exception-2.0,LicenseRef-acme-*");

fn allow(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    check(arguments, true)
}

fn deny(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    check(arguments, false)
}

/// Fires for statements that cannot be met under terms that are listed (`allow`), or under ones that are not.
fn check(arguments: &Arguments<'_>, allow: bool) -> Result<Check, Failure> {
    let list = List::new(arguments)?;
    let verdict = if allow { "not allowed" } else { "denied" };
    Ok(Check::new(move |context, firings| {
        for fact in context.image.packages() {
            let mut offences = offences(fact, |term| list.holds(term) == allow);
            offences.sort();
            offences.dedup();
            for Offence { statement, why, terms } in offences {
                let (name, version, kind) = (fact.name(), fact.full_version, fact.kind);
                firings
                    .fire(format!("Package {name} {version} ({kind}) {why}; {verdict}: {}", terms.join(", ")))
                    .id(format!("{name}+{statement}"))
                    .about(About::Package(fact.index));
            }
        }
        Ok(())
    }))
}

/// What a package asks of its users in one respect.
#[derive(Clone, Copy)]
enum Term<'a> {
    License(&'a LicenseReq),
    Unknown,
    Unlicensed,
}

impl Term<'_> {
    fn category(self) -> Category {
        match self {
            Term::License(license) => Category::of(license),
            Term::Unknown => Category::Unknown,
            Term::Unlicensed => Category::Unlicensed,
        }
    }
}

/// A statement that cannot be met.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Offence {
    statement: String,
    why: String,
    terms: Vec<String>,
}

fn offences(fact: &PackageFact<'_>, accepts: impl Fn(Term<'_>) -> bool) -> Vec<Offence> {
    let statements = &fact.package.licenses;
    if statements.iter().all(is_nothing) {
        let unlicensed = Category::Unlicensed.as_str().to_owned();
        let why = "states no licence".into();
        let offence = Offence { statement: unlicensed.clone(), why, terms: vec![unlicensed] };
        return if accepts(Term::Unlicensed) { Vec::new() } else { vec![offence] };
    }
    let stated = statements.iter().filter(|license| !is_nothing(license));
    stated.filter_map(|license| offence(license, &accepts)).collect()
}

/// Whether a document says in SPDX's words that there is nothing to say.
fn is_nothing(license: &License) -> bool {
    matches!(license.value.as_str(), "" | "NONE" | "NOASSERTION")
}

fn offence(license: &License, accepts: impl Fn(Term<'_>) -> bool) -> Option<Offence> {
    let Ok(expression) = Expression::parse(&license.spdx_expression) else {
        let statement = license.value.clone();
        let why = format!("is licensed under \"{statement}\", which is no SPDX expression");
        let terms = vec![Category::Unknown.as_str().to_owned()];
        return (!accepts(Term::Unknown)).then_some(Offence { statement, why, terms });
    };
    let refused = expression.evaluate_with_failures(|term| accepts(Term::License(term))).err()?;
    let mut terms: Vec<String> =
        refused.iter().map(|term| format!("{} ({})", name(&term.req), Category::of(&term.req).as_str())).collect();
    terms.sort();
    terms.dedup();
    let statement = license.spdx_expression.clone();
    Some(Offence { why: format!("is licensed under {statement}"), statement, terms })
}

/// A term as SPDX writes it today: GNU licences say whether later versions may be used.
fn name(term: &LicenseReq) -> String {
    let LicenseItem::Spdx { id, or_later } = &term.license else { return term.to_string() };
    let dated = format!("{}-{}", id.name, if *or_later { "or-later" } else { "only" });
    let license = if spdx::license_id(&dated).is_some() { dated } else { term.license.to_string() };
    match &term.exception {
        Some(exception) => format!("{license} WITH {}", exception.name),
        None => license,
    }
}

/// What a rule lists.
struct List {
    /// With or without an exception.
    licenses: Vec<Selector>,
    categories: Vec<Category>,
}

impl List {
    fn new(arguments: &Arguments<'_>) -> Result<Self, Failure> {
        let mut list = Self { licenses: Vec::new(), categories: Vec::new() };
        for entry in arguments.list("licenses") {
            match Category::ALL.into_iter().find(|category| category.as_str() == entry) {
                Some(category) => list.categories.push(category),
                None => list.licenses.push(license(&entry)?),
            }
        }
        Ok(list)
    }

    fn holds(&self, term: Term<'_>) -> bool {
        let is_named = |name: &str| self.licenses.iter().any(|selector| selector.matches(name) == Ok(true));
        let named = match term {
            Term::License(license) => {
                let whole = name(license);
                is_named(&whole) || whole.split_once(" WITH ").is_some_and(|(license, _)| is_named(license))
            }
            Term::Unknown | Term::Unlicensed => false,
        };
        named || self.categories.contains(&term.category())
    }
}

/// An entry that is no category.
fn license(text: &str) -> Result<Selector, Failure> {
    if text.contains('*') {
        return Ok(Selector::new(text));
    }
    let expression = Expression::parse(text).ok();
    let mut terms = expression.iter().flat_map(Expression::requirements);
    if let (Some(term), None) = (terms.next(), terms.next()) {
        return Ok(Selector::new(&name(&term.req)));
    }
    let known = spdx::identifiers::LICENSES.iter().map(|row| row.0).chain(Category::ALL.map(Category::as_str));
    let remedy = match nearest(text, known) {
        Some(meant) => format!("did you mean {meant}?"),
        None => "licences that SPDX does not list are written LicenseRef-NAME".to_owned(),
    };
    Err(Failure::new(format!("{text} is neither an SPDX licence identifier nor a category; {remedy}")))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{License, Package, PackageType, Sbom};

    use crate::testing::{Case, Fired, fired};

    fn licensed(statements: &[&str]) -> Sbom {
        let mut package = Package::new(PackageType::Npm, "left", "1.0");
        package.licenses = statements.iter().map(|text| License::declared(text)).collect();
        Sbom { packages: vec![package], ..Sbom::default() }
    }

    fn denied(statements: &[&str], params: &[(&str, &str)]) -> Vec<Fired> {
        fired("license_categories", "deny", params, &licensed(statements))
    }

    fn not_allowed(statements: &[&str], params: &[(&str, &str)]) -> Vec<Fired> {
        fired("license_categories", "allow", params, &licensed(statements))
    }

    const COPYLEFT: &[(&str, &str)] = &[("licenses", "strong-copyleft,network-copyleft")];

    #[test]
    fn a_choice_is_as_good_as_its_best_branch() {
        assert_eq!(denied(&["MIT OR GPL-3.0-only"], COPYLEFT), []);
        assert_eq!(
            denied(&["MIT AND GPL-3.0-only"], COPYLEFT),
            [Fired::new(
                "left+MIT AND GPL-3.0-only",
                "Package left 1.0 (npm) is licensed under MIT AND GPL-3.0-only; \
                 denied: GPL-3.0-only (strong-copyleft)"
            )]
        );
        assert_eq!(
            denied(&["AGPL-3.0-or-later OR GPL-2.0-only"], COPYLEFT),
            [Fired::new(
                "left+AGPL-3.0-or-later OR GPL-2.0-only",
                "Package left 1.0 (npm) is licensed under AGPL-3.0-or-later OR GPL-2.0-only; \
                 denied: AGPL-3.0-or-later (network-copyleft), GPL-2.0-only (strong-copyleft)"
            )]
        );
    }

    #[test]
    fn every_statement_counts_and_the_same_one_once() {
        let found = denied(&["MIT", "GPL-3.0-only", "GPLv3"], COPYLEFT);
        assert_eq!(found.iter().map(|fired| fired.id.as_str()).collect::<Vec<_>>(), ["left+GPL-3.0-only"]);
    }

    #[test]
    fn an_exception_belongs_to_its_licence() {
        let classpath = "GPL-2.0-only WITH Classpath-exception-2.0";
        assert_eq!(denied(&[classpath], COPYLEFT), []);
        assert_eq!(denied(&[classpath], &[("licenses", "GPL-2.0-only")]).len(), 1);
        assert_eq!(denied(&[classpath], &[("licenses", classpath)]).len(), 1);
        assert_eq!(denied(&["GPL-2.0-only"], &[("licenses", classpath)]), []);
        assert_eq!(not_allowed(&[classpath], &[("licenses", classpath)]), []);
        assert_eq!(not_allowed(&["GPL-2.0-only"], &[("licenses", classpath)]).len(), 1);
    }

    #[test]
    fn what_is_not_listed_is_not_allowed() {
        let lax: &[(&str, &str)] = &[("licenses", "permissive,public-domain,MPL-*")];
        assert_eq!(not_allowed(&["MIT"], lax), []);
        assert_eq!(not_allowed(&["MPL-2.0 AND Apache-2.0"], lax), []);
        assert_eq!(not_allowed(&["EPL-2.0 OR MIT"], lax), []);
        assert_eq!(
            not_allowed(&["EPL-2.0"], lax),
            [Fired::new(
                "left+EPL-2.0",
                "Package left 1.0 (npm) is licensed under EPL-2.0; not allowed: EPL-2.0 (weak-copyleft)"
            )]
        );
    }

    #[test]
    fn no_licence_and_an_unreadable_one_are_cases_of_their_own() {
        let unlicensed = Fired::new("left+unlicensed", "Package left 1.0 (npm) states no licence; denied: unlicensed");
        assert_eq!(denied(&[], &[("licenses", "unlicensed")]), [unlicensed]);
        assert_eq!(denied(&["NOASSERTION"], &[("licenses", "unlicensed")]).len(), 1);
        assert_eq!(denied(&[], &[("licenses", "unknown")]), []);
        assert_eq!(
            denied(&["see file"], &[("licenses", "unknown")]),
            [Fired::new(
                "left+see file",
                "Package left 1.0 (npm) is licensed under \"see file\", which is no SPDX expression; denied: unknown"
            )]
        );
        assert_eq!(denied(&["see file"], &[("licenses", "unlicensed")]), []);
        assert_eq!(not_allowed(&[], &[("licenses", "permissive,unlicensed")]), []);
        assert_eq!(not_allowed(&[], &[("licenses", "permissive")]).len(), 1);
    }

    #[test]
    fn names_that_do_not_exist_are_told_when_the_rule_is_read() {
        let sbom = licensed(&["MIT"]);
        let problem =
            |licenses| Case::new(&sbom).evaluated("license_categories", "deny", &[("licenses", licenses)]).unwrap_err();
        for (licenses, expected) in [
            (
                "GPL-3.0-olny",
                "GPL-3.0-olny is neither an SPDX licence identifier nor a category; did you mean GPL-3.0-only?",
            ),
            ("MIT OR Zlib", "MIT OR Zlib is neither an SPDX licence identifier nor a category"),
            (
                "MIT, permisive",
                "permisive is neither an SPDX licence identifier nor a category; did you mean permissive?",
            ),
        ] {
            let text = problem(licenses);
            assert!(text.contains(expected), "{text}");
        }
    }
}
