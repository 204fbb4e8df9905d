//! The files that name a distribution, each read by itself (`spec/analysis.md` §3.1).

use std::sync::LazyLock;

use regex::Regex;
use windlass_sbom::Distro;

/// Reads os-release(5): `KEY=value` lines with shell quoting; comments and lines that are no assignment are passed over.
/// `None` where not one known field is set.
pub(super) fn os_release(text: &str) -> Option<Distro> {
    let mut distro = Distro::default();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = unquote(value.trim());
        let field = match key.trim() {
            "PRETTY_NAME" => &mut distro.pretty_name,
            "NAME" => &mut distro.name,
            "ID" => &mut distro.id,
            "ID_LIKE" => {
                distro.id_like = value.split_whitespace().map(str::to_owned).collect();
                continue;
            }
            "VERSION" => &mut distro.version,
            "VERSION_ID" => &mut distro.version_id,
            "VERSION_CODENAME" => &mut distro.version_codename,
            "BUILD_ID" => &mut distro.build_id,
            "IMAGE_ID" => &mut distro.image_id,
            "IMAGE_VERSION" => &mut distro.image_version,
            "VARIANT" => &mut distro.variant,
            "VARIANT_ID" => &mut distro.variant_id,
            "HOME_URL" => &mut distro.home_url,
            "SUPPORT_URL" => &mut distro.support_url,
            "BUG_REPORT_URL" => &mut distro.bug_report_url,
            "PRIVACY_POLICY_URL" => &mut distro.privacy_policy_url,
            "CPE_NAME" => &mut distro.cpe_name,
            "SUPPORT_END" => &mut distro.support_end,
            _ => continue,
        };
        *field = value;
    }
    (distro != Distro::default()).then_some(distro)
}

/// Reads `cpe:/o:vendor:product:version…`, which older Red Hat relatives keep in `system-release-cpe`; the newer spelling
/// `cpe:2.3:o:…` is read as well.
pub(super) fn system_release_cpe(text: &str) -> Option<Distro> {
    let cpe = text.lines().map(str::trim).find(|line| line.starts_with("cpe:"))?;
    let rest = cpe.strip_prefix("cpe:/o:").or_else(|| cpe.strip_prefix("cpe:2.3:o:"))?;
    let mut parts = rest.split(':');
    let (vendor, _product, version) = (parts.next()?, parts.next()?, parts.next()?);
    if vendor.is_empty() {
        return None;
    }
    let id = vendor.to_ascii_lowercase();
    Some(Distro {
        pretty_name: vendor.into(),
        name: vendor.into(),
        id_like: vec![id.clone()],
        id,
        version: version.into(),
        version_id: version.into(),
        cpe_name: cpe.into(),
        ..Distro::default()
    })
}

/// Reads `CentOS release 6.10 (Final)`, the one line of `redhat-release` and of the files it is a link to.
pub(super) fn redhat_release(text: &str) -> Option<Distro> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s*(?<name>\S.*?)\s+release\s+(?<version>(?<id>\d+(?:\.\d+)?).*?)\s*$").expect("a valid pattern")
    });
    let line = text.lines().find(|line| !line.trim().is_empty())?;
    let found = LINE.captures(line)?;
    let name = &found["name"];
    let lower = name.to_lowercase();
    let id = [
        ("red hat enterprise linux", "rhel"),
        ("centos", "centos"),
        ("rocky linux", "rocky"),
        ("scientific linux", "scientific"),
        ("oracle linux", "ol"),
    ]
    .into_iter()
    .find_map(|(prefix, id)| lower.starts_with(prefix).then(|| id.to_owned()))
    .unwrap_or(lower);
    let mut id_like = vec![id.clone()];
    if id != "rhel" {
        id_like.push("rhel".into());
    }
    Some(Distro {
        pretty_name: line.trim().into(),
        name: name.into(),
        version: if id == "centos" { &found["id"] } else { &found["version"] }.into(),
        version_id: found["id"].into(),
        id,
        id_like,
        ..Distro::default()
    })
}

/// Finds the banner `BusyBox v1.36.1` in the program.
pub(super) fn busybox(program: &[u8]) -> Option<Distro> {
    static BANNER: LazyLock<regex::bytes::Regex> =
        LazyLock::new(|| regex::bytes::Regex::new(r"BusyBox v(?<version>\d[\d.]*)").expect("a valid pattern"));
    let found = BANNER.captures(program)?;
    let version = String::from_utf8_lossy(&found["version"]).into_owned();
    Some(Distro {
        pretty_name: format!("BusyBox v{version}"),
        name: "busybox".into(),
        id: "busybox".into(),
        id_like: vec!["busybox".into()],
        version: version.clone(),
        version_id: version,
        ..Distro::default()
    })
}

