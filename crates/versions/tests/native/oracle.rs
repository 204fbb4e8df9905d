//! Asking a native comparator, and comparing its answers with ours.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use windlass_versions::{Format, Version};

/// What a comparator says of a pair; `None` when it takes one of the two for no version.
pub(crate) type Answer = Option<Ordering>;

/// Feeds `left TAB right` lines to a child and reads one of `<`, `=`, `>`, `!` per line. `None` when the comparator is
/// not installed; the script exits with 3 when a library it needs is not.
pub(crate) fn ask(program: &str, arguments: &[&str], pairs: &[(String, String)]) -> Option<Vec<Answer>> {
    let mut questions = String::new();
    for (left, right) in pairs {
        writeln!(questions, "{left}\t{right}").unwrap();
    }
    let output = run(program, arguments, &questions)?;
    // rpm ends what it expands with a line of its own.
    Some(output.trim_end().lines().map(read_answer).collect())
}

/// What the program prints, given an input.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> Option<String> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        return skipped(program, "it is not installed");
    };
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Written from a thread: the child may answer before it has read everything. That it hangs up early shows in
        // its answers.
        scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
        let mut output = String::new();
        stdout.read_to_string(&mut output).unwrap();
        output
    });
    let rest = child.wait_with_output().unwrap();
    if rest.status.code() == Some(3) {
        return skipped(program, String::from_utf8_lossy(&rest.stderr).trim());
    }
    assert!(rest.status.success(), "{program} failed: {}", String::from_utf8_lossy(&rest.stderr));
    Some(output)
}

fn skipped<T>(program: &str, reason: &str) -> Option<T> {
    assert!(std::env::var_os("WINDLASS_REQUIRE_NATIVE").is_none(), "{program} is required: {reason}");
    eprintln!("SKIPPED: comparison with {program}: {reason}");
    None
}

fn read_answer(line: &str) -> Answer {
    match line {
        "<" | "-1" => Some(Ordering::Less),
        "=" | "0" => Some(Ordering::Equal),
        ">" | "1" => Some(Ordering::Greater),
        "!" => None,
        other => panic!("the comparator answered {other:?}"),
    }
}

/// Fails with all pairs that we and the comparator see differently.
pub(crate) fn assert_agreement(format: Format, pairs: &[(String, String)], answers: &[Answer]) {
    assert_eq!(pairs.len(), answers.len(), "{format}: every pair is answered");
    let compared = answers.iter().flatten().count();
    assert!(compared * 6 > pairs.len(), "{format}: only {compared} of {} pairs were comparable", pairs.len());
    let mut differences = String::new();
    for ((left, right), answer) in pairs.iter().zip(answers) {
        let ours = ours(format, left, right);
        if ours != *answer {
            writeln!(differences, "{left} {right}: we say {ours:?}, not {answer:?}").unwrap();
        }
    }
    assert!(differences.is_empty(), "{format} differs from its native comparator:\n{differences}");
}

fn ours(format: Format, left: &str, right: &str) -> Answer {
    let (left, right) = (Version::parse(left, format).ok()?, Version::parse(right, format).ok()?);
    Some(left.compare(&right).unwrap())
}
