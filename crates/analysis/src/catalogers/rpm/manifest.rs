//! `container-manifest-2`: what distroless images of Mariner and Azure Linux keep of the rpm database.

use windlass_sbom::metadata::RpmEntry;

/// One package a line: name, version-release, time of installation, time of build, vendor, epoch, size, architecture,
/// epoch again, source package; between tabs, `(none)` where there is none.
pub(super) fn entries(text: &str) -> Vec<RpmEntry> {
    text.lines().filter_map(entry).collect()
}

fn entry(line: &str) -> Option<RpmEntry> {
    let fields: Vec<&str> = line.trim_end_matches('\r').split('\t').collect();
    let field = |index: usize| fields.get(index).copied().filter(|text| *text != "(none)").unwrap_or_default();
    let (version, release) = field(1).rsplit_once('-')?;
    let name = field(0);
    (!name.is_empty()).then(|| RpmEntry {
        name: name.to_owned(),
        version: version.to_owned(),
        // The second column is the number that rpm compares with, 0 where the package has none.
        epoch: field(5).parse().ok(),
        architecture: field(7).to_owned(),
        release: release.to_owned(),
        source_rpm: field(9).to_owned(),
        size: field(6).parse().unwrap_or_default(),
        vendor: field(4).to_owned(),
        modularity_label: None,
        ..RpmEntry::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_package() {
        let text = "mariner-release\t2.0-12.cm2\t1653816591\t1653753130\tMicrosoft Corporation\t(none)\t580\tnoarch\t0\tmariner-release-2.0-12.cm2.src.rpm\n\
                    openssl\t1.1.1k-15.cm2\t1\t1\tM\t1\t9\tx86_64\t1\t(none)\nno tabs here\n";
        let read = entries(text);
        assert_eq!(read.len(), 2);
        assert_eq!(
            (read[0].name.as_str(), read[0].version.as_str(), read[0].release.as_str()),
            ("mariner-release", "2.0", "12.cm2")
        );
        assert_eq!((read[0].epoch, read[0].architecture.as_str(), read[0].size), (None, "noarch", 580));
        assert_eq!((read[1].epoch, read[1].source_rpm.as_str()), (Some(1), ""));
    }
}
