//! Patterns mean what they mean to Python's `re.match`: held against python3, where there is one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use windlass_patterns::Pattern;

/// What one of the two says of a pattern: the texts that begin with a match, or why it is none.
type Verdict = Result<Vec<bool>, String>;

/// Reads lines of a pattern and texts, each in hexadecimal; writes for each a line of an answer.
const SCRIPT: &str = r"
import re, sys, warnings
warnings.simplefilter('ignore')
text = lambda word: bytes.fromhex(word[1:]).decode()
for line in sys.stdin:
    pattern, *texts = line.split()
    try:
        compiled = re.compile(text(pattern))
        print('=' + ''.join('1' if compiled.match(text(t)) else '0' for t in texts))
    except (re.error, ValueError, OverflowError) as error:
        print('!' + str(error).split('\n')[0])
";

/// What Python says of patterns over the same texts; `None` without a python3 that knows possessive quantifiers.
fn python(patterns: &[String], texts: &[&str]) -> Option<Vec<Verdict>> {
    let is_new = Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]).status();
    if !is_new.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: there is no python3 of version 3.11 or later to compare with");
        return None;
    }
    let hex = |text: &str| {
        text.bytes().fold("x".to_owned(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    };
    let texts: Vec<String> = texts.iter().map(|text| hex(text)).collect();
    let lines: Vec<String> = patterns.iter().map(|pattern| format!("{} {}", hex(pattern), texts.join(" "))).collect();
    let mut child =
        Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.join("\n").as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers: Vec<Verdict> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| match line.strip_prefix('=') {
            Some(matches) => Ok(matches.bytes().map(|b| b == b'1').collect()),
            None => Err(line.trim_start_matches('!').to_owned()),
        })
        .collect();
    assert_eq!(answers.len(), patterns.len(), "python3 answers for every pattern");
    Some(answers)
}

/// What we say; `None` where a text took too many steps.
fn ours(pattern: &str, texts: &[&str]) -> Option<Verdict> {
    match Pattern::new(pattern) {
        Ok(pattern) => texts.iter().map(|text| pattern.matches_start(text).ok()).collect::<Option<_>>().map(Ok),
        Err(invalid) => Some(Err(invalid.reason)),
    }
}

const TEXTS: [&str; 42] = [
    "",
    "\n",
    "a",
    "A",
    "b",
    "aa",
    "ab",
    "ba",
    "aab",
    "abab",
    "abc",
    "aba",
    "a\n",
    "a\nb",
    "\na",
    "ab\n",
    "a\n\n",
    "a b",
    " a",
    "a_1",
    "1",
    "12",
    "٣",
    "²",
    "é",
    "É",
    "éa",
    "aé",
    "e\u{301}",
    "ſ",
    "K",
    "\u{212a}",
    "İ",
    "ı",
    "\x1c",
    "\u{a0}",
    "{",
    "a{,2}",
    "[a]",
    "\\",
    "-",
    "a.b-c]^$|()*+?{}#&~ \t",
];

