//! Gate `files` (`spec/policy.md` §4.3).

use std::borrow::Cow;

use windlass_sbom::{FileEntry, FileKind};

use crate::{
    Arguments, Check, Failure, Gate, Kind, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    image::full_mode,
    pyrepr,
    rule_pattern::RulePattern,
    search_hit::SearchHit,
};

pub(super) const GATE: Gate = Gate {
    name: "files",
    description: "The files of the image: names, modes, digests, and what the content search found in them.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[
        Trigger {
            name: "content_regex_match",
            description: "Fires for each file and pattern of the content search that was found in it.",
            parameters: &[Parameter::new(
                "regex_name",
                Kind::Text,
                "The name of a pattern of the content search, or its text. Unset: all of them.",
            )
            .example(".*password.*")],
            reads: Inputs::CONTENT_SEARCH,
            origin: Origin::Original,
            compile: content_regex_match,
        },
        Trigger {
            name: "name_match",
            description: "Fires for each file whose full path begins with a match.",
            parameters: &[Parameter::new(
                "regex",
                Kind::Text,
                "Regular expression, matched from the leading slash on.",
            )
            .required()
            .pattern()
            .example(r".*\.pem")],
            reads: Inputs::FILES,
            origin: Origin::Original,
            compile: name_match,
        },
        Trigger {
            name: "attribute_match",
            description: "Fires if a file has, or does not have, a digest and a mode. Where both are given, both must \
                          hold; where neither is, only a missing file can fire.",
            parameters: &[
                Parameter::new("filename", Kind::Text, "The full path of the file.").required().example("/etc/passwd"),
                Parameter::new(
                    "checksum_algorithm",
                    Kind::OneOf(&["sha256"]),
                    "The digest's algorithm. Unset: sha256.",
                )
                .key("checksum_algo")
                .example("sha256"),
                Parameter::new("checksum", Kind::Text, "The digest, in lower-case hexadecimal. Unset: not compared.")
                    .example("832cd0f75b227d13aac82b1f70b7f90191a4186c151f9db50851d209c45ede11"),
                Parameter::new("checksum_match", EQUALS_OR_NOT, "How the digest is compared. Unset: equals.")
                    .key("checksum_op")
                    .example(EQUALS),
                Parameter::new(
                    "mode",
                    Kind::Text,
                    "Permission bits in octal, with those for set-uid, set-gid and sticky. Unset: not compared.",
                )
                .example("00644"),
                Parameter::new("mode_op", EQUALS_OR_NOT, "How the mode is compared. Unset: equals.").example(EQUALS),
                Parameter::new(
                    "skip_missing",
                    Kind::Boolean,
                    "If false, a missing file fires. Unset: true, nothing is said of missing files.",
                )
                .key("skip_if_file_missing")
                .example("true"),
            ],
            reads: Inputs::FILES,
            origin: Origin::Original,
            compile: attribute_match,
        },
        Trigger {
            name: "suid_or_guid_set",
            description: "Fires for each file that is set-uid or set-gid.",
            parameters: &[],
            reads: Inputs::FILES,
            origin: Origin::Original,
            compile: suid_or_guid_set,
        },
    ],
};

const EQUALS: &str = "equals";
const EQUALS_OR_NOT: Kind = Kind::OneOf(&[EQUALS, "not_equals"]);

fn content_regex_match(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let wanted = arguments.text("regex_name").filter(|name| !name.is_empty()).map(str::to_owned);
    Ok(Check::new(move |context, firings| {
        for file in context.image.sbom.inspection.content_matches.iter().flatten() {
            let hits = file.matches.iter().map(SearchHit::new);
            for hit in hits.filter(|hit| wanted.as_ref().is_none_or(|wanted| hit.is(wanted))) {
                let (path, key) = (&file.path, hit.key());
                firings
                    .fire(format!("File content analyzer found regexp match in container: file={path} regexp={key}"));
            }
        }
        Ok(())
    }))
}

fn name_match(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let regex = arguments.text_or("regex", "").to_owned();
    Ok(Check::of_paths(RulePattern::new(&regex), move |file| {
        let path = file.path();
        format!("Application of regex matched file found in container: file={path} regexp={regex}")
    }))
}

