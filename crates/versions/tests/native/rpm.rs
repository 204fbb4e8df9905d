use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

const SCRIPT: &str = r#"%{lua:
    for line in io.lines() do
        local left, right = line:match("([^\t]*)\t(.*)")
        print(rpm.vercmp(left, right) .. "\n")
    end}"#;

#[test]
fn rpm_versions_are_ordered_as_by_rpm() {
    let pairs: Vec<_> = pairs(
        3000,
        &["~", "^", ".", "_", "+", "-1", "0", "00", "1", "09", "10", "a", "z", "Z", "el8", "~rc1", "^git1", "."],
    )
    .into_iter()
    .map(|(left, right)| if left.len() % 5 == 0 { (format!("1:{left}"), right) } else { (left, right) })
    // RPM refuses a second hyphen, and a version that is all separators; neither is of use to a package.
    .filter(|(left, right)| [left, right].iter().all(|text| text.matches('-').count() < 2))
    .collect();
    if let Some(answers) = ask("rpm", &["--eval", SCRIPT], &pairs) {
        assert_agreement(Format::Rpm, &pairs, &answers);
    }
}
