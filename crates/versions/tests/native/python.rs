use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

const SCRIPT: &str = r#"
import sys
try:
    from packaging.version import InvalidVersion, Version
except ImportError:
    try:
        from pip._vendor.packaging.version import InvalidVersion, Version
    except ImportError:
        sys.exit(print("the packaging library is not installed", file=sys.stderr) or 3)
for line in sys.stdin:
    try:
        left, right = (Version(text) for text in line.rstrip("\n").split("\t"))
        print("<" if left < right else ">" if left > right else "=")
    except InvalidVersion:
        print("!")
"#;

#[test]
fn python_versions_are_ordered_as_by_packaging() {
    let pairs = pairs(
        6000,
        &[
            ".", "-", "_", "0", "1", "01", "10", ".0", ".1", "a1", "b2", "rc1", "rc", "c", "alpha", "PRE", "preview2",
            ".post1", "post", "rev", "-1", "r2", ".dev1", "dev", "dev3", "+abc", "+1", ".abc", "!1",
        ],
    );
    if let Some(answers) = ask("python3", &["-c", SCRIPT], &pairs) {
        assert_agreement(Format::Python, &pairs, &answers);
    }
}
