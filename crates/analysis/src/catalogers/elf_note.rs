//! Packages that executables say they belong to (`spec/analysis.md` §6.6): the ELF section `.note.package` holds a JSON
//! object, as <https://systemd.io/ELF_PACKAGE_METADATA/> describes. Fedora writes it into everything it builds.

use std::collections::BTreeMap;

use object::{Object, ObjectSection};
use serde_json::Value;
use windlass_sbom::{Cpe, License, Metadata, Package, PackageType, package_url};

use super::executable;
use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Unreadable, View};

pub(crate) struct ElfNotes;

/// The members of a note that are strings.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Note(BTreeMap<String, String>);

/// A section larger than this holds no note.
const SECTION_LIMIT: u64 = 1 << 20;

impl Cataloger for ElfNotes {
    type Facts = Note;

    fn name(&self) -> &'static str {
        "elf-binary-package-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        file.is_elf()
    }

    fn read(&self, _file: &Candidate<'_>, content: &mut Content) -> Result<Option<Note>, Unreadable> {
        let section = executable::with(content, |file| {
            let section = file.section_by_name(".note.package").filter(|section| section.size() <= SECTION_LIMIT)?;
            Some((section.data().ok()?.to_vec(), file.is_little_endian()))
        })?;
        let Some((section, little_endian)) = section.flatten() else { return Ok(None) };
        let Some(text) = description(&section, little_endian) else { return Ok(None) };
        let note = Note::parse(text)
            .map_err(|error| Unreadable::new(format!("its package note (.note.package) is damaged: {error}")))?;
        Ok((!note.get("name").is_empty() && !note.get("version").is_empty()).then_some(note))
    }

    fn assemble(&self, view: &View<'_, Note>, catalog: &mut Catalog) {
        let mut packages: BTreeMap<&Note, Package> = BTreeMap::new();
        for found in view.files() {
            let package = packages.entry(found.facts).or_insert_with(|| Package {
                found_by: self.name().to_owned(),
                introduced_by: view.layer(found.layer),
                ..found.facts.describe()
            });
            package.locations.push(view.location(&found));
        }
        for package in packages.into_values() {
            catalog.add(package);
        }
    }
}

/// The text in a section: that of the note named `FDO`, or the whole section, for some tools leave out the header.
fn description(section: &[u8], little_endian: bool) -> Option<&[u8]> {
    let number = |at: usize| {
        let bytes = *section.get(at..)?.first_chunk()?;
        let value = if little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(value).ok()
    };
    let text = if section.starts_with(b"{") {
        section
    } else {
        let (name_size, size) = (number(0)?, number(4)?);
        let name_end = 12_usize.checked_add(name_size)?;
        if section.get(12..name_end)? != b"FDO\0" {
            return None;
        }
        let start = name_end.next_multiple_of(4);
        section.get(start..start.checked_add(size)?)?
    };
    let length = text.iter().rposition(|&byte| byte != 0)? + 1;
    Some(&text[..length])
}

impl Note {
    fn parse(text: &[u8]) -> serde_json::Result<Self> {
        let members: BTreeMap<String, Value> = serde_json::from_slice(text)?;
        let text = |(key, value): (String, Value)| match value {
            Value::String(text) if !text.is_empty() => Some((key, text)),
            _ => None,
        };
        Ok(Self(members.into_iter().filter_map(text).collect()))
    }

    /// The value of a member; empty where it is absent.
    fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    /// The value of a member that has had two names.
    fn either(&self, key: &str, other: &str) -> &str {
        if self.get(key).is_empty() { self.get(other) } else { self.get(key) }
    }

    fn describe(&self) -> Package {
        let kind = match self.get("type") {
            "rpm" => PackageType::Rpm,
            "deb" => PackageType::Deb,
            "apk" => PackageType::Apk,
            "alpm" => PackageType::Alpm,
            _ => PackageType::Binary,
        };
        let (name, version) = (self.get("name"), self.get("version"));
        let (os, os_version) = self.distribution();
        let namespace = if kind == PackageType::Binary || os.is_empty() { self.get("system") } else { &os };
        let distro = if os_version.is_empty() { os.clone() } else { format!("{os}-{os_version}") };
        let qualifiers = [("arch", self.get("architecture")), ("distro", distro.as_str())];
        let license = self.get("license");
        Package {
            licenses: (!license.is_empty()).then(|| License::declared(license)).into_iter().collect(),
            cpes: self.either("appCpe", "cpe").parse().into_iter().collect(),
            purl: package_url(kind, namespace, name, version, &qualifiers),
            metadata: Metadata::Other { kind: "elf-binary-package-note-json-payload".into(), value: self.as_json() },
            ..Package::new(kind, name, version)
        }
    }

    /// Id and version of the distribution it was built for.
    fn distribution(&self) -> (String, String) {
        let (os, os_version) = (self.get("os"), self.get("osVersion"));
        if os.is_empty() || os_version.is_empty() {
            let cpe = self.either("osCpe", "osCPE");
            if let Ok(Cpe { product, version, .. }) = cpe.parse() {
                return (product, version);
            }
            // Fedora's notes have the old form: cpe:/o:fedoraproject:fedora:38.
            let mut fields = cpe.strip_prefix("cpe:/o:").unwrap_or_default().split(':').skip(1);
            if let Some(product) = fields.next() {
                return (product.to_owned(), fields.next().unwrap_or_default().to_owned());
            }
        }
        (os.to_owned(), os_version.to_owned())
    }