/// Patterns and, where they are refused, what Python 3.11 says of them.
const REFUSED: [(&str, &str); 63] = [
    ("*x", "nothing to repeat at position 0"),
    ("a|*", "nothing to repeat at position 2"),
    ("(?i)*", "nothing to repeat at position 4"),
    ("{1}", "nothing to repeat at position 0"),
    ("^*", "nothing to repeat at position 1"),
    (r"\b*", "nothing to repeat at position 2"),
    ("x**", "multiple repeat at position 2"),
    ("a{2}{3}", "multiple repeat at position 4"),
    ("a+++", "multiple repeat at position 3"),
    ("x{3,2}", "min repeat greater than max repeat at position 2"),
    ("x{99999999999}", "the repetition number is too large"),
    ("(x", "missing ), unterminated subpattern at position 0"),
    ("a(?:b", "missing ), unterminated subpattern at position 1"),
    ("(?<!", "missing ), unterminated subpattern at position 0"),
    ("(?#abc", "missing ), unterminated comment at position 0"),
    ("a)", "unbalanced parenthesis at position 1"),
    ("[", "unterminated character set at position 0"),
    ("a[]", "unterminated character set at position 1"),
    ("[a-", "unterminated character set at position 0"),
    ("[b-a]", "bad character range b-a at position 1"),
    (r"[\w-a]", r"bad character range \w-a at position 1"),
    (r"[a-\d]", r"bad character range a-\d at position 1"),
    (r"\y", r"bad escape \y at position 0"),
    (r"a\z", r"bad escape \z at position 1"),
    (r"[\B]", r"bad escape \B at position 1"),
    (r"[\8]", r"bad escape \8 at position 1"),
    (r"\U00110000", r"bad escape \U00110000 at position 0"),
    ("\\", "bad escape (end of pattern) at position 0"),
    ("[\\", "bad escape (end of pattern) at position 1"),
    (r"\x1", r"incomplete escape \x1 at position 0"),
    (r"\u12", r"incomplete escape \u12 at position 0"),
    (r"\777", r"octal escape value \777 outside of range 0-0o377 at position 0"),
    (r"[\400]", r"octal escape value \400 outside of range 0-0o377 at position 1"),
    (r"\1", "invalid group reference 1 at position 1"),
    (r"\18", "invalid group reference 18 at position 1"),
    (r"(\1)", "cannot refer to an open group at position 1"),
    ("(?P<1a>x)", "bad character in group name '1a' at position 4"),
    ("(?P<a>x)(?P<a>y)", "redefinition of group name 'a' as group 2; was group 1 at position 12"),
    ("(?P=b)", "unknown group name 'b' at position 4"),
    ("(?P<a", "missing >, unterminated name at position 4"),
    ("(?P<>a)", "missing group name at position 4"),
    ("(?P=", "missing group name at position 4"),
    ("(?P", "unexpected end of pattern at position 3"),
    ("(?Px)", "unknown extension ?Px at position 1"),
    ("(?<a", "unknown extension ?<a at position 1"),
    ("(?z)", "unknown extension ?z at position 1"),
    ("(?", "unexpected end of pattern at position 2"),
    ("(?(2)a|b)", "invalid group reference 2 at position 3"),
    ("(?(0)a)", "bad group number at position 3"),
    ("(?(-1)a)", "bad character in group name '-1' at position 3"),
    ("(?(a)x)", "unknown group name 'a' at position 3"),
    ("(?()a)", "missing group name at position 3"),
    ("(x)(?(1)a|b|c)", "conditional backref with more than two branches at position 11"),
    ("(?i-i:a)", "bad inline flags: flag turned on and off at position 5"),
    ("(?-i)a", "missing : at position 4"),
    ("(?-:a)", "missing flag at position 3"),
    ("(?-a:b)", "bad inline flags: cannot turn off flags 'a', 'u' and 'L' at position 4"),
    ("(?i", "missing -, : or ) at position 3"),
    ("(?iy)", "unknown flag at position 3"),
    ("(?L)a", "bad inline flags: cannot use 'L' flag with a str pattern at position 3"),
    ("(?au)a", "bad inline flags: flags 'a', 'u' and 'L' are incompatible at position 4"),
    ("(?<=a*)b", "look-behind requires fixed-width pattern"),
    ("(?<=(?P<q>a)(?P=q))", "cannot refer to group defined in the same lookbehind subpattern at position 18"),
];

#[test]
fn what_python_refuses_is_refused_in_its_words() {
    for (pattern, reason) in REFUSED {
        assert_eq!(ours(pattern, &[]), Some(Err(reason.to_owned())), "{pattern}");
    }
    let patterns: Vec<String> = REFUSED.iter().map(|(pattern, _)| (*pattern).to_owned()).collect();
    for (pattern, verdict) in patterns.iter().zip(python(&patterns, &[]).unwrap_or_default()) {
        assert!(verdict.is_err(), "python3 takes {pattern}");
    }
}

