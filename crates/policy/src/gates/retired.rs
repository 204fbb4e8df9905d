//! Gates that the original had given up: bundles may still name them, and nothing in them fires
//! (`spec/policy.md` §4.15).

use crate::{
    Check, Gate, Trigger,
    gate::{Inputs, Origin, State},
};

const fn retired(name: &'static str, successor: Option<&'static str>, triggers: &'static [Trigger]) -> Gate {
    Gate {
        name,
        description: "No longer evaluated; remove its rules.",
        state: State::EndOfLife { successor },
        origin: Origin::Original,
        triggers,
    }
}

const fn trigger(name: &'static str) -> Trigger {
    Trigger {
        name,
        description: "No longer evaluated.",
        parameters: &[],
        reads: Inputs::NONE,
        origin: Origin::Original,
        compile: |_| Ok(Check::new(|_, _| Ok(()))),
    }
}

pub(super) const SUIDDIFF: Gate = retired(
    "suiddiff",
    None,
    &[trigger("suiddiff"), trigger("suidfileadd"), trigger("suidfiledel"), trigger("suidmodediff")],
);
pub(super) const IMAGECHECK: Gate = retired("imagecheck", None, &[trigger("baseoutofdate")]);
pub(super) const PKGDIFF: Gate =
    retired("pkgdiff", None, &[trigger("pkgversiondiff"), trigger("pkgadd"), trigger("pkgdel"), trigger("pkgdiff")]);
pub(super) const ANCHORESEC: Gate = retired(
    "anchoresec",
    Some("vulnerabilities"),
    &[
        trigger("vulnlow"),
        trigger("vulnmedium"),
        trigger("vulnhigh"),
        trigger("vulncritical"),
        trigger("vulnunknown"),
        trigger("feedoutofdate"),
        trigger("unsupporteddistro"),
    ],
);
pub(super) const PKGCHECK: Gate = retired("pkgcheck", Some("packages"), &[trigger("pkgnotpresent"), trigger("verify")]);
pub(super) const DOCKERFILECHECK: Gate = retired(
    "dockerfilecheck",
    Some("dockerfile"),
    &[
        trigger("directivecheck"),
        trigger("effectiveuser"),
        trigger("expose"),
        trigger("nofrom"),
        trigger("fromscratch"),
        trigger("notag"),
        trigger("sudo"),
        trigger("volumepresent"),
        trigger("nohealthcheck"),
        trigger("nodockerfile"),
    ],
);
pub(super) const FILECHECK: Gate =
    retired("filecheck", Some("files"), &[trigger("contentmatch"), trigger("filenamematch"), trigger("suidsgidcheck")]);
pub(super) const FILEPARSE_PASSWD: Gate = retired(
    "fileparse_passwd",
    Some("passwd_file"),
    &[
        trigger("filenotstored"),
        trigger("usernamematch"),
        trigger("useridmatch"),
        trigger("groupidmatch"),
        trigger("shellmatch"),
        trigger("pentrymatch"),
    ],
);
// The original names a successor that it does not have; the live gate is ruby_gems.
pub(super) const GEMCHECK: Gate = retired(
    "gemcheck",
    Some("gems"),
    &[
        trigger("gemnotlatest"),
        trigger("gemnotofficial"),
        trigger("gembadversion"),
        trigger("gempkgfullmatch"),
        trigger("gempkgnamematch"),
        trigger("gemnofeed"),
    ],
);
pub(super) const METADATACHECK: Gate = retired("metadatacheck", Some("metadata"), &[trigger("attributecheck")]);
pub(super) const LICBLACKLIST: Gate =
    retired("licblacklist", Some("licenses"), &[trigger("licfullmatch"), trigger("licsubmatch")]);
pub(super) const NPMCHECK: Gate = retired(
    "npmcheck",
    Some("npms"),
    &[
        trigger("npmnotlatest"),
        trigger("npmnotofficial"),
        trigger("npmbadversion"),
        trigger("npmpkgfullmatch"),
        trigger("npmpkgnamematch"),
        trigger("npmnofeed"),
    ],
);
pub(super) const PKGBLACKLIST: Gate =
    retired("pkgblacklist", Some("packages"), &[trigger("pkgfullmatch"), trigger("pkgnamematch")]);
pub(super) const SECRETCHECK: Gate =
    retired("secretcheck", Some("secret_scans"), &[trigger("contentmatch"), trigger("filenamematch")]);
