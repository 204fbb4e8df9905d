use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

/// `vercmp` is a thin program around this function.
const SCRIPT: &str = r#"
import ctypes, ctypes.util, sys
name = ctypes.util.find_library("alpm")
if name is None:
    sys.exit(print("libalpm is not installed", file=sys.stderr) or 3)
vercmp = ctypes.CDLL(name).alpm_pkg_vercmp
for line in sys.stdin.buffer:
    left, right = line.rstrip(b"\n").split(b"\t")
    order = vercmp(left, right)
    print("<" if order < 0 else ">" if order > 0 else "=")
"#;

#[test]
fn arch_versions_are_ordered_as_by_vercmp() {
    let pairs: Vec<_> =
        pairs(3000, &[".", "..", "_", "+", "0", "00", "1", "09", "10", "a", "z", "Z", "rc", "beta1", "~", "^", "pre"])
            .into_iter()
            // With a release on both sides: without one, vercmp is no order.
            .map(|(left, right)| (format!("{left}-{}", left.len() % 3), format!("{right}-{}", right.len() % 3)))
            .map(|(left, right)| if left.len() % 7 == 0 { (format!("1:{left}"), right) } else { (left, right) })
            .collect();
    if let Some(answers) = ask("python3", &["-c", SCRIPT], &pairs) {
        assert_agreement(Format::Pacman, &pairs, &answers);
    }
}
