//! Small inputs read through a source, and records noted down for snapshots.
#![expect(clippy::format_push_string, reason = "notes are short")]

use std::path::Path;

use windlass_advisories::{Advisory, PackageBlob, Record, SeverityValue, Standing};

use crate::{FeedError, ProviderId, SourceKind, Summary, read};

pub(crate) type Records = Vec<(ProviderId, Record)>;

pub(crate) fn read_files(kind: &SourceKind, files: &[(&str, &str)]) -> Result<(Records, Summary), FeedError> {
    let directory = tempfile::tempdir().unwrap();
    let paths: Vec<_> = files.iter().map(|(name, _)| directory.path().join(name)).collect();
    for (path, (_, text)) in paths.iter().zip(files) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut records = Vec::new();
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    let summary = read(kind, &paths, &mut |provider, record| {
        records.push((provider, record));
        Ok(())
    })?;
    assert_eq!(summary.records, records.len() as u64);
    Ok((records, summary))
}

pub(crate) fn read_text(kind: &SourceKind, name: &str, text: &str) -> (Records, Summary) {
    read_files(kind, &[(name, text)]).unwrap()
}

/// Advisories as a person would note them down.
pub(crate) fn lines(records: &Records) -> String {
    let mut text = String::new();
    for (provider, record) in records {
        let Record::Advisory(advisory) = record else { panic!("{record:?}") };
        text += &advisory_lines(*provider, advisory);
    }
    text
}

pub(crate) fn advisory_lines(provider: ProviderId, advisory: &Advisory) -> String {
    let severities: Vec<_> = advisory
        .blob
        .severities
        .iter()
        .map(|severity| match &severity.value {
            SeverityValue::Word(word) => word.clone(),
            SeverityValue::Cvss { vector, version } => {
                format!("{version} {vector} {}#{}", severity.source, severity.rank)
            }
        })
        .collect();
    let mut lines = vec![format!(
        "{provider} {} {} [{}] {}",
        advisory.name,
        advisory.status.as_str(),
        severities.join(", "),
        advisory.blob.description
    )];
    let mut list = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("  {name} {}", items.join(" ")));
        }
    };
    list("aliases", advisory.blob.aliases.clone());
    list("cwes", advisory.cwes.iter().map(|cwe| format!("{} ({} {})", cwe.cwe, cwe.source, cwe.kind)).collect());
    let times = [("published", &advisory.published), ("modified", &advisory.modified)];
    let times = times.into_iter().chain([("withdrawn", &advisory.withdrawn)]);
    for (name, time) in times {
        list(name, time.iter().cloned().collect());
    }
    for package in &advisory.packages {
        let release = package.operating_system.as_ref().map_or_else(String::new, |os| {
            let mut number = os.major_version.clone();
            for part in [&os.minor_version, &os.label_version] {
                if !part.is_empty() {
                    number = if number.is_empty() { part.clone() } else { format!("{number}.{part}") };
                }
            }
            let channel = if os.channel.is_empty() { String::new() } else { format!("+{}", os.channel) };
            format!(" {}/{number}{channel}", os.name)
        });
        let said = blob(&package.blob);
        lines.push(format!("  {} {} {}{release} {said}", standing(package.standing), package.ecosystem, package.name));
    }
    for statement in &advisory.cpes {
        let cpe = &statement.cpe;
        let attributes = [
            &cpe.part,
            &cpe.vendor,
            &cpe.product,
            &cpe.edition,
            &cpe.language,
            &cpe.software_edition,
            &cpe.target_hardware,
            &cpe.target_software,
            &cpe.other,
        ];
        let mut name = attributes.map(String::as_str).join(":");
        name.truncate(name.trim_end_matches(':').len());
        lines.push(format!("  {} {name} {}", standing(statement.standing), blob(&statement.blob)));
    }
    for reference in &advisory.blob.references {
        let mut line = format!("  {}", reference.url);
        if !reference.id.is_empty() {
            line += &format!(" ({})", reference.id);
        }
        if !reference.tags.is_empty() {
            line += &format!(" {:?}", reference.tags);
        }
        lines.push(line);
    }
    lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Affected => "affected",
        Standing::Unaffected => "unaffected",
    }
}

fn blob(blob: &PackageBlob) -> String {
    let ranges: Vec<_> = blob
        .ranges
        .iter()
        .map(|range| {
            let constraint = match range.version.constraint.as_str() {
                "" => "all versions",
                constraint => constraint,
            };
            let mut text = format!("{constraint} ({})", range.version.format);
            if let Some(fix) = &range.fix {
                text += &format!(" {} {}", fix.state.as_str(), fix.version);
                let available = fix.detail.as_ref().and_then(|detail| detail.available.as_ref());
                if let Some(available) = available {
                    text += &format!(" on {} by {}", available.date, available.kind);
                }
            }
            text.trim_end().to_owned()
        })
        .collect();
    let mut text = ranges.join(" || ");
    if !blob.cves.is_empty() {
        text += &format!(" of {}", blob.cves.join(" "));
    }
    if let Some(qualifiers) = &blob.qualifiers {
        text += &format!(" if {}", serde_json::to_string(qualifiers).unwrap());
    }
    text
}
