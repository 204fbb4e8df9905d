//! Gate `retrieved_files` (`spec/policy.md` §4.10).

use std::collections::BTreeMap;

use crate::{
    Arguments, Check, Failure, Gate, Kind, Parameter, Profile, Trigger,
    gate::{Inputs, Origin, State},
    pytext,
    rule_pattern::RulePattern,
};

pub(super) const GATE: Gate = Gate {
    name: "retrieved_files",
    description: "The content of files that the analysis was told to keep.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "content_not_available",
            description: "Fires if a file was not kept: it is not in the image, or the analysis was not told to.",
            parameters: &[PATH],
            reads: Inputs::RETRIEVED_FILES,
            origin: Origin::Original,
            compile: content_not_available,
        },
        Trigger {
            name: "content_regex",
            description: "Fires if a regular expression is found, or not found, in a kept file. The compat profile \
                          matches it at the start of each word, the native profile at the start of each line.",
            parameters: &[
                PATH,
                Parameter::new(
                    "check",
                    Kind::OneOf(&[MATCH, "no_match"]),
                    "Whether finding it fires, or not finding it.",
                )
                .required()
                .example(MATCH),
                Parameter::new("regex", Kind::Text, "The regular expression.")
                    .required()
                    .pattern()
                    .example(".*SSlEnabled.*"),
            ],
            reads: Inputs::RETRIEVED_FILES,
            origin: Origin::Original,
            compile: content_regex,
        },
    ],
};

const MATCH: &str = "match";

const PATH: Parameter = Parameter::new("path", Kind::Text, "The full path of the file.")
    .key("file_path")
    .required()
    .example("/etc/httpd.conf");

fn content_not_available(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let path = arguments.text_or("path", "").to_owned();
    Ok(Check::new(move |context, firings| {
        let image = context.image;
        let is_missing = image.retrieved(&path).is_none();
        let has_none = image.sbom.inspection.retrieved_files.as_ref().is_none_or(BTreeMap::is_empty);
        // The original said so once for having no file at all, and once more for not having this one.
        let says_twice = has_none && context.profile == Profile::Compat;
        for _ in 0..usize::from(is_missing) + usize::from(says_twice) {
            firings.fire("Cannot locate file in the image analysis");
        }
        Ok(())
    }))
}

fn content_regex(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let path = arguments.text_or("path", "").to_owned();
    let check = arguments.text_or("check", "").to_owned();
    let regex = arguments.text_or("regex", "").to_owned();
    let pattern = RulePattern::new(&regex);
    let id = format!("{}+file://{path}", arguments.rule_id().unwrap_or("None"));
    Ok(Check::new(move |context, firings| {
        let Some(files) = context.image.sbom.inspection.retrieved_files.as_ref().filter(|files| !files.is_empty())
        else {
            return Ok(());
        };
        let pattern = pattern.usable()?;
        let Some(content) = files.get(&path) else { return Ok(()) };
        let undecodable = || Failure::new("Cannot execute regex check due to error processing file content");
        let content = str::from_utf8(content).map_err(|_| undecodable())?;
        let is_found = match context.profile {
            Profile::Compat => any(pytext::words(content), |word| Ok(pattern.matches_start(word)?)),
            Profile::Native => any(pytext::lines(content), |line| Ok(pattern.matches_start(line)?)),
        }?;
        if is_found == (check == MATCH) {
            firings
                .fire(format!("Content regex '{regex}' check '{check}' found in retrieved file '{path}'"))
                .id(id.clone());
        }
        Ok(())
    }))
}

