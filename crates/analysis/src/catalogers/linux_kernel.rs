//! Linux kernels and their modules (`spec/analysis.md` §5.4).
//!
//! An x86 kernel image states its version behind the signature `HdrS` of its setup header. A module is an ELF file whose
//! `.modinfo` section holds `key=value` texts; distributions compress modules, of which gzip is read here.

use std::{collections::BTreeMap, io::Read as _};

use object::{File, Object as _, ObjectSection as _, ReadRef};
use serde_json::json;
use windlass_sbom::{Cpe, CpeSource, License, Metadata, Package, PackageType, package_url};

use crate::{Candidate, Catalog, Cataloger, Content, Evidence, Found, Unreadable, View};

pub(crate) struct LinuxKernel;

/// What one file is.
#[derive(serde::Serialize, serde::Deserialize)]
pub(crate) enum KernelFact {
    /// The version text of a kernel image: release, builder and time of build.
    Kernel(String),
    Module(Vec<(String, String)>),
}

/// Bytes that a compressed module may unfold to; debugging information included, the largest take 60 MB.
const MODULE_LIMIT: u64 = 256 << 20;

/// Bytes of `.modinfo`; graphics drivers list thousands of devices in some 100 KB.
const MODINFO_LIMIT: u64 = 4 << 20;

impl Cataloger for LinuxKernel {
    type Facts = KernelFact;

    fn name(&self) -> &'static str {
        "linux-kernel-cataloger"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Installed
    }

    fn selects(&self, file: &Candidate<'_>) -> bool {
        is_kernel_name(file.name()) || is_module(file)
    }

    fn read(&self, file: &Candidate<'_>, content: &mut Content) -> Result<Option<KernelFact>, Unreadable> {
        if !is_module(file) {
            return Ok(kernel_version(content)?.map(KernelFact::Kernel));
        }
        let fields = if file.name_ends_with(".gz") {
            let mut module = Vec::new();
            let unfolded = flate2::read::MultiGzDecoder::new(content.stream()?);
            unfolded.take(MODULE_LIMIT).read_to_end(&mut module).map_err(Unreadable::new)?;
            modinfo(&*module)
        } else {
            modinfo(&object::ReadCache::new(content.stream()?))
        };
        Ok(fields.map(KernelFact::Module))
    }

    fn assemble(&self, view: &View<'_, KernelFact>, catalog: &mut Catalog) {
        let mut kernels: BTreeMap<&str, usize> = BTreeMap::new();
        for found in view.files() {
            if let KernelFact::Kernel(text) = found.facts {
                let release = text.split_whitespace().next().unwrap_or_default();
                let number = catalog.add(kernel(view, &found, release, text));
                kernels.entry(release).or_insert(number);
            }
        }
        for found in view.files() {
            if let KernelFact::Module(fields) = found.facts {
                let module = Module { fields };
                let Some(package) = module.package(view, &found) else { continue };
                let number = catalog.add(package);
                // The kernel is stated to depend on the module, as the module is a part of it.
                if let Some(&kernel) = kernels.get(module.kernel_release()) {
                    catalog.depends(kernel, number);
                }
            }
        }
    }
}

fn is_kernel_name(name: &[u8]) -> bool {
    ["kernel", "vmlinux", "vmlinuz", "bzImage", "zImage"].iter().any(|kernel| {
        name.strip_prefix(kernel.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"-"))
    })
}

fn is_module(file: &Candidate<'_>) -> bool {
    let is_named = file.name_ends_with(".ko") && file.is_elf() || file.name_ends_with(".ko.gz");
    is_named && file.is_below("modules") && file.is_below("lib")
}

/// The version text of a bzImage: at 0x200 plus what the setup header says at 0x20e, ended by a NUL.
fn kernel_version(content: &mut Content) -> Result<Option<String>, Unreadable> {
    let mut header = [0; 16];
    let read = content.read_at(0x200, &mut header).map_err(Unreadable::new)?;
    if read < header.len() || &header[2..6] != b"HdrS" {
        return Ok(None);
    }
    let offset = u16::from_le_bytes([header[14], header[15]]);
    let mut text = [0; 512];
    let read = content.read_at(0x200 + u64::from(offset), &mut text).map_err(Unreadable::new)?;
    let text = text[..read].split(|&byte| byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(text).into_owned();
    Ok((offset != 0 && text.starts_with(|c: char| c.is_ascii_digit())).then_some(text))
}

/// The fields of `.modinfo`; `None` where the file is no module after all.
fn modinfo<'d>(data: impl ReadRef<'d>) -> Option<Vec<(String, String)>> {
    let file = File::parse(data).ok()?;
    let section = file.section_by_name(".modinfo").filter(|section| section.size() <= MODINFO_LIMIT)?;
    let text = section.data().ok()?;
    let fields = text.split(|&byte| byte == 0).filter_map(|field| {
        let field = String::from_utf8_lossy(field);
        let (key, value) = field.split_once('=')?;
        // Devices and dependencies on other modules, by far the most of the fields, are not told.
        (!matches!(key, "alias" | "depends" | "intree" | "firmware")).then(|| (key.to_owned(), value.to_owned()))
    });
    Some(fields.collect())
}

fn kernel(view: &View<'_, KernelFact>, found: &Found<'_, KernelFact>, release: &str, text: &str) -> Package {
    // 6.1.0-13-amd64: what follows the first dash is the distribution's.
    let version = release.split('-').next().unwrap_or_default();
    Package {
        found_by: LinuxKernel.name().to_owned(),
        locations: vec![view.location(found)],
        introduced_by: view.layer(found.layer),
        cpes: vec![Cpe {
            part: "o".into(),
            ..Cpe::application("linux", "linux_kernel", release, CpeSource::Dictionary)
        }],
        purl: package_url(PackageType::LinuxKernel, "", "linux-kernel", release, &[]),
        metadata: Metadata::Other {
            kind: "linux-kernel-archive".into(),
            value: json!({
                "name": "Linux",
                "architecture": "x86",
                "version": version,
                "extendedVersion": text,
                "format": "bzImage",
            }),
        },
        ..Package::new(PackageType::LinuxKernel, "linux-kernel", release)
    }
}