const ACCEPTED: &[&str] = &[
    "",
    "a",
    ".",
    "a.b",
    "(?s)a.b",
    "a$",
    "a$\n",
    "(?m)a$",
    "(?m)a$\nb",
    "^a",
    "(?m)\n^a",
    "(?m)a\n^",
    r"a\Z",
    r"\Aa",
    "a|b",
    "a||b",
    "(a)|b",
    "a*",
    "a+?",
    "a{2}",
    "a{,2}b",
    "a{2,}",
    "a{,}",
    "{",
    "{,",
    "a{",
    "a{x}",
    "a{1",
    "a{,2}",
    r"a\{,2\}",
    "a{ 1}",
    "(?i)a",
    "(?i)A",
    "(?i:a)b",
    "(?i)[a-z]",
    "(?i)[^a]",
    "(?i)k",
    "(?i)i",
    "(?i)\u{131}",
    "(?i)\u{130}",
    "(?i)s",
    "(?i)[h-j]",
    "(?ai)k",
    "(?ai)[^k]",
    "(?ai)[a-z]+",
    "(?i)é",
    "(?ai)é",
    "(?i-s:A)",
    "(?s-i:.)",
    "(?x) a b # c\n",
    "(?x: a ) b",
    "(?x)a\\ b",
    "(?x)[ ]",
    "(?x)a{1} *",
    "(?-x:a b)",
    "(?a)\\w",
    "(?a)\\d",
    "(?a)\\s",
    "(?a:\\w)\\w",
    "(?u)\\w",
    "(?a)(?u:\\w)",
    r"\w+",
    r"\W",
    r"\d",
    r"\D",
    r"\s",
    r"\S",
    r"[\w]+",
    r"[^\w]",
    r"[\W\d]",
    r"[\s\S]",
    r"[^\s\S]",
    r"(?a)[^\w]",
    r"(?a)\W\w",
    r"a\b",
    r"a\B",
    r"\B",
    r"\b",
    r".\b",
    r"e\b",
    r"(?a).\b",
    r"(?a)\B.",
    r"a\bb",
    r"a\b ",
    r"\ba\b",
    r"(?i)\ba",
    "a(?=b)",
    "a(?!b)",
    "(?=a)*",
    "(?=a)+b",
    "(?:)*a",
    "()+a",
    "()*a",
    "(a*)*b",
    "(a*)+",
    "(a|b)*?b",
    "a(?<=a)b",
    "a(?<!b)b",
    "(?<=^)a",
    "(?<!a)a",
    "(?<=)a",
    "(?<=$)",
    "a(?<=(a))b",
    r"(a)\1",
    r"(?i)(a)\1",
    r"(a)|\1b",
    r"(a)?\1",
    r"(?P<x>a)(?P=x)",
    r"(?P<x>a)\1",
    r"(a)\10",
    r"(a)?b(?(1)a|c)",
    r"(a)?(?(1)b)",
    r"(?:(a)|b)(?(1)a|c)",
    "(?(1)a)(b)",
    r"(?P<q>a)?(?(q)b|a)",
    "(?#comment)a",
    "a(?#c)*",
    "a++",
    "a*+a",
    "a?+a",
    "a{1,2}+a",
    "(?>a|ab)b",
    "(?>a*)b",
    "(?>a$)",
    r"\0",
    r"\012",
    r"\141",
    r"\x61",
    r"\u0061",
    r"\U00000061",
    r"[\141\x62]",
    r"[\b]",
    r"\-",
    r"\<",
    r"\>",
    r"\_",
    r"\é",
    r"[a\-b]",
    r"[]a]",
    "[^]a]",
    "[a-]",
    "[-a]",
    "[[a]",
    "[a&&b]",
    "[+--]",
    "[a~~b]",
    "[[:alpha:]]",
    "[a||b]",
    r"[\]]",
    r"[\^a]",
    "[^^]",
    "[$.*]",
    "[a-c]+",
    r"[\d-]",
    "#",
    "&&",
    "~",
    "a#b",
    r"\ud800",
    r"[\ud800-\ue000]",
    "(?m)^$",
    "^$",
    "$",
    "$a",
    "($)?a",
    "(a$|b)",
    "(a$)\n",
    "(?:a$)?",
    "(?:a$)*",
    "(?:$)*a",
    "a(?=$)",
    "a(?!$)",
    "a(?:$|b)",
    "(?=a$)a\n",
    r"(?=(a$))\1\n",
    r".*\.pem$",
    r"(?i)-+BEGIN(.*)PRIVATE KEY-+",
    r"(?P<é>a)(?P=é)",
    "(?:a|b){2,3}?c",
    "(?:(?:a)b)+",
    "((a)(b)?)+",
    r"((a)|b)*\2",
    r"(?:(a)|(b)|\1)+",
    "a{0}",
    "(a){0}b",
    r"(a){0}\1",
    "(?!)",
    "(?=)",
    "(?:a(?i:b))c",
    "[^a]",
    r"[^\n]",
    r"[^\d\s]+",
    r"\t",
    r"\\",
    r"[\\]",
    r"\.",
    r"\$",
    r"a\.b\-c\]\^\$\|\(\)\*\+\?\{\}\#\&\~",
];

