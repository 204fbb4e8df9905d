//! Platforms as users and images write them, brought to one spelling and compared.
//!
//! Spellings follow containerd's `platforms` package: `x86_64` is `amd64`, `aarch64` is `arm64`, `armhf` is `arm/v7`. A
//! variant left out means the architecture's usual one, and a processor runs what was made for an older variant.

use windlass_image::Platform;

use crate::error::Error;

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
];

const ARCHITECTURES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64",
    "s390x", "wasm",
];

/// Other spellings, and the variant that comes with them.
const ALIASES: &[(&str, &str, &str)] = &[
    ("i386", "386", ""),
    ("i486", "386", ""),
    ("i586", "386", ""),
    ("i686", "386", ""),
    ("x86", "386", ""),
    ("x86_64", "amd64", ""),
    ("x86-64", "amd64", ""),
    ("x64", "amd64", ""),
    ("aarch64", "arm64", ""),
    ("armhf", "arm", "v7"),
    ("armv7", "arm", "v7"),
    ("armv7l", "arm", "v7"),
    ("armel", "arm", "v6"),
    ("armv6", "arm", "v6"),
    ("armv6l", "arm", "v6"),
    ("armv5", "arm", "v5"),
    ("powerpc64le", "ppc64le", ""),
    ("loongarch64", "loong64", ""),
];

/// Reads `os`, `arch`, `os/arch`, `arch/variant` or `os/arch/variant`; the system defaults to Linux, the architecture to
/// the host's.
pub fn parse_platform(text: &str) -> Result<Platform, Error> {
    let invalid = |reason| Error::InvalidPlatform { input: text.chars().take(120).collect(), reason };
    let lower = text.trim().to_ascii_lowercase();
    let parts: Vec<&str> = lower.split('/').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return Err(invalid("a part is empty"));
    }
    let (os, architecture, variant) = match parts[..] {
        [one] if is_system(one) => (one, "", ""),
        [one] => ("linux", one, ""),
        [os, architecture] if is_system(os) => (os, architecture, ""),
        [architecture, variant] => ("linux", architecture, variant),
        [os, architecture, variant] => (os, architecture, variant),
        _ => return Err(invalid("it has more than three parts")),
    };
    if !is_system(os) {
        return Err(invalid("the operating system is unknown"));
    }
    if architecture.is_empty() {
        return Ok(Platform { os: spelled_system(os), ..host() });
    }
    let platform = normalise(&Platform { os: os.into(), architecture: architecture.into(), variant: variant.into() });
    if !ARCHITECTURES.contains(&platform.architecture.as_str()) {
        return Err(invalid("the architecture is unknown"));
    }
    if !variant.is_empty() && level(&platform).is_none() {
        return Err(invalid("the variant is not a number, such as v7"));
    }
    Ok(platform)
}

/// What this program itself runs on, as a Linux container sees it.
pub fn host() -> Platform {
    normalise(&Platform { os: "linux".into(), architecture: std::env::consts::ARCH.into(), variant: String::new() })
}

/// `os/architecture[/variant]`
pub fn describe(platform: &Platform) -> String {
    let known = |part: &str| if part.is_empty() { "unknown".to_owned() } else { part.chars().take(40).collect() };
    let mut text = format!("{}/{}", known(&platform.os), known(&platform.architecture));
    if !platform.variant.is_empty() {
        text.push('/');
        text.extend(platform.variant.chars().take(40));
    }
    text
}

/// One spelling for each platform; a variant that is the usual one is left out.
pub fn normalise(platform: &Platform) -> Platform {
    let spelled = platform.architecture.to_ascii_lowercase();
    let (architecture, implied) = ALIASES
        .iter()
        .find(|(alias, ..)| *alias == spelled)
        .map_or((spelled.as_str(), ""), |(_, architecture, variant)| (architecture, variant));
    let mut variant = platform.variant.to_ascii_lowercase();
    if variant.is_empty() {
        variant.push_str(implied);
    } else if variant.starts_with(|first: char| first.is_ascii_digit()) {
        variant.insert(0, 'v');
    }
    let usual = matches!((architecture, variant.as_str()), ("amd64", "v1") | ("arm64", "v8" | "v8.0"));
    Platform {
        os: spelled_system(&platform.os),
        architecture: architecture.into(),
        variant: if usual { String::new() } else { variant },
    }
}

