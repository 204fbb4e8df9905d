//! Policy bundles that come with the program: one folder each under `policies/`.

/// A bundle with what its rules are for.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    /// Of its folder: `cis-docker`
    pub name: &'static str,
    /// The bundle's JSON.
    pub bundle: &'static str,
    /// Markdown: a title, then each rule with the control that it serves.
    pub readme: &'static str,
}

macro_rules! pack {
    ($name:literal) => {
        Pack {
            name: $name,
            bundle: include_str!(concat!("../../../policies/", $name, "/bundle.json")),
            readme: include_str!(concat!("../../../policies/", $name, "/README.md")),
        }
    };
}

/// The bundle that new accounts judge by (`spec/policy.md` §6).
pub const DEFAULT: Pack = pack!("default");

/// A new pack is its folder and its line here.
pub const ALL: &[Pack] = &[
    DEFAULT,
    pack!("cis-docker"),
    pack!("disa-container-hardening"),
    pack!("ffiec"),
    pack!("iso-27001"),
    pack!("nist-sp-800-190"),
    pack!("nist-sp-800-53"),
    pack!("pci-dss"),
];

impl Pack {
    /// The title of its description.
    pub fn title(&self) -> &'static str {
        self.readme.lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use crate::{Bundle, CompiledBundle, Profile};

    use super::*;

    #[test]
    fn every_folder_is_a_pack() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let folders: BTreeSet<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let packs: BTreeSet<String> = ALL.iter().map(|pack| pack.name.to_owned()).collect();
        assert_eq!(folders, packs);
    }

    #[test]
    fn every_pack_is_valid_and_describes_each_of_its_rules() {
        for pack in ALL {
            let bundle = Bundle::parse(pack.bundle.as_bytes()).expect("a bundle");
            assert_eq!(bundle.validate(), [], "{}", pack.name);
            let compiled = CompiledBundle::new(std::sync::Arc::new(bundle), Profile::Compat);
            assert!(!pack.title().is_empty(), "{} has no title", pack.name);
            for rule in compiled.policies().iter().flat_map(|policy| &policy.rules) {
                let id = rule.id.as_deref().unwrap_or_default();
                assert!(!id.is_empty() && pack.readme.contains(id), "{} does not describe {rule:?}", pack.name);
            }
        }
    }
}
