//! Records to build databases from.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use windlass_advisories::{
    Advisory, Available, CpeAttributes, CpeStatement, Cwe, Epss, Fix, FixDetail, FixState, KnownExploited,
    OperatingSystem, PackageBlob, PackageStatement, Provider, Qualifiers, Range, Record, Reference, Severity,
    SeverityValue, Standing, VersionConstraint, VulnerabilityBlob,
};
use windlass_vulnerabilities::{Builder, Finish, Summary};

pub(crate) fn built() -> Timestamp {
    "2026-07-01T00:54:38.9Z".parse().unwrap()
}

pub(crate) fn provider(id: &str) -> Provider {
    Provider {
        id: id.into(),
        version: "1".into(),
        processor: "windlass".into(),
        date_captured: Some("2026-06-30T12:00:00Z".into()),
        input_digest: format!("sha256:{id}"),
    }
}

pub(crate) fn debian(major: &str) -> OperatingSystem {
    OperatingSystem {
        name: "debian".into(),
        release_id: "debian".into(),
        major_version: major.into(),
        ..OperatingSystem::default()
    }
}

pub(crate) fn word(value: &str) -> Severity {
    Severity { scheme: "CHMLN".into(), value: SeverityValue::Word(value.into()), source: String::new(), rank: 1 }
}

pub(crate) fn cvss(vector: &str) -> Severity {
    let value = SeverityValue::Cvss { vector: vector.into(), version: "3.1".into() };
    Severity { scheme: "CVSS".into(), value, source: "nvd@nist.gov".into(), rank: 1 }
}

pub(crate) fn advisory(name: &str) -> Advisory {
    Advisory {
        name: name.into(),
        published: Some("2021-12-10T10:15:09Z".into()),
        blob: VulnerabilityBlob {
            id: name.into(),
            description: format!("about {name}"),
            references: vec![Reference { url: format!("https://example.org/{name}"), ..Reference::default() }],
            ..VulnerabilityBlob::default()
        },
        ..Advisory::default()
    }
}

/// Versions below `fixed` are affected.
pub(crate) fn below(format: &str, fixed: &str) -> PackageBlob {
    PackageBlob {
        ranges: vec![Range {
            version: VersionConstraint { format: format.into(), constraint: format!("< {fixed}") },
            fix: Some(Fix {
                version: fixed.into(),
                state: FixState::Fixed,
                detail: Some(FixDetail {
                    available: Some(Available { date: "2021-12-11".into(), kind: "advisory".into() }),
                    references: vec![Reference {
                        url: "https://example.org/fix".into(),
                        id: "DSA-1".into(),
                        tags: vec!["advisory".into()],
                    }],
                }),
            }),
        }],
        ..PackageBlob::default()
    }
}

pub(crate) fn of_release(name: &str, release: OperatingSystem, blob: PackageBlob) -> PackageStatement {
    PackageStatement {
        standing: Standing::Affected,
        ecosystem: "deb".into(),
        name: name.into(),
        operating_system: Some(release),
        blob,
    }
}

pub(crate) fn of_ecosystem(ecosystem: &str, name: &str, blob: PackageBlob) -> PackageStatement {
    PackageStatement {
        standing: Standing::Affected,
        ecosystem: ecosystem.into(),
        name: name.into(),
        operating_system: None,
        blob,
    }
}

pub(crate) fn cpe(vendor: &str, product: &str) -> CpeAttributes {
    CpeAttributes { part: "a".into(), vendor: vendor.into(), product: product.into(), ..CpeAttributes::default() }
}

pub(crate) fn of_product(cpe: CpeAttributes, blob: PackageBlob) -> CpeStatement {
    CpeStatement { standing: Standing::Affected, cpe, blob }
}

pub(crate) fn record(advisory: Advisory) -> Record {
    Record::Advisory(Box::new(advisory))
}

/// One record of every kind.
pub(crate) fn everything() -> Vec<(&'static str, Vec<Record>)> {
    let mut nvd = advisory("CVE-2021-44228");
    nvd.modified = Some("2023-04-03T20:15:07.123Z".into());
    nvd.blob.severities = vec![cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H")];
    nvd.cpes = vec![
        of_product(cpe("apache", "log4j"), below("", "2.15.0")),
        of_product(CpeAttributes { target_software: "node.js".into(), ..cpe("acme", "log4j") }, below("", "9")),
        CpeStatement { standing: Standing::Unaffected, ..of_product(cpe("apache", "log4net"), PackageBlob::default()) },
    ];
    nvd.cwes = vec![Cwe {
        cve: "CVE-2021-44228".into(),
        cwe: "CWE-502".into(),
        source: "security@apache.org".into(),
        kind: "Secondary".into(),
    }];

    let mut of_debian = advisory("CVE-2021-44228");
    of_debian.packages = vec![
        of_release("apache-log4j2", debian("12"), below("dpkg", "2.15.0-1")),
        of_release("apache-log4j2", debian("11"), below("dpkg", "2.15.0-1~deb11u1")),
        PackageStatement {
            standing: Standing::Unaffected,
            ..of_release("liblogging-log4j2", debian("12"), PackageBlob::default())
        },
    ];

    let mut github = advisory("GHSA-jfh8-c2jp-5v3q");
    github.withdrawn = Some("2024-01-01T00:00:00Z".into());
    github.blob.aliases = vec!["CVE-2021-44228".into()];
    github.blob.severities = vec![word("critical")];
    github.packages = vec![of_ecosystem(
        "java-archive",
        "org.apache.logging.log4j:log4j-core",
        PackageBlob {
            cves: vec!["CVE-2021-44228".into()],
            qualifiers: Some(Qualifiers { architecture: "amd64".into(), ..Qualifiers::default() }),
            ..below("maven", "2.15.0")
        },
    )];

    let kev = KnownExploited {
        cve: "CVE-2021-44228".into(),
        vendor_project: "Apache".into(),
        date_added: "2021-12-10".into(),
        due_date: "2021-12-24".into(),
        known_ransomware_campaign_use: "known".into(),
        ..KnownExploited::default()
    };
    let epss = Epss { cve: "CVE-2021-44228".into(), epss: 0.975, percentile: 0.9999, date: "2026-06-30".into() };
    let eol = OperatingSystem { eol_date: "2028-06-30".into(), eoas_date: "2026-06-10".into(), ..debian("12") };
    vec![
        ("nvd", vec![record(nvd)]),
        ("debian", vec![record(of_debian)]),
        ("eol", vec![Record::EndOfLife(eol)]),
        ("epss", vec![Record::Epss(epss)]),
        ("github", vec![record(github)]),
        ("kev", vec![Record::KnownExploited(kev)]),
    ]
}

pub(crate) fn build(target: &Path, providers: Vec<(&str, Vec<Record>)>, finish: Finish) -> Summary {
    let mut builder = Builder::create(target, built()).unwrap();
    for (id, records) in providers {
        builder.describe(&provider(id));
        for record in records {
            builder.add(id, record).unwrap();
        }
    }
    builder.finish(finish, &mut |_| ()).unwrap()
}

/// A complete database in `folder`.
pub(crate) fn built_in(folder: &Path) -> PathBuf {
    let path = folder.join("vulnerability.db");
    build(&path, everything(), Finish::Ready);
    path
}
