//! Licences that a Debian `copyright` file names (`spec/analysis.md` §5.1).

use std::collections::BTreeSet;

const COMMON_LICENSES: &str = "/usr/share/common-licenses/";

/// Licence names, sorted. Every copyright file may refer to the texts of `/usr/share/common-licenses`; a machine-readable
/// one (DEP-5, told by its `Format:` header) has `License:` fields as well.
pub(crate) fn license_names(text: &str) -> Vec<String> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let is_machine_readable =
        text.lines().take_while(|line| !line.trim().is_empty()).any(|line| field(line, "Format").is_some());
    if is_machine_readable {
        names.extend(text.lines().filter_map(|line| field(line, "License")).filter_map(single_name));
    }
    let references = text.match_indices(COMMON_LICENSES).map(|(at, prefix)| &text[at + prefix.len()..]);
    names.extend(references.filter_map(reference));
    names.into_iter().map(str::to_owned).collect()
}

fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// The first word of a licence field: the licence, which exceptions and alternatives may follow. A word that combines
/// licences names no single one, and `none` is what some write where there is none.
fn single_name(value: &str) -> Option<&str> {
    let name = value.split_whitespace().next()?.trim_end_matches([',', ';', '.']);
    (!name.is_empty() && !name.contains('/') && !name.eq_ignore_ascii_case("none")).then_some(name)
}

/// The file name at the start of what follows the folder, without the end of the sentence it stands in.
fn reference(rest: &str) -> Option<&str> {
    let end =
        rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_' | '+')).unwrap_or(rest.len());
    let name = rest[..end].trim_end_matches(['.', '-', '_']);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_readable_file_names_licences_in_fields_and_references() {
        let text = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: x

Files: *
License: GPL-2+ with exception

Files: a
License: GPL-2 or Artistic

Files: b
License: MIT/X11

Files: c
License: none

License: BSD-3-clause
 Redistribution and use…

License: LGPL-2.1
 On Debian systems, see /usr/share/common-licenses/LGPL-2.1.
 or `/usr/share/common-licenses/Apache-2.0'
";
        assert_eq!(license_names(text), ["Apache-2.0", "BSD-3-clause", "GPL-2", "GPL-2+", "LGPL-2.1"]);
    }

    #[test]
    fn a_free_text_names_only_what_it_refers_to() {
        let text =
            "This package is under the GPL.\nLicense: whatever\nThe text is in /usr/share/common-licenses/GPL-2.\n";
        assert_eq!(license_names(text), ["GPL-2"]);
        assert_eq!(license_names("/usr/share/common-licenses/"), [""; 0]);
    }
}
