use std::cmp::Ordering;

use windlass_versions::Format;

use crate::oracle::{Answer, assert_agreement, run};
use crate::pairs::pairs;

const CLASS_PATH: &str = "/usr/share/java/maven3-artifact.jar:/usr/share/java/commons-lang3.jar";
const CLASS: &str = "org.apache.maven.artifact.versioning.ComparableVersion";

/// The class has a main method, which compares each argument with the next one.
#[test]
fn maven_versions_are_ordered_as_by_comparable_version() {
    if !CLASS_PATH.split(':').all(|jar| std::path::Path::new(jar).exists()) {
        eprintln!("SKIPPED: comparison with Maven: its libraries are not installed");
        assert!(std::env::var_os("WINDLASS_REQUIRE_NATIVE").is_none(), "Maven's libraries are required");
        return;
    }
    let pairs = pairs(
        3000,
        &[
            ".",
            "-",
            ".0",
            "-0",
            ".1",
            "-1",
            "0",
            "1",
            "10",
            "a",
            "b",
            "m1",
            "x",
            "-alpha",
            "-beta-2",
            "rc1",
            "-cr",
            "-SNAPSHOT",
            ".Final",
            "-ga",
            "-sp",
            ".RELEASE",
            "sp2",
            ".x",
            "milestone",
        ],
    );
    let arguments: Vec<&str> = ["-cp", CLASS_PATH, CLASS]
        .into_iter()
        .chain(pairs.iter().flat_map(|(left, right)| [left.as_str(), right.as_str()]))
        .collect();
    let Some(output) = run("java", &arguments, "") else { return };
    let comparisons: Vec<Answer> =
        output.lines().filter_map(|line| line.strip_prefix("   ")).map(|line| Some(read_comparison(line))).collect();
    // The odd ones compare the second version of a pair with the first of the next.
    let answers: Vec<Answer> = comparisons.into_iter().step_by(2).collect();
    assert_agreement(Format::Maven, &pairs, &answers);
}

fn read_comparison(line: &str) -> Ordering {
    match line.split(' ').nth(1) {
        Some("<") => Ordering::Less,
        Some("==") => Ordering::Equal,
        Some(">") => Ordering::Greater,
        other => panic!("ComparableVersion answered {other:?}"),
    }
}
