//! What kinds of obligations licences bring: which category an SPDX identifier belongs to.
//!
//! SPDX itself has no categories. Whether a licence is free follows the marks of the SPDX list (approved by the OSI, free
//! to the FSF); how far its copyleft reaches follows the licences' own terms, as the FSF's list of licences and ScanCode's
//! licence database group them too. An identifier that none of this settles is [`Category::Unclassified`].

use spdx::{LicenseItem, LicenseReq};

/// What a licence asks of whoever passes the software on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Category {
    /// No rights are reserved.
    PublicDomain,
    /// Notices must be kept.
    Permissive,
    /// Changes to the licensed files or library must be offered under the same licence.
    WeakCopyleft,
    /// Works that contain it must be offered under the same licence.
    StrongCopyleft,
    /// Use over a network counts as passing on.
    NetworkCopyleft,
    /// Source may be seen, but use is restricted: by field, by purpose, or against competing services.
    Proprietary,
    /// An SPDX identifier or `LicenseRef-` that is in none of the others.
    Unclassified,
    /// A statement that is no SPDX expression.
    Unknown,
    /// The package states no licence.
    Unlicensed,
}

impl Category {
    pub(crate) const ALL: [Self; 9] = [
        Self::PublicDomain,
        Self::Permissive,
        Self::WeakCopyleft,
        Self::StrongCopyleft,
        Self::NetworkCopyleft,
        Self::Proprietary,
        Self::Unclassified,
        Self::Unknown,
        Self::Unlicensed,
    ];

    /// As rules write it: `weak-copyleft`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PublicDomain => "public-domain",
            Self::Permissive => "permissive",
            Self::WeakCopyleft => "weak-copyleft",
            Self::StrongCopyleft => "strong-copyleft",
            Self::NetworkCopyleft => "network-copyleft",
            Self::Proprietary => "proprietary",
            Self::Unclassified => "unclassified",
            Self::Unknown => "unknown",
            Self::Unlicensed => "unlicensed",
        }
    }

    /// The category of one term of an expression: a licence with its exception.
    pub(crate) fn of(term: &LicenseReq) -> Self {
        let LicenseItem::Spdx { id, .. } = &term.license else { return Self::Unclassified };
        let listed = TABLE.iter().find(|(_, patterns)| patterns.iter().any(|pattern| matches(pattern, id.name)));
        let category = match listed {
            Some((category, _)) => *category,
            None if id.is_osi_approved() || id.is_fsf_free_libre() => Self::Permissive,
            None => Self::Unclassified,
        };
        let lifted = term
            .exception
            .is_some_and(|exception| LINKING_EXCEPTIONS.iter().any(|pattern| matches(pattern, exception.name)));
        match category {
            Self::StrongCopyleft | Self::NetworkCopyleft if lifted => Self::WeakCopyleft,
            category => category,
        }
    }
}

/// Whether an identifier is the pattern, or begins with what stands before its asterisk.
fn matches(pattern: &str, id: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == id, |start| id.starts_with(start))
}