fn attribute_match(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let given = |name: &str| arguments.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let operator = |name: &str| arguments.text_or(name, EQUALS).to_owned();
    let filename = arguments.text_or("filename", "").to_owned();
    let (checksum, checksum_op) = (given("checksum"), operator("checksum_match"));
    let (mode, mode_op) = (given("mode").map(|mode| octal(&mode)), operator("mode_op"));
    let skip_missing = arguments.boolean("skip_missing").unwrap_or(true);
    Ok(Check::new(move |context, firings| {
        let Some(file) = context.image.file(&filename) else {
            if !skip_missing {
                firings.fire(format!("filename={filename} and skip_missing=False"));
            }
            return Ok(());
        };
        let holds = |found: &str, op: &str, wanted: &str| (found == wanted) == (op == EQUALS);
        let mut told = Vec::new();
        if let Some(wanted) = &checksum {
            let found = sha256(file);
            if !holds(&found, &checksum_op, wanted) {
                return Ok(());
            }
            told.push(format!("checksum={found} op={checksum_op} specified_checksum={wanted}"));
        }
        if let Some(wanted) = &mode {
            let wanted = wanted.as_ref().map_err(Clone::clone)?;
            let found = format!("{:#o}", file.mode() & 0o7777);
            if !holds(&found, &mode_op, wanted) {
                return Ok(());
            }
            told.push(format!("mode={found} op={mode_op} specified_mode={wanted}"));
        }
        if !told.is_empty() {
            firings.fire(format!("filename={filename} and {}", told.join(" and ")));
        }
        Ok(())
    }))
}

/// What the original recorded: the digest of a file, a word for anything else, nothing where it was not computed.
fn sha256(file: FileEntry<'_>) -> Cow<'static, str> {
    match file.kind() {
        FileKind::RegularFile | FileKind::HardLink => file.digest("sha256").unwrap_or_default().into(),
        _ => "DIRECTORY_OR_OTHER".into(),
    }
}

/// A number in any of Python's ways to write it to base 8, as Python prints it: `0o644`.
fn octal(text: &str) -> Result<String, Failure> {
    let number = text.trim();
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number.strip_prefix('+').unwrap_or(number)),
    };
    let prefixed = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O"));
    let digits = prefixed.map_or(digits, |digits| digits.strip_prefix('_').unwrap_or(digits));
    let is_octal = |group: &str| !group.is_empty() && group.bytes().all(|b| matches!(b, b'0'..=b'7'));
    if !digits.split('_').all(is_octal) {
        let text = pyrepr::text(text);
        return Err(Failure::new(format!("invalid literal for int() with base 8: {text}")));
    }
    let digits = digits.replace('_', "");
    Ok(match digits.trim_start_matches('0') {
        "" => "0o0".into(),
        significant => format!("{sign}0o{significant}"),
    })
}

