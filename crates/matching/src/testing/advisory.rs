//! Records, written as short as a test wants to read them.

use windlass_advisories::{
    Advisory, Available, CpeAttributes, CpeStatement, Cwe, Fix, FixDetail, FixState, GoImport, OperatingSystem,
    PackageBlob, PackageStatement, Qualifiers, Range, Record, Reference, Severity, SeverityValue, Standing, Status,
    VersionConstraint,
};

/// A record under construction. Methods that say something of a statement speak of the last one.
#[derive(Clone, Debug)]
pub struct AdvisoryBuilder {
    pub(super) provider: String,
    pub(super) advisory: Advisory,
}

/// A record of that name by that provider, with one link and no judgement.
pub fn advisory(name: &str, provider: &str) -> AdvisoryBuilder {
    let mut advisory = Advisory { name: name.into(), ..Advisory::default() };
    advisory.blob.id = name.into();
    advisory.blob.description = format!("What {name} is about.");
    let url = format!("https://{provider}.example/{name}");
    advisory.blob.references.push(Reference { url, ..Reference::default() });
    AdvisoryBuilder { provider: provider.into(), advisory }
}

/// The row of a release written `debian:12`, `ubuntu:22.4+esm`, `alpine:edge`, with the names of the published database.
pub fn release(text: &str) -> OperatingSystem {
    let (text, channel) = text.split_once('+').unwrap_or((text, ""));
    let (id, version) = text.split_once(':').unwrap_or((text, "rolling"));
    let name = match id {
        "rhel" => "redhat",
        "amzn" => "amazonlinux",
        "ol" => "oraclelinux",
        "arch" => "archlinux",
        other => other,
    };
    let mut row = OperatingSystem {
        name: name.into(),
        release_id: id.into(),
        channel: channel.into(),
        ..OperatingSystem::default()
    };
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        let (major, minor) = version.split_once('.').unwrap_or((version, ""));
        row.major_version = major.into();
        row.minor_version = minor.into();
    } else {
        row.label_version = version.into();
    }
    row
}

/// The package type and version format of a distribution's packages.
fn packaging(release: &OperatingSystem) -> (&'static str, &'static str) {
    match release.name.as_str() {
        "debian" | "ubuntu" | "echo" => ("deb", "dpkg"),
        "alpine" | "wolfi" | "chainguard" | "minimos" => ("apk", "apk"),
        "archlinux" => ("alpm", "pacman"),
        "gentoo" => ("portage", "portage"),
        _ => ("rpm", "rpm"),
    }
}

/// The version format of an ecosystem's records.
fn format_of(ecosystem: &str) -> &'static str {
    match ecosystem {
        "python" => "python",
        "gem" => "gem",
        "java-archive" => "maven",
        "go-module" => "go",
        "bitnami" => "bitnami",
        "msrc-kb" => "kb",
        _ => "semver",
    }
}

