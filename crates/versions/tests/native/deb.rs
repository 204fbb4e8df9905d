use windlass_versions::Format;

use crate::oracle::{ask, assert_agreement};
use crate::pairs::pairs;

/// dpkg asked once for each relation; it exits with 2 for what it takes for no version.
const SCRIPT: &str = r#"
    command -v dpkg > /dev/null || { echo "dpkg is not installed" >&2; exit 3; }
    tab=$(printf '\t')
    while IFS="$tab" read -r left right; do
        if dpkg --compare-versions "$left" lt "$right" 2> /dev/null; then echo '<'
        elif [ $? -eq 2 ]; then echo '!'
        elif dpkg --compare-versions "$left" eq "$right" 2> /dev/null; then echo '='
        else echo '>'; fi
    done"#;

#[test]
fn debian_versions_are_ordered_as_by_dpkg() {
    let pairs = pairs(
        400,
        &["~", "~~", "+", "-", ".", "0", "00", "1", "09", "10", "a", "z", "Z", "rc1", "deb12u1", ":", "~bpo"],
    );
    if let Some(answers) = ask("sh", &["-c", SCRIPT], &pairs) {
        assert_agreement(Format::Deb, &pairs, &answers);
    }
}