#[test]
fn a_table_of_patterns_matches_where_python_matches() {
    let patterns: Vec<String> = ACCEPTED.iter().map(|pattern| (*pattern).to_owned()).collect();
    compare(&patterns, &TEXTS);
}

/// Panics at the first patterns of which the two say different things.
fn compare(patterns: &[String], texts: &[&str]) {
    let mut differences = String::new();
    for (pattern, theirs) in patterns.iter().zip(python(patterns, texts).unwrap_or_default()) {
        let Some(ours) = ours(pattern, texts) else { continue };
        let where_they_differ = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => {
                let differing = (0..texts.len()).filter(|&index| ours[index] != theirs[index]);
                let list: Vec<String> =
                    differing.map(|index| format!("{:?} {}", texts[index], theirs[index])).collect();
                list.join(", ")
            }
            (Err(_), Err(_)) => continue,
            (ours, theirs) => format!("ours {:?}, python's {:?}", ours.as_ref().err(), theirs.as_ref().err()),
        };
        if !where_they_differ.is_empty() {
            let _ = writeln!(differences, "{pattern:?}: {where_they_differ}");
        }
    }
    assert!(
        differences.is_empty(),
        "python3 disagrees:\n{}",
        &differences.lines().take(40).collect::<Vec<_>>().join("\n")
    );
}

/// Patterns with everything in them but flags in the middle, which Python refuses since 3.11.
fn patterns() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        8 => "[abA1_ é]",
        2 => Just(".".to_owned()),
        3 => r"\\[wWdDsSbBAZn]",
        2 => r"[$^]",
        3 => r"\[\^?[abA_é\n-]{1,3}\]",
        1 => r"\[\^?\\[wds][a&]\]",
        1 => r"\\[12]",
        1 => "[{}#]",
    ];
    let nested = atom.prop_recursive(5, 24, 4, |inner| {
        let quantifier = prop_oneof![4 => "[*+?]", 2 => "[*+?][?+]", 1 => r"\{[012],?[23]?\}"];
        let opening = prop_oneof![
            4 => Just("(".to_owned()),
            3 => Just("(?:".to_owned()),
            2 => r"\(\?[=!]",
            1 => r"\(\?<[=!]",
            1 => Just("(?>".to_owned()),
            1 => r"\(\?[imsa]:",
            1 => r"\(\?-[ims]:",
            1 => r"\(\?\([12]\)",
        ];
        prop_oneof![
            4 => prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}|{b}")),
            4 => (opening, inner.clone()).prop_map(|(opening, body)| format!("{opening}{body})")),
            3 => (inner, quantifier).prop_map(|(part, quantifier)| part + &quantifier),
        ]
    });
    (prop_oneof![6 => Just(String::new()), 1 => r"\(\?[imsax]{1,2}\)"], nested).prop_map(|(flags, body)| flags + &body)
}

#[test]
fn generated_patterns_match_where_python_matches() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = patterns();
    let patterns: Vec<String> = (0..6_000).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    compare(&patterns, &TEXTS);
}

/// Characters of the scripts in use, as python3's tables may know them: each text one of them.
fn characters() -> impl Iterator<Item = char> {
    // Letters of Unicode 16, and capitals that it gave to old ones.
    const RECENT: [char; 4] = ['\u{19b}', '\u{264}', '\u{1c89}', '\u{1c8a}'];
    (0..=0x2fff).filter_map(char::from_u32).filter(|c| !RECENT.contains(c))
}

#[test]
fn letters_have_the_cases_that_python_gives_them() {
    let letters: Vec<String> =
        characters().filter(|c| c.is_lowercase() || c.is_uppercase()).map(|c| c.to_string()).collect();
    let mut texts: Vec<&str> = letters.iter().map(String::as_str).collect();
    texts.extend(["ǅ", "\u{345}", "ᾈ", "ﬅ", "ﬆ"]);
    let patterns: Vec<String> = letters.chunks(7).map(|block| format!("(?i)[{}]", block.concat())).collect();
    compare(&patterns, &texts);
}

#[test]
fn categories_hold_what_python_puts_into_them() {
    let texts: Vec<String> = characters().map(|c| c.to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let patterns = [r"\w", r"\d", r"\s", r"(?a)\w", r"(?a)\s", r"\W", r"[^\w]", "(?i)[^a-z]"].map(str::to_owned);
    compare(&patterns, &texts);
}