/// The first row with a pattern for an identifier decides. GNU licences stand without `-only` and `-or-later`.
const TABLE: &[(Category, &[&str])] = &[
    (
        Category::PublicDomain,
        &[
            "ANTLR-PD*",
            "CC-PDDC",
            "CC-PDM-1.0",
            "CC0-1.0",
            "DL-DE-ZERO-2.0",
            "NCBI-PD",
            "NIST-PD*",
            "NTIA-PD",
            "PDDL-1.0",
            "SAX-PD*",
            "Unlicense*",
            "blessing",
            "libselinux-1.0",
        ],
    ),
    (
        Category::Proprietary,
        &[
            "Aladdin",
            "BUSL-1.1",
            "CC-BY-NC*",
            "CC-BY-ND*",
            "COIL-1.0",
            "CPOL-1.02",
            "Elastic-2.0",
            "FSL-1.1*",
            "Hippocratic-2.1",
            "IEC-Code-Components-EULA",
            "NCGL-UK-2.0",
            "PolyForm-*",
            "SSPL-1.0",
            "SUL-1.0",
        ],
    ),
    (
        Category::NetworkCopyleft,
        &[
            "AGPL-*",
            "APSL-2.0",
            "CAL-1.0*",
            "CPAL-1.0",
            "EUPL-*",
            "NPOSL-3.0",
            "OSL-*",
            "RPL-*",
            "RPSL-1.0",
            "Watcom-1.0",
        ],
    ),
    (
        Category::StrongCopyleft,
        &[
            // GPL with an exception had identifiers of its own once; the exception lifts what the licence asks.
            "GPL-1.0*",
            "GPL-2.0",
            "GPL-2.0+",
            "GPL-2.0-only",
            "GPL-2.0-or-later",
            "GPL-3.0",
            "GPL-3.0+",
            "GPL-3.0-only",
            "GPL-3.0-or-later",
            "Arphic-1999",
            "BSD-Protection",
            "CC-BY-SA-*",
            "CC-SA-1.0",
            "CDLA-Sharing-1.0",
            "CECILL-1.*",
            "CECILL-2.*",
            "CERN-OHL-1.*",
            "CERN-OHL-S-2.0",
            "D-FSL-1.0",
            "GFDL-*",
            "LAL-*",
            "LiLiQ-Rplus-1.1",
            "Linux-man-pages-copyleft*",
            "NGPL",
            "ODbL-1.0",
            "Parity-*",
            "QPL-1.0*",
            "SMAIL-GPL",
            "SimPL-2.0",
            "Sleepycat",
            "TAPR-OHL-1.0",
            "TGPPL-1.0",
            "TMate",
            "copyleft-next-*",
            "xinetd",
        ],
    ),
    (
        Category::WeakCopyleft,
        &[
            "APL-1.0",
            "APSL-1.*",
            "Artistic-*",
            "BitTorrent-*",
            "CATOSL-1.1",
            "CDDL-*",
            "CECILL-C",
            "CERN-OHL-W-2.0",
            "CPL-1.0",
            "CUA-OPL-1.0",
            "EPL-*",
            "ErlPL-1.1",
            "Frameworx-1.0",
            "GPL-2.0-with-*",
            "GPL-3.0-with-*",
            "IPL-1.0",
            "Interbase-1.0",
            "LGPL*",
            "LPL-*",
            "LPPL-*",
            "LiLiQ-R-1.1",
            "MPL-*",
            "MS-PL",
            "MS-RL",
            "Motosoto",
            "NASA-1.3",
            "NOSL",
            "NPL-*",
            "Nokia",
            "OCCT-PL",
            "OFL-*",
            "OSET-PL-2.1",
            "RHeCos-1.1",
            "RSCPL",
            "SISSL*",
            "SPL-1.0",
            "SugarCRM-1.1.3",
            "YPL-*",
            "eCos-2.0",
            "gSOAP-1.3b",
            "wxWindows",
        ],
    ),
    // Not marked as free on the SPDX list, but of the families that are.
    (
        Category::Permissive,
        &[
            "Adobe-*",
            "Apache-*",
            "BSD-*",
            "Beerware",
            "Bitstream-*",
            "Boehm-GC*",
            "Brian-Gladman-*",
            "CC-BY-*",
            "CDLA-Permissive-*",
            "CECILL-B",
            "CMU-Mach*",
            "CNRI-*",
            "DOC",
            "FSFAP*",
            "FSFUL*",
            "GD",
            "GLWTPL",
            "HPND*",
            "HTMLTIDY",
            "IJG*",
            "ISC*",
            "ImageMagick",
            "Info-ZIP",
            "Intel-ACPI",
            "JSON",
            "JasPer-2.0",
            "Latex2e*",
            "Leptonica",
            "Libpng",
            "MIT*",
            "MulanPSL-*",
            "NAIST-2003",
            "NTP*",
            "Net-SNMP",
            "NetCDF",
            "ODC-By-1.0",
            "OLDAP-*",
            "OML",
            "OpenSSL*",
            "PSF-2.0",
            "Plexus",
            "Python-*",
            "Qhull",
            "RSA-MD",
            "SGI-*",
            "SSH-*",
            "SSLeay*",
            "SWL",
            "Saxpath",
            "Spencer-*",
            "SunPro",
            "TCL",
            "TCP-wrappers",
            "TU-Berlin-*",
            "Unicode-*",
            "W3C*",
            "X11*",
            "Xerox",
            "ZPL-*",
            "bcrypt-Solar-Designer",
            "bzip2-*",
            "curl",
            "dtoa",
            "libpng-*",
            "libtiff",
            "mpich2",
            "snprintf",
            "zlib-acknowledgement",
        ],
    ),
];