fn suid_or_guid_set(_: &Arguments<'_>) -> Result<Check, Failure> {
    Ok(Check::new(|context, firings| {
        for file in context.image.files().iter().filter(|file| file.mode() & 0o6000 != 0) {
            let (path, mode) = (file.path(), full_mode(file));
            firings.fire(format!("SUID or SGID found set on file {path}. Mode: {mode:#o}"));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Evidence, File, FileDigest, FileKind, FileMatches, Location, PatternMatch, Sbom};

    use crate::testing::{Case, Fired, fired};

    fn file(path: &str, kind: FileKind, mode: u32) -> File {
        let digest = FileDigest { algorithm: "sha256".into(), value: "aa".into() };
        let digests = if kind == FileKind::RegularFile { vec![digest] } else { Vec::new() };
        let location = Location::new(path, None, Evidence::Primary);
        File { location, kind, mode, uid: 0, gid: 0, size: 1, link_target: String::new(), digests }
    }

    fn image() -> Sbom {
        let files = vec![
            file("/bin/su", FileKind::RegularFile, 0o4755),
            file("/etc", FileKind::Directory, 0o755),
            file("/etc/passwd", FileKind::RegularFile, 0o644),
            file("/etc/sh\nadow", FileKind::RegularFile, 0o640),
            file("/var/mail", FileKind::Directory, 0o2775),
        ];
        Sbom { files, ..Sbom::default() }
    }

    fn messages(trigger: &str, params: &[(&str, &str)]) -> Vec<String> {
        let sbom = image();
        fired("files", trigger, params, &sbom).into_iter().map(|fired| fired.message).collect()
    }

    fn attributes(params: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let sbom = image();
        let fired = Case::new(&sbom).evaluated("files", "attribute_match", params)?;
        Ok(fired.into_iter().map(|fired| fired.message).collect())
    }

    #[test]
    fn the_content_search_is_told_pattern_by_pattern() {
        let found = |name: &str, regex: &str| PatternMatch { name: name.into(), regex: regex.into(), lines: vec![0] };
        let mut sbom = Sbom::default();
        sbom.inspection.content_matches = Some(vec![FileMatches {
            path: "/app/conf".into(),
            matches: vec![found("", ".*key=.*"), found("", ".*token"), found("PASSWORD", ".*pass")],
        }]);
        let keys = |wanted: Option<&str>| -> Vec<String> {
            let params: Vec<_> = wanted.map(|wanted| ("regex_name", wanted)).into_iter().collect();
            let start = "File content analyzer found regexp match in container: file=/app/conf regexp=";
            let fired = fired("files", "content_regex_match", &params, &sbom);
            fired.iter().map(|fired| fired.message.strip_prefix(start).unwrap().to_owned()).collect()
        };
        let all = [".*key=.*", ".*token", "PASSWORD=.*pass"];
        assert_eq!(keys(None), all);
        assert_eq!(keys(Some("")), all);
        assert_eq!(keys(Some("PASSWORD")), ["PASSWORD=.*pass"]);
        assert_eq!(keys(Some(".*pass")), ["PASSWORD=.*pass"]);
        assert_eq!(keys(Some("PASSWORD=.*pass")), ["PASSWORD=.*pass"]);
        assert_eq!(keys(Some(".*token")), [".*token"]);
        assert_eq!(keys(Some(".*key")), [".*key=.*"], "a bare regex is cut at its =, too");
        assert_eq!(keys(Some("PASS")), [""; 0]);
        assert_eq!(fired("files", "content_regex_match", &[], &Sbom::default()), []);
    }

    #[test]
    fn names_are_matched_from_their_start() {
        let sbom = image();
        let matched = fired("files", "name_match", &[("regex", "/etc")], &sbom);
        let [_, passwd, _] = &matched[..] else { panic!("{matched:?}") };
        assert_eq!(
            passwd,
            &Fired::new(
                "6dd2c3e44e3355c25924d804e8a4c32f",
                "Application of regex matched file found in container: file=/etc/passwd regexp=/etc"
            )
        );
        assert_eq!(messages("name_match", &[("regex", "etc")]), [""; 0]);
        assert_eq!(messages("name_match", &[("regex", ".*adow$")]), [""; 0], "a dot is no newline");
        assert_eq!(messages("name_match", &[("regex", "(?s).*adow$")]).len(), 1);
    }

    #[test]
    fn a_bad_pattern_fails_where_there_are_files() {
        let sbom = image();
        let params = [("regex", r"*\.pem")];
        assert_eq!(
            Case::new(&sbom).evaluated("files", "name_match", &params).unwrap_err(),
            "severity:error message:Trigger evaluation failed for gate files and trigger name_match, with parameters: \
             ({'regex': '*\\\\.pem'}) due to: nothing to repeat at position 0"
        );
        assert_eq!(fired("files", "name_match", &params, &Sbom::default()), []);
    }

    #[test]
    fn a_missing_file_is_told_of_only_if_it_must_be() {
        let sbom = image();
        assert_eq!(
            fired("files", "attribute_match", &[("filename", "/nope"), ("skip_missing", "false")], &sbom),
            [Fired::new("4e124d0f8d7142c998196a718f2d56b3", "filename=/nope and skip_missing=False")]
        );
        assert_eq!(attributes(&[("filename", "/nope"), ("mode", "644")]), Ok(vec![]));
        assert_eq!(attributes(&[("filename", "/nope"), ("mode", "9")]), Ok(vec![]));
        assert_eq!(attributes(&[("filename", "/etc/passwd"), ("skip_missing", "false")]), Ok(vec![]));
    }

    #[test]
    fn modes_are_compared_without_the_kind_of_file() {
        let sbom = image();
        assert_eq!(
            fired("files", "attribute_match", &[("filename", "/etc/passwd"), ("mode", "00644")], &sbom),
            [Fired::new(
                "6c7453ceb1bcc50980dec5af8aa5303d",
                "filename=/etc/passwd and mode=0o644 op=equals specified_mode=0o644"
            )]
        );
        assert_eq!(attributes(&[("filename", "/etc/passwd"), ("mode", "600")]), Ok(vec![]));
        assert_eq!(
            attributes(&[("filename", "/bin/su"), ("mode", "755"), ("mode_op", "not_equals")]),
            Ok(vec!["filename=/bin/su and mode=0o4755 op=not_equals specified_mode=0o755".into()])
        );
        assert_eq!(attributes(&[("filename", "/etc"), ("mode", "755"), ("mode_op", "not_equals")]), Ok(vec![]));
    }

    #[test]
    fn digests_are_compared_and_directories_have_a_word_instead() {
        assert_eq!(
            attributes(&[("filename", "/etc/passwd"), ("checksum", "aa"), ("checksum_algorithm", "sha256")]),
            Ok(vec!["filename=/etc/passwd and checksum=aa op=equals specified_checksum=aa".into()])
        );
        assert_eq!(attributes(&[("filename", "/etc/passwd"), ("checksum", "AA")]), Ok(vec![]));
        assert_eq!(
            attributes(&[("filename", "/etc"), ("checksum", "aa"), ("checksum_match", "not_equals")]),
            Ok(vec!["filename=/etc and checksum=DIRECTORY_OR_OTHER op=not_equals specified_checksum=aa".into()])
        );
        assert_eq!(attributes(&[("filename", "/etc/passwd"), ("checksum", ""), ("mode", "")]), Ok(vec![]));
    }

    #[test]
    fn digest_and_mode_must_both_hold() {
        let both = |checksum, mode| attributes(&[("filename", "/etc/passwd"), ("checksum", checksum), ("mode", mode)]);
        assert_eq!(
            both("aa", "0o644"),
            Ok(vec![
                "filename=/etc/passwd and checksum=aa op=equals specified_checksum=aa and mode=0o644 op=equals \
                 specified_mode=0o644"
                    .into()
            ])
        );
        assert_eq!(both("bb", "644"), Ok(vec![]));
        assert_eq!(both("aa", "645"), Ok(vec![]));
        assert_eq!(both("bb", "rw"), Ok(vec![]), "the mode is not looked at any more");
    }

    #[test]
    fn a_mode_that_is_not_octal_fails_when_it_is_compared() {
        let problem = attributes(&[("filename", "/etc/passwd"), ("mode", "rw-r--r--")]).unwrap_err();
        assert!(problem.ends_with("due to: invalid literal for int() with base 8: 'rw-r--r--'"), "{problem}");
    }

    #[test]
    fn octal_numbers_are_read_as_python_reads_them() {
        for (text, printed) in [
            ("644", "0o644"),
            (" 0o0644\n", "0o644"),
            ("0O_6_44", "0o644"),
            ("+7", "0o7"),
            ("-7", "-0o7"),
            ("-00", "0o0"),
        ] {
            assert_eq!(super::octal(text), Ok(printed.into()), "{text:?}");
        }
        for text in ["", "8", "0x1", "6__4", "_6", "6_", "0o", "- 7", "--7"] {
            assert!(super::octal(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn set_uid_and_set_gid_files_fire_with_their_full_mode() {
        let sbom = image();
        assert_eq!(
            fired("files", "suid_or_guid_set", &[], &sbom),
            [
                Fired::new(
                    "91192388289daa4ffb2844ac9fbd709f",
                    "SUID or SGID found set on file /bin/su. Mode: 0o104755"
                ),
                Fired::new(
                    "da870e801836e419385f2f300713cf7f",
                    "SUID or SGID found set on file /var/mail. Mode: 0o42775"
                ),
            ]
        );
        assert_eq!(fired("files", "suid_or_guid_set", &[], &Sbom::default()), []);
    }
}
