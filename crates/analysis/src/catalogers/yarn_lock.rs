//! Yarn's `yarn.lock`, classic and berry (`spec/analysis.md` §6.2).
//!
//! Both are blocks that begin with an unindented list of requests (`"a@^1.0", a@^1.1:`) and have indented fields. Classic
//! writes `version "1.0.3"`, berry `version: 1.0.3` and `resolution: "a@npm:1.0.3"`.

use windlass_sbom::Package;

use super::{
    listing::Listing,
    npm::{self, split_request},
};
use crate::{Evidence, Unreadable};

pub(crate) const LOCK: Listing = Listing {
    name: "javascript-yarn-lock-cataloger",
    evidence: Evidence::Declared,
    selects: |file| file.name() == b"yarn.lock" && !file.is_below("node_modules"),
    parse,
};

#[expect(clippy::unnecessary_wraps, reason = "a listing's parser may fail; this format has no invalid text")]
fn parse(text: &str) -> Result<Vec<Package>, Unreadable> {
    let mut packages = Vec::new();
    let mut block = Block::default();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if line.starts_with([' ', '\t']) {
            block.field(line);
        } else {
            packages.extend(std::mem::take(&mut block).describe());
            let request = line.trim_end_matches(':').split(", ").next().unwrap_or_default();
            request.trim_matches('"').clone_into(&mut block.request);
        }
    }
    packages.extend(block.describe());
    packages.sort_by(Package::document_order);
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version);
    Ok(packages)
}

#[derive(Default)]
struct Block {
    request: String,
    version: String,
    resolution: String,
    integrity: String,
}

impl Block {
    fn field(&mut self, line: &str) {
        // Deeper lines are dependencies, which may be called "version" as well.
        if line.starts_with("    ") || line.starts_with("\t\t") {
            return;
        }
        let Some((key, value)) = line.trim().split_once([' ', ':']) else { return };
        let value = value.trim().trim_matches('"').to_owned();
        match key {
            "version" => self.version = value,
            "resolution" | "resolved" => self.resolution = value,
            "integrity" | "checksum" => self.integrity = value,
            _ => {}
        }
    }

    fn describe(self) -> Option<Package> {
        // Berry names what an alias leads to in the resolution; classic does so in the request.
        let named = if self.resolution.contains("@npm:") { &self.resolution } else { &self.request };
        let local = ["@workspace:", "@link:", "@portal:", "@file:"];
        if local.iter().any(|kind| self.resolution.contains(kind) || self.request.contains(kind)) {
            return None;
        }
        let (name, wanted) = split_request(named)?;
        let name = match wanted.strip_prefix("npm:").and_then(split_request) {
            Some((aliased, _)) => aliased,
            None => name,
        };
        (!name.is_empty() && !self.version.is_empty() && self.version != "0.0.0-use.local").then(|| {
            let value = serde_json::json!({ "resolved": self.resolution, "integrity": self.integrity });
            npm::locked(name, &self.version, "javascript-yarn-lock-entry", value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(String, String)> {
        parse(text).expect("a lock").into_iter().map(|package| (package.name, package.version)).collect()
    }

    #[test]
    fn classic_blocks_are_read_with_aliases_and_scopes() {
        let text = "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.1.2\"\n  resolved \"https://r/a.tgz\"\n  \
                    dependencies:\n    version \"9\"\n\nold@npm:new@^2:\n  version \"2.0.1\"\n";
        assert_eq!(listed(text), [("@s/a".into(), "1.1.2".into()), ("new".into(), "2.0.1".into())]);
    }

    #[test]
    fn berry_blocks_are_read_without_the_workspace() {
        let text = "__metadata:\n  version: 6\n\n\"a@npm:^1.0.0\":\n  version: 1.0.3\n  resolution: \"a@npm:1.0.3\"\n\n\
                    \"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n";
        assert_eq!(listed(text), [("a".into(), "1.0.3".into())]);
    }
}
