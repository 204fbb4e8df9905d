use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

/// The library by itself (Debian), or the one that npm carries.
const SCRIPT: &str = r#"
let semver;
try { semver = require("semver"); } catch {
  try { semver = require(require("child_process").execSync("npm root -g").toString().trim() + "/npm/node_modules/semver"); }
  catch { console.error("the semver library is not installed"); process.exit(3); }
}
const lines = require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1);
for (const line of lines) {
  const [left, right] = line.split("\t");
  console.log(semver.valid(left) && semver.valid(right) ? "=><".at(semver.compare(left, right)) : "!");
}
"#;

/// Only strict SemVer: what lies beyond is our reading, not the library's.
#[test]
fn semver_texts_are_ordered_as_by_npm() {
    let pairs: Vec<_> = pairs(4000, &["-", ".", "a", "b", "rc", "rc1", "0", "1", "10", ".2", ".rc", ".a-b", "-1"])
        .iter()
        .map(|(left, right)| (semver(left), semver(right)))
        .collect();
    let Some(answers) = ask("node", &["-e", SCRIPT], &pairs) else { return };
    let (valid, answers): (Vec<_>, Vec<_>) =
        pairs.into_iter().zip(answers).filter(|(_, answer)| answer.is_some()).unzip();
    assert!(valid.len() > 500, "only {} pairs are SemVer", valid.len());
    assert_agreement(Format::Semantic, &valid, &answers);
    assert_agreement(Format::Fuzzy, &valid, &answers);
}

/// The text as a prerelease, or a release with its length as patch level.
fn semver(text: &str) -> String {
    if text.len().is_multiple_of(4) { format!("1.0.{}", text.len()) } else { format!("1.0.0-{text}") }
}