    /// The members in the form syft-json has them.
    fn as_json(&self) -> Value {
        const KEPT: [&str; 9] =
            ["type", "architecture", "appCpe", "os", "osVersion", "system", "vendor", "sourceRepo", "commit"];
        let kept = KEPT.into_iter().map(|key| (key, self.get(key)));
        let members = kept.chain([("osCPE", self.either("osCpe", "osCPE"))]);
        members.filter(|(_, value)| !value.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use object::{Architecture, BinaryFormat, Endianness, SectionKind, write};
    use proptest::prelude::*;
    use windlass_image::testing::Tar;

    use super::*;
    use crate::testing::{names, package, scan};

    fn elf(endianness: Endianness, section: &[u8]) -> Vec<u8> {
        let architecture = if endianness == Endianness::Little { Architecture::X86_64 } else { Architecture::S390x };
        let mut object = write::Object::new(BinaryFormat::Elf, architecture, endianness);
        let id = object.add_section(Vec::new(), b".note.package".to_vec(), SectionKind::Note);
        object.set_section_data(id, section, 4);
        object.write().expect("an ELF file")
    }

    fn note(text: &str) -> Vec<u8> {
        let size = text.len() as u32 + 2;
        [
            &4_u32.to_le_bytes()[..],
            &size.to_le_bytes(),
            &0xcafe_1a7e_u32.to_le_bytes(),
            b"FDO\0",
            text.as_bytes(),
            b"\0\0",
        ]
        .concat()
    }

    const COREUTILS: &str = r#"{"type":"rpm","name":"coreutils","version":"9.1-12.fc38","architecture":"x86_64","osCpe":"cpe:/o:fedoraproject:fedora:38"}"#;

    #[test]
    fn executables_of_one_package_are_one_package() {
        let file = elf(Endianness::Little, &note(COREUTILS));
        let sbom = scan([Tar::new().file("usr/bin/ls", file.clone()).file("usr/bin/cp", file).file(
            "usr/bin/other",
            elf(
                Endianness::Little,
                &note(r#"{"name":"tool","version":"1.2","debugInfoUrl":null,"cpe":"cpe:2.3:a:other:tool:1.2:*:*:*:*:*:*:*","appCpe":"cpe:2.3:a:maker:tool:1.2:*:*:*:*:*:*:*"}"#),
            ),
        )]);
        assert_eq!(names(&sbom), [("coreutils", "9.1-12.fc38"), ("tool", "1.2")]);
        let coreutils = package(&sbom, "coreutils");
        assert_eq!(coreutils.kind, PackageType::Rpm);
        assert_eq!(coreutils.locations.len(), 2);
        let purl = "pkg:rpm/fedora/coreutils@9.1-12.fc38?arch=x86_64&distro=fedora-38";
        assert_eq!(coreutils.purl.as_deref(), Some(purl));
        let tool = package(&sbom, "tool");
        assert_eq!(tool.kind, PackageType::Binary);
        assert_eq!(tool.cpes[0].to_string(), "cpe:2.3:a:maker:tool:1.2:*:*:*:*:*:*:*");
    }

    #[test]
    fn a_note_without_its_header_and_one_of_a_big_endian_machine_are_read() {
        let header = [4_u32, COREUTILS.len() as u32, 0xcafe_1a7e].map(u32::to_be_bytes).concat();
        let big_endian = [&header[..], b"FDO\0", COREUTILS.as_bytes()].concat();
        for file in [elf(Endianness::Little, COREUTILS.as_bytes()), elf(Endianness::Big, &big_endian)] {
            assert_eq!(names(&scan([Tar::new().file("a", file)])), [("coreutils", "9.1-12.fc38")]);
        }
    }

    #[test]
    fn what_the_note_names_is_not_recognised_a_second_time() {
        let mut file = elf(Endianness::Little, &note(r#"{"type":"pacman","name":"my-busybox","version":"7"}"#));
        file.extend(b"BusyBox v1.36.1");
        assert_eq!(names(&scan([Tar::new().file("bin/busybox", file)])), [("my-busybox", "7")]);
    }

    #[test]
    fn damaged_notes_are_stated_and_foreign_ones_are_none() {
        let sbom = scan([Tar::new()
            .file("damaged", elf(Endianness::Little, &note("{\"name\":")))
            .file("nameless", elf(Endianness::Little, &note("{}")))
            .file("foreign", elf(Endianness::Little, b"\x04\0\0\0\x01\0\0\0\0\0\0\0GNU\0x\0\0\0"))
            .file("empty", elf(Endianness::Little, b""))]);
        assert_eq!(names(&sbom), []);
        let unknown: Vec<_> = sbom.unknowns.iter().map(|unknown| unknown.path.as_str()).collect();
        assert_eq!(unknown, ["/damaged"]);
    }

    proptest! {
        #[test]
        fn no_section_is_too_strange(section in prop::collection::vec(any::<u8>(), 0..200), little_endian: bool) {
            if let Some(text) = description(&section, little_endian) {
                prop_assert!(!text.ends_with(b"\0"));
            }
        }
    }
}