/// How well an image for `found` serves who wants `wanted`: nothing if it cannot run there, else greater is better.
pub(crate) fn suitability(wanted: &Platform, found: &Platform) -> Option<u32> {
    let (wanted, found) = (normalise(wanted), normalise(found));
    if wanted.os != found.os || wanted.architecture != found.architecture {
        return None;
    }
    if wanted.variant == found.variant {
        return Some(u32::MAX);
    }
    let (limit, offered) = (level(&wanted)?, level(&found)?);
    (offered <= limit).then_some(offered)
}

/// Whether a config made for `found` may be what a descriptor offered for `wanted`: configs often leave the variant out.
pub(crate) fn agrees(wanted: &Platform, found: &Platform) -> bool {
    let silent = found.variant.is_empty().then(|| Platform { variant: wanted.variant.clone(), ..found.clone() });
    suitability(wanted, silent.as_ref().unwrap_or(found)).is_some()
}

/// The variant as a number that grows with what the processor can do: `v8.2` is 802.
fn level(platform: &Platform) -> Option<u32> {
    let Some(number) = platform.variant.strip_prefix('v') else {
        return match (platform.variant.as_str(), platform.architecture.as_str()) {
            ("", "amd64") => Some(100),
            ("", "arm") => Some(700),
            ("", "arm64") => Some(800),
            _ => None,
        };
    };
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    Some(u32::from(major.parse::<u8>().ok()?) * 100 + u32::from(minor.parse::<u8>().ok()?.min(99)))
}

fn is_system(name: &str) -> bool {
    SYSTEMS.contains(&spelled_system(name).as_str())
}

fn spelled_system(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "macos" => "darwin".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        parse_platform(text).unwrap()
    }

    #[test]
    fn every_accepted_form_comes_to_one_spelling() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("Linux/X86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("amd64/v3", "linux/amd64/v3"),
            ("arm64", "linux/arm64"),
            ("aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("armhf", "linux/arm/v7"),
            ("armel", "linux/arm/v6"),
            ("arm/v5", "linux/arm/v5"),
            ("arm/7", "linux/arm/v7"),
            ("windows/amd64", "windows/amd64"),
            ("i386", "linux/386"),
        ] {
            assert_eq!(describe(&platform(text)), expected, "{text}");
        }
        assert_eq!(platform("linux"), host());
    }

    #[test]
    fn what_is_no_platform_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "a part is empty"),
            ("linux/", "a part is empty"),
            ("linux/amd64/v1/x", "it has more than three parts"),
            ("beos/amd64/v1", "the operating system is unknown"),
            ("linux/z80", "the architecture is unknown"),
            ("z80", "the architecture is unknown"),
            ("arm/vx", "the variant is not a number, such as v7"),
        ] {
            let Err(Error::InvalidPlatform { reason: told, .. }) = parse_platform(text) else { panic!("{text}") };
            assert_eq!(told, reason, "{text}");
        }
    }

    #[test]
    fn a_processor_runs_older_variants_and_prefers_its_own() {
        let wanted = platform("arm/v7");
        let fit = |found: &str| suitability(&wanted, &platform(found));
        assert_eq!(fit("arm/v8"), None);
        assert_eq!(fit("arm64"), None);
        assert!(fit("arm/v7") > fit("arm/v6") && fit("arm/v6") > fit("arm/v5") && fit("arm/v5").is_some());
        assert_eq!(suitability(&platform("amd64"), &platform("amd64/v3")), None);
        assert_eq!(suitability(&platform("arm64"), &platform("arm64/v8")), Some(u32::MAX));
    }

    #[test]
    fn a_config_without_variant_agrees_with_any() {
        let bare = Platform { os: "linux".into(), architecture: "arm".into(), variant: String::new() };
        assert!(agrees(&platform("arm/v5"), &bare));
        assert!(!agrees(&platform("arm64"), &bare));
    }
}
