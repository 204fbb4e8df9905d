//! Web servers, proxies and collectors.

use windlass_sbom::PackageType::GithubAction;

use crate::catalogers::classifiers::classifier::{Classifier, FileName::Is, row};

/// The version is a literal of its own; these are the ones that compilers put behind it, release by release.
const ENVOY_NEIGHBOURS: &str = r"\x00(?P<version>1\.[0-9]{1,2}\.[0-9]{1,2}(?:-dev)?)\x00(?:RELEASE|No recorded values|envoy|source/common/|external/com_github_google_quiche|Unable to convert|TLS client|Extract called|cannot assign|enable read|\. This configuration|\(\[|RAWRR)";

pub(super) const ROWS: &[Classifier] = &[
    row(
        "nginx-binary",
        Is("nginx"),
        r"nginx version: (?:nginx|openresty)/(?P<version>[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]{1,3}|-plus-r[0-9]{1,3}(?:-p[0-9]{1,2})?)?)",
        "nginx",
        &[("f5", "nginx"), ("nginx", "nginx")],
    ),
    row("httpd-binary", Is("httpd"), r"Apache/{v}", "httpd", &[("apache", "http_server")]),
    row("lighttpd-binary", Is("lighttpd"), r"\x00lighttpd/{v}", "lighttpd", &[("lighttpd", "lighttpd")]),
    row(
        "proftpd-binary",
        Is("proftpd"),
        r"ProFTPD Version (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,3}(?:[a-z]|rc[0-9])?)\x00",
        "proftpd",
        &[("proftpd", "proftpd")],
    ),
    row(
        "haproxy-binary",
        Is("haproxy"),
        r"HA-?Proxy version (?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,3}|-dev[0-9]{1,3}))",
        "haproxy",
        &[("haproxy", "haproxy")],
    ),
    row(
        "haproxy-binary",
        Is("haproxy"),
        r"version (?P<version>[0-9]\.[0-9]{1,2}(?:\.|-dev|-rc)[0-9]{1,3})(?:-[0-9a-z]{7})?, released 20",
        "haproxy",
        &[("haproxy", "haproxy")],
    ),
    row(
        "haproxy-binary",
        Is("haproxy"),
        r"\x00(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,3}|-dev[0-9]{1,3}))-[0-9a-f]{7,10}\x00",
        "haproxy",
        &[("haproxy", "haproxy")],
    ),
    row("envoy-binary", Is("envoy"), ENVOY_NEIGHBOURS, "envoy", &[("envoyproxy", "envoy")]),
    row(
        "envoy-binary",
        Is("envoy"),
        r"[0-9a-f]{40}/{v+}/(?:Clean|Modified)/RELEASE",
        "envoy",
        &[("envoyproxy", "envoy")],
    ),
    row(
        "fluent-bit-binary",
        Is("fluent-bit"),
        r"\x00v?{v}\x00.{0,20}Fluent Bit",
        "fluent-bit",
        &[("treasuredata", "fluent_bit")],
    )
    .known_as(GithubAction, "fluent", "fluent-bit"),
];
