//! `META-INF/MANIFEST.MF`: sections of `Key: value` lines; a line that begins with a space continues the one before.

use windlass_sbom::metadata::{JavaManifest, KeyValue};

/// Entries beyond this many are not kept; signed archives list every class.
const SECTION_LIMIT: usize = 256;

pub(super) fn parse(text: &str) -> JavaManifest {
    let mut sections: Vec<Vec<KeyValue>> = vec![Vec::new()];
    for line in text.lines() {
        let section = sections.last_mut().expect("starts with one section");
        if let Some(continued) = line.strip_prefix(' ') {
            if let Some(entry) = section.last_mut() {
                entry.value.push_str(continued.trim_end());
            }
        } else if line.trim().is_empty() {
            if !section.is_empty() {
                if sections.len() > SECTION_LIMIT {
                    break;
                }
                sections.push(Vec::new());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            section.push(KeyValue { key: key.trim().to_owned(), value: value.trim().to_owned() });
        }
    }
    sections.retain(|section| !section.is_empty());
    // A digest of every class says nothing about the package.
    sections.retain(|section| !section.iter().all(|entry| entry.key == "Name" || entry.key.ends_with("-Digest")));
    let mut sections = sections.into_iter();
    JavaManifest { main: sections.next().unwrap_or_default(), sections: sections.collect() }
}

/// The value of a key in the main section, else in the first named section that has it; empty values do not count.
pub(super) fn value<'a>(manifest: &'a JavaManifest, key: &str) -> Option<&'a str> {
    std::iter::once(&manifest.main)
        .chain(&manifest.sections)
        .flatten()
        .find(|entry| entry.key == key && !entry.value.is_empty())
        .map(|entry| entry.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_continue_and_sections_are_told_apart() {
        let manifest = parse(
            "Manifest-Version: 1.0\r\nBundle-SymbolicName: org.example.very\r\n .long\r\n\r\n\
             Name: a/B.class\r\nSHA-256-Digest: x\r\n\r\nName: org/x/\r\nImplementation-Version: 2\r\n",
        );
        assert_eq!(value(&manifest, "Bundle-SymbolicName"), Some("org.example.very.long"));
        assert_eq!(value(&manifest, "Implementation-Version"), Some("2"));
        assert_eq!(manifest.sections.len(), 1, "digests of classes are left out");
        assert_eq!(value(&manifest, "Nothing"), None);
    }
}
