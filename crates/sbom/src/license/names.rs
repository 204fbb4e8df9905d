//! Names and addresses of licences that are not SPDX identifiers but mean exactly one.

/// Words in the longest phrase that [`of_phrase`] knows.
pub(super) const LONGEST_PHRASE: usize = 9;

/// Lower-case names, without a leading "the", and their identifiers or expressions.
#[rustfmt::skip]
const NAMES: &[(&str, &str)] = &[
    ("3-clause bsd", "BSD-3-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("2-clause bsd", "BSD-2-Clause"),
    ("2-clause bsd license", "BSD-2-Clause"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2.0 license", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license v2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache license, 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("apache software license, version 2.0", "Apache-2.0"),
    ("apache software license - version 2.0", "Apache-2.0"),
    ("apache v2", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache-v2", "Apache-2.0"),
    ("apache-license-2.0", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache2.0", "Apache-2.0"),
    ("apachev2", "Apache-2.0"),
    ("asl 1.1", "Apache-1.1"),
    ("asl 2.0", "Apache-2.0"),
    ("asl2.0", "Apache-2.0"),
    ("artistic 2.0", "Artistic-2.0"),
    ("artistic license 2.0", "Artistic-2.0"),
    ("artistic-2", "Artistic-2.0"),
    ("boost", "BSL-1.0"),
    ("boost software license 1.0", "BSL-1.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-2", "BSD-2-Clause"),
    ("bsd-2clause", "BSD-2-Clause"),
    ("bsd-3", "BSD-3-Clause"),
    ("bsd-3clause", "BSD-3-Clause"),
    ("bsd-4", "BSD-4-Clause"),
    ("bsd2", "BSD-2-Clause"),
    ("bsd3", "BSD-3-Clause"),
    ("cc0", "CC0-1.0"),
    ("cc-by 4.0", "CC-BY-4.0"),
    ("cc-by-sa 4.0", "CC-BY-SA-4.0"),
    ("cddl 1.0", "CDDL-1.0"),
    ("cddl 1.1", "CDDL-1.1"),
    ("eclipse distribution license - v 1.0", "BSD-3-Clause"),
    ("eclipse public license - v 1.0", "EPL-1.0"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("eclipse public license 1.0", "EPL-1.0"),
    ("eclipse public license 2.0", "EPL-2.0"),
    ("eclipse public license v1.0", "EPL-1.0"),
    ("eclipse public license v2.0", "EPL-2.0"),
    ("epl 1.0", "EPL-1.0"),
    ("epl 2.0", "EPL-2.0"),
    ("expat", "MIT"),
    ("freebsd license", "BSD-2-Clause"),
    ("gpl-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
    ("gpl-2.0-with-gcc-exception", "GPL-2.0-only WITH GCC-exception-2.0"),
    ("gpl-3.0-with-gcc-exception", "GPL-3.0-only WITH GCC-exception-3.1"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("mit license", "MIT"),
    ("mit license (mit)", "MIT"),
    ("mit/x11", "MIT"),
    ("mit-license", "MIT"),
    ("modified bsd license", "BSD-3-Clause"),
    ("mozilla public license 1.1", "MPL-1.1"),
    ("mozilla public license 2.0", "MPL-2.0"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("mozilla public license, version 2.0", "MPL-2.0"),
    ("mpl 1.1", "MPL-1.1"),
    ("mpl 2.0", "MPL-2.0"),
    ("mpl v2.0", "MPL-2.0"),
    ("mpl-2", "MPL-2.0"),
    ("mpl2", "MPL-2.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2", "MPL-2.0"),
    ("mplv2.0", "MPL-2.0"),
    ("new bsd", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("openldap", "OLDAP-2.8"),
    ("psfl", "PSF-2.0"),
    ("ruby license", "Ruby"),
    ("simplified bsd", "BSD-2-Clause"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("unlicense (unlicense)", "Unlicense"),
    ("wtfplv2", "WTFPL"),
    ("zlib license", "Zlib"),
    ("zlib/libpng", "Zlib"),
    ("zpl 2.1", "ZPL-2.1"),
    ("zplv2.1", "ZPL-2.1"),
];

/// Names of the GNU licences without "GNU", longer before shorter, and how identifiers of the family start.
const FAMILIES: &[(&str, &str)] = &[
    ("affero general public license", "AGPL"),
    ("lesser general public license", "LGPL"),
    ("library general public license", "LGPL"),
    ("general public license", "GPL"),
    ("free documentation license", "GFDL"),
    ("agpl", "AGPL"),
    ("lgpl", "LGPL"),
    ("gpl", "GPL"),
    ("gfdl", "GFDL"),
];

/// Addresses without scheme, `www.`, extension and trailing slash, in lower case.
#[rustfmt::skip]
const ADDRESSES: &[(&str, &str)] = &[
    ("apache.org/licenses/license-1.1", "Apache-1.1"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("boost.org/license_1_0", "BSL-1.0"),
    ("creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"),
    ("creativecommons.org/publicdomain/zero/1.0/legalcode", "CC0-1.0"),
    ("creativecommons.org/licenses/by/4.0", "CC-BY-4.0"),
    ("creativecommons.org/licenses/by-sa/4.0", "CC-BY-SA-4.0"),
    ("eclipse.org/legal/epl-2.0", "EPL-2.0"),
    ("eclipse.org/legal/epl-v10", "EPL-1.0"),
    ("eclipse.org/legal/epl-v20", "EPL-2.0"),
    ("eclipse.org/org/documents/edl-v10", "BSD-3-Clause"),
    ("gnu.org/licenses/agpl-3.0", "AGPL-3.0-only"),
    ("gnu.org/licenses/gpl-2.0", "GPL-2.0-only"),
    ("gnu.org/licenses/gpl-3.0", "GPL-3.0-only"),
    ("gnu.org/licenses/old-licenses/gpl-2.0", "GPL-2.0-only"),
    ("gnu.org/licenses/old-licenses/lgpl-2.1", "LGPL-2.1-only"),
    ("gnu.org/licenses/lgpl-2.1", "LGPL-2.1-only"),
    ("gnu.org/licenses/lgpl-3.0", "LGPL-3.0-only"),
    ("gnu.org/software/classpath/license", "GPL-2.0-or-later WITH Classpath-exception-2.0"),
    ("mozilla.org/en-us/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/mpl/mpl-1.1", "MPL-1.1"),
    ("unlicense.org", "Unlicense"),
    ("wtfpl.net", "WTFPL"),
];

/// The SPDX spelling of an identifier in any case, of a name of the table, or of a GNU licence with its version.
pub(super) fn of_phrase(phrase: &str) -> Option<String> {
    let phrase = phrase.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let phrase = phrase.strip_prefix("the ").unwrap_or(&phrase);
    NAMES
        .iter()
        .find(|(name, _)| *name == phrase)
        .map(|(_, expression)| (*expression).to_owned())
        .or_else(|| gnu(phrase))
        .or_else(|| identifier(phrase))
}

/// Whether a name of several words can start with this one; asked first, because most words stand alone.
pub(super) fn starts_a_phrase(word: &str) -> bool {
    let word = word.trim_end_matches(',').to_ascii_lowercase();
    let starts = |name: &str| name.strip_prefix(&word).is_some_and(|rest| rest.starts_with([' ', ',']));
    let gnu = |word: &str| FAMILIES.iter().any(|(name, _)| word.starts_with(name) || name.starts_with(word));
    matches!(word.as_str(), "the" | "gnu") || gnu(&word) || NAMES.iter().any(|(name, _)| starts(name))
}

/// The licence that a well-known address shows; `spdx.org/licenses/ID` and `opensource.org/licenses/ID` name it.
pub(super) fn of_url(url: &str) -> Option<String> {
    let address = url.to_ascii_lowercase();
    let (_scheme, address) = address.split_once("://")?;
    let address = address.strip_prefix("www.").unwrap_or(address).trim_end_matches('/');
    let address = [".txt", ".html", ".htm", ".php", ".md"]
        .iter()
        .find_map(|extension| address.strip_suffix(extension))
        .unwrap_or(address);
    if let Some((_, expression)) = ADDRESSES.iter().find(|(known, _)| *known == address) {
        return Some((*expression).to_owned());
    }
    ["spdx.org/licenses/", "opensource.org/licenses/", "opensource.org/license/", "choosealicense.com/licenses/"]
        .iter()
        .find_map(|registry| address.strip_prefix(registry))
        .and_then(|name| of_phrase(name.strip_suffix("-license").unwrap_or(name)))
}

/// An identifier of the SPDX list in any case, with the `+` that means "or later".
fn identifier(word: &str) -> Option<String> {
    let (name, plus) = word.strip_suffix('+').map_or((word, ""), |name| (name, "+"));
    let licenses = spdx::identifiers::LICENSES;
    let (id, _, _) = licenses.iter().find(|(id, _, _)| id.eq_ignore_ascii_case(name))?;
    Some(format!("{id}{plus}"))
}

/// The GNU licences, whose versions and "or later" are written in more ways than any table holds.
///
/// A version without a word after it means that version only, as SPDX decided for its own older identifiers.
fn gnu(phrase: &str) -> Option<String> {
    let phrase = phrase.strip_prefix("gnu ").unwrap_or(phrase);
    let (family, rest) = FAMILIES.iter().find_map(|(name, id)| Some((id, phrase.strip_prefix(name)?)))?;
    // "(GPLv3+)" after a full name repeats it.
    let rest = match rest.find(" (") {
        Some(at) if rest[at..].contains(&family.to_ascii_lowercase()) => &rest[..at],
        _ => rest,
    };
    let rest = rest.trim_start_matches([' ', ',', '-', '_', '(']);
    let (rest, at_least) = rest.strip_prefix(">=").map_or((rest, false), |rest| (rest.trim_start(), true));
    let rest = rest.strip_prefix("version").unwrap_or(rest).trim_start().trim_start_matches('v').trim_start();
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let (version, rest) = rest.split_at(end);
    let version = if version.contains('.') { version.to_owned() } else { format!("{version}.0") };
    let suffix = match rest.trim_start_matches([' ', ',', '-']).trim_end_matches(')') {
        "" if at_least => "or-later",
        "" | "only" => "only",
        "+" | "or later" | "or-later" | "or newer" | "or-newer" | "or above" | "or any later version" => "or-later",
        _ => return None,
    };
    let id = format!("{family}-{version}-{suffix}");
    spdx::license_id(&id).filter(|found| found.name == id).map(|found| found.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_address_leads_to_a_valid_expression() {
        for (name, expression) in NAMES.iter().chain(ADDRESSES) {
            spdx::Expression::parse(expression).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(*name, name.to_ascii_lowercase());
            assert!(name.split(' ').count() <= LONGEST_PHRASE, "{name}");
        }
    }

    #[test]
    fn addresses_of_registries_name_the_licence() {
        for (url, id) in [
            ("https://opensource.org/licenses/MIT", "MIT"),
            ("http://www.opensource.org/licenses/mit-license.php", "MIT"),
            ("https://spdx.org/licenses/BSD-3-Clause.html", "BSD-3-Clause"),
            ("http://www.gnu.org/licenses/lgpl-2.1.html", "LGPL-2.1-only"),
        ] {
            assert_eq!(of_url(url).as_deref(), Some(id), "{url}");
        }
    }
}