impl AdvisoryBuilder {
    /// The record and its provider, for a database on disk.
    pub fn record(self) -> (String, Record) {
        (self.provider, Record::Advisory(Box::new(self.advisory)))
    }

    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        self.advisory.blob.aliases.push(name.into());
        self
    }

    /// The first judgement decides.
    #[must_use]
    pub fn severity(mut self, word: &str) -> Self {
        let rank = self.advisory.blob.severities.len() as u32 + 1;
        let value = SeverityValue::Word(word.into());
        let severity = Severity { scheme: "CHMLN".into(), value, source: String::new(), rank };
        self.advisory.blob.severities.push(severity);
        self
    }

    #[must_use]
    pub fn cvss(mut self, vector: &str) -> Self {
        let rank = self.advisory.blob.severities.len() as u32 + 1;
        let value = SeverityValue::Cvss { vector: vector.into(), version: String::new() };
        self.advisory.blob.severities.push(Severity {
            scheme: "CVSS".into(),
            value,
            source: "nvd@nist.gov".into(),
            rank,
        });
        self
    }

    #[must_use]
    pub fn cwe(mut self, cwe: &str) -> Self {
        let cve = self.advisory.name.clone();
        self.advisory.cwes.push(Cwe { cve, cwe: cwe.into(), ..Cwe::default() });
        self
    }

    #[must_use]
    pub fn rejected(mut self) -> Self {
        self.advisory.status = Status::Rejected;
        self
    }

    /// Affects versions of a package in a release such as `debian:12`; an empty constraint means every version.
    #[must_use]
    pub fn in_release(self, text: &str, name: &str, constraint: &str) -> Self {
        self.about_release(text, name, constraint, Standing::Affected)
    }

    #[must_use]
    pub fn not_in_release(self, text: &str, name: &str, constraint: &str) -> Self {
        self.about_release(text, name, constraint, Standing::Unaffected)
    }

    fn about_release(mut self, text: &str, name: &str, constraint: &str, standing: Standing) -> Self {
        let release = release(text);
        let (ecosystem, format) = packaging(&release);
        let blob = PackageBlob { ranges: vec![range(format, constraint)], ..PackageBlob::default() };
        self.advisory.packages.push(PackageStatement {
            standing,
            ecosystem: ecosystem.into(),
            name: name.into(),
            operating_system: Some(release),
            blob,
        });
        self
    }

    /// Affects versions of a package of an ecosystem such as `npm`.
    #[must_use]
    pub fn in_ecosystem(self, ecosystem: &str, name: &str, constraint: &str) -> Self {
        self.about_ecosystem(ecosystem, name, constraint, Standing::Affected)
    }

    #[must_use]
    pub fn not_in_ecosystem(self, ecosystem: &str, name: &str, constraint: &str) -> Self {
        self.about_ecosystem(ecosystem, name, constraint, Standing::Unaffected)
    }

    fn about_ecosystem(mut self, ecosystem: &str, name: &str, constraint: &str, standing: Standing) -> Self {
        let ranges = vec![range(format_of(ecosystem), constraint)];
        self.advisory.packages.push(PackageStatement {
            standing,
            ecosystem: ecosystem.into(),
            name: name.into(),
            operating_system: None,
            blob: PackageBlob { ranges, ..PackageBlob::default() },
        });
        self
    }

    /// Affects versions of an application named `VENDOR:PRODUCT` or `VENDOR:PRODUCT:TARGET_SOFTWARE`.
    #[must_use]
    pub fn in_product(mut self, product: &str, constraint: &str) -> Self {
        let mut parts = product.splitn(3, ':').map(str::to_owned);
        let cpe = CpeAttributes {
            part: "a".into(),
            vendor: parts.next().unwrap_or_default(),
            product: parts.next().unwrap_or_default(),
            target_software: parts.next().unwrap_or_default(),
            ..CpeAttributes::default()
        };
        let blob = PackageBlob { ranges: vec![range("", constraint)], ..PackageBlob::default() };
        self.advisory.cpes.push(CpeStatement { standing: Standing::Affected, cpe, blob });
        self
    }

    /// Another range of the last statement.
    #[must_use]
    pub fn or(mut self, constraint: &str) -> Self {
        let blob = self.last();
        let format = blob.ranges.last().map(|range| range.version.format.clone()).unwrap_or_default();
        blob.ranges.push(range(&format, constraint));
        self
    }

    /// The last range is fixed by that version, announced on that version's own page.
    #[must_use]
    pub fn fixed(mut self, version: &str) -> Self {
        let name = self.advisory.name.clone();
        let url = format!("https://fixes.example/{name}/{version}");
        let detail = FixDetail {
            available: Some(Available { date: "2024-03-01".into(), kind: "advisory".into() }),
            references: vec![Reference { url, id: format!("FIX-{name}"), tags: Vec::new() }],
        };
        let fix = Fix { version: version.into(), state: FixState::Fixed, detail: Some(detail) };
        self.last_range().fix = Some(fix);
        self
    }

    /// The last range is not fixed, in that state.
    #[must_use]
    pub fn state(mut self, state: FixState) -> Self {
        self.last_range().fix = Some(Fix { state, ..Fix::default() });
        self
    }

    #[must_use]
    pub fn module(mut self, module: &str) -> Self {
        self.qualifiers().rpm_modularity = Some(module.into());
        self
    }

    #[must_use]
    pub fn architecture(mut self, architecture: &str) -> Self {
        self.qualifiers().architecture = architecture.into();
        self
    }

    #[must_use]
    pub fn platform(mut self, cpe: &str) -> Self {
        self.qualifiers().platform_cpes.push(cpe.into());
        self
    }

    #[must_use]
    pub fn for_rootio(mut self) -> Self {
        self.qualifiers().rootio = true;
        self
    }

    #[must_use]
    pub fn import(mut self, path: &str, symbols: &[&str]) -> Self {
        let symbols = symbols.iter().map(|&symbol| symbol.to_owned()).collect();
        self.qualifiers().go_imports.push(GoImport { path: path.into(), symbols });
        self
    }

    /// The CVEs that the last statement concerns.
    #[must_use]
    pub fn cve(mut self, cve: &str) -> Self {
        self.last().cves.push(cve.into());
        self
    }

    fn last(&mut self) -> &mut PackageBlob {
        let Advisory { packages, cpes, .. } = &mut self.advisory;
        let by_cpe = cpes.last_mut().map(|statement| &mut statement.blob);
        packages.last_mut().map(|statement| &mut statement.blob).or(by_cpe).expect("a statement comes first")
    }

    fn last_range(&mut self) -> &mut Range {
        self.last().ranges.last_mut().expect("every statement has a range")
    }

    fn qualifiers(&mut self) -> &mut Qualifiers {
        self.last().qualifiers.get_or_insert_default()
    }
}

fn range(format: &str, constraint: &str) -> Range {
    Range { version: VersionConstraint { format: format.into(), constraint: constraint.into() }, fix: None }
}
