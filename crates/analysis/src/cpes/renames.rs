//! What the NVD calls packages whose own name does not lead there.

use windlass_sbom::PackageType::{self, Apk, Deb, Gem, JavaArchive, Npm, Python, Rpm};

/// Kind, package name, vendor and product of the NVD.
const KNOWN: &[(PackageType, &str, &str, &str)] = &[
    (Apk, "nodejs", "nodejs", "node.js"),
    (Apk, "nodejs-current", "nodejs", "node.js"),
    (Apk, "git", "git-scm", "git"),
    (Apk, "curl", "haxx", "curl"),
    (Apk, "go", "golang", "go"),
    (Apk, "nginx", "f5", "nginx"),
    (Apk, "redis", "redis", "redis"),
    (Apk, "sqlite", "sqlite", "sqlite"),
    (Apk, "python3", "python", "python"),
    (Apk, "ruby", "ruby-lang", "ruby"),
    (Apk, "expat", "libexpat_project", "libexpat"),
    (Deb, "nodejs", "nodejs", "node.js"),
    (Deb, "curl", "haxx", "curl"),
    (Deb, "git", "git-scm", "git"),
    (Rpm, "nodejs", "nodejs", "node.js"),
    (Rpm, "curl", "haxx", "curl"),
    (Rpm, "git", "git-scm", "git"),
    (Gem, "rails", "rubyonrails", "rails"),
    (Gem, "nokogiri", "nokogiri", "nokogiri"),
    (JavaArchive, "log4j-core", "apache", "log4j"),
    (JavaArchive, "spring-core", "vmware", "spring_framework"),
    (JavaArchive, "jackson-databind", "fasterxml", "jackson-databind"),
    (JavaArchive, "snakeyaml", "snakeyaml_project", "snakeyaml"),
    (JavaArchive, "h2", "h2database", "h2"),
    (Npm, "node", "nodejs", "node.js"),
    (Npm, "npm", "npmjs", "npm"),
    (Npm, "handlebars", "handlebarsjs", "handlebars"),
    (Python, "django", "djangoproject", "django"),
    (Python, "flask", "palletsprojects", "flask"),
    (Python, "jinja2", "palletsprojects", "jinja"),
    (Python, "werkzeug", "palletsprojects", "werkzeug"),
    (Python, "pip", "pypa", "pip"),
    (Python, "pyyaml", "pyyaml", "pyyaml"),
    (Python, "cryptography", "cryptography.io", "cryptography"),
];

/// Hosts of homepages and the vendor they stand for.
const HOSTS: &[(&str, &str)] = &[
    ("apache.org", "apache"),
    ("gnome.org", "gnome"),
    ("gnu.org", "gnu"),
    ("isc.org", "isc"),
    ("llvm.org", "llvm"),
    ("mozilla.org", "mozilla"),
    ("musl-libc.org", "musl-libc"),
    ("ruby-lang.org", "ruby-lang"),
    ("w1.fi", "w1.fi"),
    ("x.org", "x.org"),
];

/// Vendor and product of a package that the NVD is known to call otherwise.
pub(super) fn known(kind: PackageType, name: &str) -> Option<(&'static str, &'static str)> {
    let is_it = |row: &&(PackageType, &str, &str, &str)| row.0 == kind && row.1.eq_ignore_ascii_case(name);
    KNOWN.iter().find(is_it).map(|&(_, _, vendor, product)| (vendor, product))
}

/// Who is behind a URL: the owner of a repository at GitHub or GitLab, or a known host.
pub(super) fn vendor_of_url(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let mut parts = rest.split('/');
    let host = parts.next()?.trim_start_matches("www.");
    if matches!(host, "github.com" | "gitlab.com") {
        return parts.next().filter(|owner| !owner.is_empty());
    }
    let is_it = |domain: &str| host.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    HOSTS.iter().find(|(domain, _)| is_it(domain)).map(|&(_, vendor)| vendor)
}
