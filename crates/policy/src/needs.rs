//! What must be known of an image so that a bundle can be evaluated.

use std::collections::BTreeSet;

use windlass_sbom::formats::Wanted;

use crate::{CompiledBundle, Inputs, Rule};

/// The file that the gate of that name reads.
const PASSWD: (&str, &str) = ("passwd_file", "/etc/passwd");

impl CompiledBundle {
    /// What any of its rules depends on.
    pub fn reads(&self) -> Inputs {
        self.rules().fold(Inputs::NONE, |reads, rule| reads | rule.reads())
    }

    /// Paths of the files whose content its rules read: what an analysis must keep.
    pub fn retrieved_paths(&self) -> BTreeSet<&str> {
        let reading = self.rules().filter(|rule| rule.reads().intersects(Inputs::RETRIEVED_FILES));
        let (gate, passwd) = PASSWD;
        reading.filter_map(|rule| if rule.gate.name == gate { Some(passwd) } else { rule.param("path") }).collect()
    }

    /// What its rules, and matching, look at in an analysis that was saved.
    pub fn wanted(&self) -> Wanted {
        let reads = self.reads();
        Wanted {
            files: reads.intersects(Inputs::FILES | Inputs::FILE_DIGESTS | Inputs::RETRIEVED_FILES),
            manifests: reads.intersects(Inputs::FILE_DIGESTS),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.policies().into_iter().flat_map(|policy| &policy.rules)
    }
}