/// Exceptions that let works under other licences contain, link to or be made by the software.
const LINKING_EXCEPTIONS: &[&str] = &[
    "Autoconf-exception-*",
    "Bison-exception-*",
    "CGAL-linking-exception",
    "Classpath-exception-2.0",
    "FLTK-exception",
    "Fawkes-Runtime-exception",
    "Font-exception-2.0",
    "GCC-exception-*",
    "GNAT-exception",
    "GNU-compiler-exception",
    "GPL-3.0-interface-exception",
    "GPL-3.0-linking-*",
    "Independent-modules-exception",
    "LGPL-3.0-linking-exception",
    "LZMA-exception",
    "Libtool-exception",
    "Linux-syscall-note",
    "OCaml-LGPL-linking-exception",
    "OpenJDK-assembly-exception-1.0",
    "PS-or-PDF-font-exception-20170817",
    "Qt-GPL-exception-1.0",
    "SWI-exception",
    "Texinfo-exception",
    "WxWindows-exception-3.1",
    "eCos-exception-2.0",
    "erlang-otp-linking-exception",
    "freertos-exception-2.0",
    "gnu-javamail-exception",
    "i2p-gpl-java-exception",
    "mif-exception",
    "polyparse-exception",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn category(term: &str) -> &'static str {
        let expression = spdx::Expression::parse(term).unwrap();
        Category::of(&expression.requirements().next().unwrap().req).as_str()
    }

    #[test]
    fn well_known_licences_are_where_lawyers_put_them() {
        for (term, expected) in [
            ("CC0-1.0", "public-domain"),
            ("MIT", "permissive"),
            ("Apache-2.0+", "permissive"),
            ("CC-BY-4.0", "permissive"),
            ("curl", "permissive"),
            ("AFL-3.0", "permissive"),
            ("LGPL-2.1-or-later", "weak-copyleft"),
            ("MPL-2.0", "weak-copyleft"),
            ("GPL-2.0-only", "strong-copyleft"),
            ("GPL-3.0-or-later", "strong-copyleft"),
            ("CC-BY-SA-4.0", "strong-copyleft"),
            ("AGPL-3.0-only", "network-copyleft"),
            ("SSPL-1.0", "proprietary"),
            ("CC-BY-NC-SA-4.0", "proprietary"),
            ("LicenseRef-acme", "unclassified"),
            ("Zed", "unclassified"),
        ] {
            assert_eq!(category(term), expected, "{term}");
        }
    }

    #[test]
    fn an_exception_for_linking_weakens_copyleft_and_no_other_does() {
        assert_eq!(category("GPL-2.0-only WITH Classpath-exception-2.0"), "weak-copyleft");
        assert_eq!(category("GPL-3.0-or-later WITH GCC-exception-3.1"), "weak-copyleft");
        assert_eq!(category("GPL-2.0-only WITH openvpn-openssl-exception"), "strong-copyleft");
        assert_eq!(category("Apache-2.0 WITH LLVM-exception"), "permissive");
    }

    #[test]
    fn every_row_names_licences_that_exist() {
        let known = |names: &[&str], pattern: &str| names.iter().any(|name| matches(pattern, name));
        let licenses: Vec<&str> = spdx::identifiers::LICENSES.iter().map(|row| row.0).collect();
        let exceptions: Vec<&str> = spdx::identifiers::EXCEPTIONS.iter().map(|row| row.0).collect();
        let patterns = TABLE.iter().flat_map(|(_, patterns)| *patterns);
        let unknown: Vec<_> = patterns.filter(|pattern| !known(&licenses, pattern)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let unknown: Vec<_> = LINKING_EXCEPTIONS.iter().filter(|pattern| !known(&exceptions, pattern)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn what_the_spdx_crate_marks_as_copyleft_is_never_permissive() {
        let ids = spdx::identifiers::LICENSES.iter().filter_map(|row| spdx::license_id(row.0));
        let marked: Vec<_> = ids.filter(|id| id.is_copyleft()).collect();
        assert!(marked.len() > 100, "{}", marked.len());
        let lax = marked.iter().filter(|id| Category::of(&LicenseReq::from(**id)) == Category::Permissive);
        // CeCILL-B is marked for its name's sake: it only asks for credit.
        assert_eq!(lax.map(|id| id.name).collect::<Vec<_>>(), ["CECILL-B"]);
    }
}
