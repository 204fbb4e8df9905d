//! Gate `secret_scans` (`spec/policy.md` §4.11).

use crate::{
    Arguments, Check, Failure, Gate, Kind, Parameter, Profile, Trigger,
    gate::{Inputs, Origin, State},
    rule_pattern::RulePattern,
    search_hit::SearchHit,
};

pub(super) const GATE: Gate = Gate {
    name: "secret_scans",
    description: "What the search for secrets found in the image's files.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[Trigger {
        name: "content_regex_checks",
        description: "Fires for each secret that was found, or once if none was.",
        parameters: &[
            Parameter::new(
                "content_regex_name",
                Kind::Text,
                "The name of a pattern of the search, or its text. Unset: all. The compat profile also takes names and \
                 patterns that are only a part of this text.",
            )
            .key("secret_contentregexp")
            .example("AWS_ACCESS_KEY"),
            Parameter::new(
                "filename_regex",
                Kind::Text,
                "Only files whose full path begins with a match of this regular expression. Unset: all.",
            )
            .key("name_regexps")
            .pattern()
            .example("/etc/.*"),
            Parameter::new(
                "match_type",
                Kind::OneOf(&[NOT_FOUND, "found"]),
                "Whether secrets fire, or that there are none. Unset: found.",
            )
            .example("found"),
        ],
        reads: Inputs::SECRET_SEARCH,
        origin: Origin::Original,
        compile: content_regex_checks,
    }],
};

const NOT_FOUND: &str = "notfound";

fn content_regex_checks(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let given = |name: &str| arguments.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let wanted = given("content_regex_name");
    let filename = given("filename_regex");
    let files = filename.as_deref().map(RulePattern::new);
    let fires_on_none = arguments.text("match_type") == Some(NOT_FOUND);
    Ok(Check::new(move |context, firings| {
        let files = files.as_ref().map(RulePattern::usable).transpose()?;
        let mut is_found = false;
        for file in context.image.sbom.inspection.secret_matches.iter().flatten() {
            if let Some(files) = files
                && !files.matches_start(&file.path)?
            {
                continue;
            }
            for hit in file.matches.iter().map(SearchHit::new) {
                if wanted.as_ref().is_some_and(|wanted| !is_selected(&hit, wanted, context.profile)) {
                    continue;
                }
                is_found = true;
                if !fires_on_none {
                    let (path, key) = (&file.path, hit.key());
                    firings.fire(format!(
                        "Secret content search analyzer found regexp match in container: file={path} regexp={key}"
                    ));
                }
            }
        }
        if fires_on_none && !is_found {
            let (filename, wanted) = (filename.as_deref().unwrap_or("*"), wanted.as_deref().unwrap_or("all"));
            firings.fire(format!(
                "Secret content search analyzer did not find regexp match in container: \
                 filename_regex={filename} content_regex_name={wanted}"
            ));
        }
        Ok(())
    }))
}