/// A module by its fields.
struct Module<'a> {
    fields: &'a [(String, String)],
}

impl<'a> Module<'a> {
    fn get(&self, key: &str) -> &'a str {
        self.fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The first word of `vermagic`, whose others are options of the build.
    fn kernel_release(&self) -> &'a str {
        self.get("vermagic").split_whitespace().next().unwrap_or_default()
    }

    fn package(&self, view: &View<'_, KernelFact>, found: &Found<'_, KernelFact>) -> Option<Package> {
        let name = self.get("name");
        if name.is_empty() {
            return None;
        }
        let mut parameters = serde_json::Map::new();
        for (key, text) in self.fields.iter().filter(|(key, _)| matches!(key.as_str(), "parm" | "parmtype")) {
            let Some((parameter, text)) = text.split_once(':') else { continue };
            let member = if key == "parm" { "description" } else { "type" };
            let described = parameters.entry(parameter).or_insert_with(|| json!({}));
            described[member] = text.into();
        }
        let version = self.get("version");
        Some(Package {
            found_by: LinuxKernel.name().to_owned(),
            locations: vec![view.location(found)],
            introduced_by: view.layer(found.layer),
            licenses: Some(self.get("license"))
                .filter(|text| !text.is_empty())
                .map(License::declared)
                .into_iter()
                .collect(),
            purl: package_url(PackageType::LinuxKernelModule, "", name, version, &[]),
            metadata: Metadata::Other {
                kind: "linux-kernel-module".into(),
                value: json!({
                    "name": name,
                    "version": version,
                    "sourceVersion": self.get("srcversion"),
                    "path": found.path,
                    "description": self.get("description"),
                    "author": self.get("author"),
                    "license": self.get("license"),
                    "kernelVersion": self.kernel_release(),
                    "versionMagic": self.get("vermagic"),
                    "parameters": parameters,
                }),
            },
            ..Package::new(PackageType::LinuxKernelModule, name, version)
        })
    }
}

#[cfg(test)]
mod tests {
    use windlass_image::testing::{Tar, gzip};

    use super::*;
    use crate::testing::{names, package, scan};

    /// A 64-bit ELF file with one section, `.modinfo`.
    fn module(fields: &str) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let text = fields.replace(' ', "\0").replace('_', " ");
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\x3e\0\x01\0\0\0".to_vec();
        file.extend([0; 16]);
        let sections = 64 + text.len() as u64 + names.len() as u64;
        file.extend(sections.to_le_bytes());
        file.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
        file.extend(text.as_bytes());
        file.extend(names);
        file.extend([0; 64]);
        for (name, kind, offset, size) in [(1_u32, 1_u32, 64, text.len()), (10, 3, 64 + text.len(), names.len())] {
            file.extend([name.to_le_bytes(), kind.to_le_bytes()].concat());
            file.extend([0; 16]);
            file.extend([(offset as u64).to_le_bytes(), (size as u64).to_le_bytes()].concat());
            file.extend([0; 24]);
        }
        file
    }

    fn kernel(text: &str) -> Vec<u8> {
        let mut image = vec![0; 0x400];
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x20e..0x210].copy_from_slice(&0x100_u16.to_le_bytes());
        image[0x300..0x300 + text.len()].copy_from_slice(text.as_bytes());
        image
    }

    #[test]
    fn a_kernel_states_its_release_and_its_modules_name_it() {
        let fields = "name=dm_mod version=4.47 license=GPL vermagic=6.1.0-13-amd64_SMP_mod_unload parm=x:how_many parmtype=x:int";
        let sbom = scan([Tar::new()
            .file("boot/vmlinuz-6.1.0-13-amd64", kernel("6.1.0-13-amd64 (debian-kernel@lists.debian.org) #1 SMP"))
            .file("boot/vmlinuz-old", "no kernel")
            .file("lib/modules/6.1.0-13-amd64/kernel/dm.ko", module(fields))
            .file("lib/modules/6.1.0-13-amd64/kernel/ext4.ko.gz", gzip(&module("name=ext4 license=GPL")))
            .file("lib/modules/6.1.0-13-amd64/kernel/broken.ko", b"\x7fELF")]);
        assert_eq!(names(&sbom), [("dm mod", "4.47"), ("ext4", ""), ("linux-kernel", "6.1.0-13-amd64")]);
        let kernel = package(&sbom, "linux-kernel");
        assert_eq!(kernel.purl.as_deref(), Some("pkg:generic/linux-kernel@6.1.0-13-amd64"));
        assert_eq!(kernel.cpes[0].to_string(), "cpe:2.3:o:linux:linux_kernel:6.1.0-13-amd64:*:*:*:*:*:*:*");
        let module = package(&sbom, "dm mod");
        let Metadata::Other { value, .. } = &module.metadata else { panic!("no metadata of the kernel") };
        assert_eq!(value["parameters"]["x"], json!({ "description": "how many", "type": "int" }));
        assert_eq!(value["kernelVersion"], "6.1.0-13-amd64");
        let edges: Vec<_> = sbom.relationships.iter().map(|edge| (&edge.parent, &edge.child)).collect();
        assert_eq!(edges, [(&module.id, &kernel.id)]);
    }
}