/// Tells Alpine's version from the URLs of `/etc/apk/repositories`: `…/v3.19/main`, `…/edge/main`.
pub(super) fn apk_repositories(text: &str) -> Option<Distro> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let version = lines.flat_map(|line| line.split('/')).find_map(|part| match part.strip_prefix('v') {
        _ if part == "edge" => Some("edge"),
        Some(version) if is_release_number(version) && version.contains('.') => Some(version),
        _ => None,
    })?;
    Some(Distro {
        pretty_name: format!("Alpine Linux {version}"),
        name: "Alpine Linux".into(),
        id: "alpine".into(),
        version_id: version.into(),
        ..Distro::default()
    })
}

/// Whether a text is `N` or `N.M`.
pub(super) fn is_release_number(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('.') {
        Some((major, minor)) => is_number(major) && is_number(minor),
        None => is_number(text),
    }
}

/// Removes the quotes a shell would, and the backslashes that it honours outside single quotes.
fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_as_a_shell_would() {
        let text = "# comment\r\nNAME=\"A \\\"B\\\" \\$C\"\r\nID=debian\r\nID_LIKE='x y'\r\nVERSION_ID=\"12\"\r\nnonsense\r\nOTHER=1\r\n";
        let distro = os_release(text).unwrap();
        assert_eq!((distro.name.as_str(), distro.id.as_str()), ("A \"B\" $C", "debian"));
        assert_eq!((distro.id_like, distro.version_id.as_str()), (vec!["x".to_owned(), "y".to_owned()], "12"));
    }

    #[test]
    fn an_os_release_that_says_nothing_is_none() {
        assert_eq!(os_release(""), None);
        assert_eq!(os_release("# nothing\nFOO=bar\n"), None);
    }

    #[test]
    fn a_cpe_names_vendor_and_version() {
        let distro = system_release_cpe("cpe:/o:CentOS:linux:6:GA\n").unwrap();
        assert_eq!((distro.id.as_str(), distro.version_id.as_str()), ("centos", "6"));
        assert_eq!(system_release_cpe("cpe:2.3:o:amazon:amazon_linux:2\n").unwrap().version_id, "2");
        assert_eq!(system_release_cpe("cpe:/a:x:y:1"), None);
        assert_eq!(system_release_cpe("cpe:/o:centos"), None);
    }

    #[test]
    fn red_hat_and_its_relatives_sign_with_one_line() {
        for (line, id, version) in [
            ("Red Hat Enterprise Linux Server release 7.9 (Maipo)", "rhel", "7.9"),
            ("CentOS release 6.10 (Final)", "centos", "6.10"),
            ("CentOS Linux release 7.9.2009 (Core)", "centos", "7.9"),
            ("Rocky Linux release 8.4 (Green Obsidian)", "rocky", "8.4"),
            ("Scientific Linux release 7.2 (Nitrogen)", "scientific", "7.2"),
            ("Oracle Linux Server release 8.10", "ol", "8.10"),
            ("AlmaLinux release 9.3 (Shamrock Pampas Cat)", "almalinux", "9.3"),
            ("Fedora release 41 (Forty One)", "fedora", "41"),
        ] {
            let distro = redhat_release(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((distro.id.as_str(), distro.version_id.as_str()), (id, version), "{line}");
            assert!(distro.is_like("rhel"), "{line}");
        }
        assert_eq!(redhat_release("12.5\n"), None);
        assert_eq!(redhat_release(""), None);
    }

    #[test]
    fn busybox_carries_its_version_in_the_program() {
        let distro = busybox(b"\x7fELF\0\0BusyBox v1.36.1 (2023-05-18 22:34:17 UTC)\0BusyBox v9").unwrap();
        assert_eq!((distro.id.as_str(), distro.version_id.as_str()), ("busybox", "1.36.1"));
        assert_eq!(busybox(b"BusyBox vX"), None);
    }

    #[test]
    fn alpine_is_known_by_its_repositories() {
        let of = |text| apk_repositories(text).map(|distro: Distro| distro.version_id);
        assert_eq!(of("#/v3.1/\nhttps://dl-cdn.alpinelinux.org/alpine/v3.19/main\n").as_deref(), Some("3.19"));
        assert_eq!(of("https://dl-cdn.alpinelinux.org/alpine/edge/main").as_deref(), Some("edge"));
        assert_eq!(of("https://example.com/vendor/x\n"), None);
    }
}