/// The original asked whether the parameter contains the hit's regex or name.
fn is_selected(hit: &SearchHit, wanted: &str, profile: Profile) -> bool {
    match profile {
        Profile::Native => hit.is(wanted),
        Profile::Compat => {
            let (name, regex) = hit.parts();
            wanted.contains(regex) || name.is_some_and(|name| !name.is_empty() && wanted.contains(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{FileMatches, PatternMatch, Sbom};

    use crate::{
        Profile,
        testing::{Case, Fired, fired},
    };

    fn image() -> Sbom {
        let found = |name: &str, regex: &str| PatternMatch { name: name.into(), regex: regex.into(), lines: vec![0] };
        let file = |path: &str, matches| FileMatches { path: path.into(), matches };
        let mut sbom = Sbom::default();
        sbom.inspection.secret_matches = Some(vec![
            file("/app/.env", vec![found("", "pass"), found("AWS_ACCESS_KEY", ".*AKIA"), found("KEY", ".*k")]),
            file("/etc/key", vec![found("PRIV_KEY", ".*BEGIN")]),
        ]);
        sbom
    }

    fn keys(profile: Profile, params: &[(&str, &str)]) -> Vec<String> {
        let sbom = image();
        let fired = Case { profile, ..Case::new(&sbom) }.fired("secret_scans", "content_regex_checks", params);
        let key = |fired: &Fired| fired.message.split("regexp=").last().unwrap_or_default().to_owned();
        fired.iter().map(key).collect()
    }

    #[test]
    fn each_secret_fires() {
        let sbom = image();
        let params = [("filename_regex", "/etc"), ("match_type", "found")];
        assert_eq!(
            fired("secret_scans", "content_regex_checks", &params, &sbom),
            [Fired::new(
                "81eb6773c7cad39b66bcc86345591fdb",
                "Secret content search analyzer found regexp match in container: file=/etc/key regexp=PRIV_KEY=.*BEGIN"
            )]
        );
        assert_eq!(keys(Profile::Compat, &[]), ["pass", "AWS_ACCESS_KEY=.*AKIA", "KEY=.*k", "PRIV_KEY=.*BEGIN"]);
        assert_eq!(keys(Profile::Compat, &[("content_regex_name", ""), ("filename_regex", "")]).len(), 4);
        assert_eq!(keys(Profile::Compat, &[("filename_regex", "etc")]), [""; 0]);
        assert_eq!(fired("secret_scans", "content_regex_checks", &[], &Sbom::default()), []);
    }

    #[test]
    fn parts_of_the_wanted_name_are_names_in_the_compat_profile_only() {
        for (wanted, compat, native) in [
            ("AWS_ACCESS_KEY", &["AWS_ACCESS_KEY=.*AKIA", "KEY=.*k"][..], &["AWS_ACCESS_KEY=.*AKIA"][..]),
            ("AWS_ACCESS", &[], &[]),
            ("pass", &["pass"], &["pass"]),
            ("my password", &["pass"], &[]),
            ("KEY=.*k", &["KEY=.*k"], &["KEY=.*k"]),
            (".*BEGIN", &["PRIV_KEY=.*BEGIN"], &["PRIV_KEY=.*BEGIN"]),
        ] {
            let params = [("content_regex_name", wanted)];
            assert_eq!(keys(Profile::Compat, &params), compat, "{wanted}");
            assert_eq!(keys(Profile::Native, &params), native, "{wanted}");
        }
    }

    #[test]
    fn that_there_is_no_secret_fires_once() {
        let sbom = image();
        let mut params =
            vec![("content_regex_name", "PRIV_KEY_X"), ("filename_regex", "/etc/.*"), ("match_type", "notfound")];
        // PRIV_KEY is a part of the name that is asked for.
        assert_eq!(fired("secret_scans", "content_regex_checks", &params, &sbom), []);
        let told = [Fired::new(
            "cd242b0fa5b1959ffa6de3672b524e8a",
            "Secret content search analyzer did not find regexp match in container: \
             filename_regex=/etc/.* content_regex_name=PRIV_KEY_X",
        )];
        assert_eq!(fired("secret_scans", "content_regex_checks", &params, &Sbom::default()), told);
        let native = Case { profile: Profile::Native, ..Case::new(&sbom) };
        assert_eq!(native.fired("secret_scans", "content_regex_checks", &params), told);
        params.drain(..2);
        let unset = fired("secret_scans", "content_regex_checks", &params, &Sbom::default());
        assert!(unset[0].message.ends_with(": filename_regex=* content_regex_name=all"), "{unset:?}");
        assert_eq!(fired("secret_scans", "content_regex_checks", &params, &sbom), []);
    }

    #[test]
    fn a_bad_pattern_for_names_fails_whatever_was_found() {
        let sbom = Sbom::default();
        let params = [("filename_regex", "[")];
        let problem = Case::new(&sbom).evaluated("secret_scans", "content_regex_checks", &params).unwrap_err();
        assert_eq!(
            problem,
            "severity:error message:Trigger evaluation failed for gate secret_scans and trigger content_regex_checks, \
             with parameters: ({'match_type': None, 'filename_regex': '[', 'content_regex_name': None}) due to: \
             unterminated character set at position 0"
        );
    }
}