/// Whether the test holds for any part; the first failure ends it.
fn any<'t>(
    mut parts: impl Iterator<Item = &'t str>,
    test: impl Fn(&str) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    parts.find_map(|part| test(part).map(|holds| holds.then_some(true)).transpose()).unwrap_or(Ok(false))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::Sbom;

    use crate::{
        Profile,
        testing::{Case, Fired, fired},
    };

    const CONF: &str = "/etc/httpd.conf";

    fn image(path: &str, content: &[u8]) -> Sbom {
        let mut sbom = Sbom::default();
        sbom.inspection.retrieved_files = Some([(path.to_owned(), content.to_vec())].into());
        sbom
    }

    fn matched(content: &str, regex: &str, check: &str, profile: Profile) -> usize {
        let sbom = image(CONF, content.as_bytes());
        let params = [("path", CONF), ("regex", regex), ("check", check)];
        Case { profile, ..Case::new(&sbom) }.fired("retrieved_files", "content_regex", &params).len()
    }

    #[test]
    fn a_file_that_was_not_retrieved_is_told() {
        let told = || Fired::new("013ff87ce9b12826800438355925acd3", "Cannot locate file in the image analysis");
        let params = [("path", CONF)];
        let other = image("/etc/passwd", b"");
        assert_eq!(fired("retrieved_files", "content_not_available", &params, &other), [told()]);
        assert_eq!(fired("retrieved_files", "content_not_available", &params, &image(CONF, b"")), []);
    }

    #[test]
    fn having_no_file_at_all_is_told_twice_in_the_compat_profile() {
        let mut sbom = Sbom::default();
        let rows = |sbom: &Sbom, profile| {
            let case = Case { profile, ..Case::new(sbom) };
            case.fired("retrieved_files", "content_not_available", &[("path", CONF)]).len()
        };
        for _ in 0..2 {
            assert_eq!((rows(&sbom, Profile::Compat), rows(&sbom, Profile::Native)), (2, 1));
            sbom.inspection.retrieved_files = Some([].into());
        }
    }

    #[test]
    fn a_pattern_that_is_found_fires_under_the_id_of_its_rule() {
        let sbom = image("/etc/passwd", b"root:x:0:0:root:/root:/bin/bash");
        let params = [("path", "/etc/passwd"), ("regex", "root"), ("check", "match")];
        assert_eq!(
            fired("retrieved_files", "content_regex", &params, &sbom),
            [Fired::new(
                "rid+file:///etc/passwd",
                "Content regex 'root' check 'match' found in retrieved file '/etc/passwd'"
            )]
        );
        assert_eq!(fired("retrieved_files", "content_regex", &params, &image(CONF, b"root")), []);
        assert_eq!(fired("retrieved_files", "content_regex", &params, &Sbom::default()), []);
    }

    #[test]
    fn words_are_matched_in_the_compat_profile_and_lines_in_the_native_one() {
        const CONTENT: &str = "Listen 80\nSSL  on\n";
        for (regex, [compat, native]) in
            [("80", [1, 0]), ("Listen 80", [0, 1]), ("SSL", [1, 1]), ("(?s).*on$", [1, 1]), ("off", [0, 0])]
        {
            assert_eq!(matched(CONTENT, regex, "match", Profile::Compat), compat, "{regex}");
            assert_eq!(matched(CONTENT, regex, "match", Profile::Native), native, "{regex}");
            assert_eq!(matched(CONTENT, regex, "no_match", Profile::Compat), 1 - compat, "{regex}");
            assert_eq!(matched(CONTENT, regex, "no_match", Profile::Native), 1 - native, "{regex}");
        }
        assert_eq!(matched("", "", "match", Profile::Compat), 0);
        assert_eq!(matched("", "", "no_match", Profile::Compat), 1);
    }

    #[test]
    fn what_cannot_be_read_or_matched_fails() {
        let evaluated = |sbom: &Sbom, regex: &str| {
            let params = [("path", CONF), ("regex", regex), ("check", "no_match")];
            Case::new(sbom).evaluated("retrieved_files", "content_regex", &params)
        };
        let problem = evaluated(&image(CONF, b"\xff"), "x").unwrap_err();
        assert!(
            problem.ends_with("due to: Cannot execute regex check due to error processing file content"),
            "{problem}"
        );
        let problem = evaluated(&image("/other", b""), "(x").unwrap_err();
        assert!(problem.ends_with("due to: missing ), unterminated subpattern at position 0"), "{problem}");
        assert_eq!(evaluated(&Sbom::default(), "(x"), Ok(vec![]));
    }
}
