//! Command-line tools, libraries and desktop programs.

use crate::catalogers::classifiers::classifier::{
    Classifier,
    FileName::{Around, Is},
    Form::{Script, Text},
    row,
};

const QT: &[(&str, &str)] = &[("qt", "qt"), ("qt", "qtbase")];

pub(super) const ROWS: &[Classifier] = &[
    row("busybox-binary", Is("busybox"), r"BusyBox v{v}", "busybox", &[("busybox", "busybox")]),
    row("busybox-binary", Is("["), r"BusyBox v{v}", "busybox", &[("busybox", "busybox")]),
    row(
        "util-linux-binary",
        Is("getopt"),
        r"\x00util-linux (?P<version>[0-9]\.[0-9]{1,3}(?:\.[0-9]{1,3})?)\x00",
        "util-linux",
        &[("kernel", "util-linux")],
    ),
    row("bash-binary", Is("bash"), r"@\(#\)Bash version {v}", "bash", &[("gnu", "bash")]),
    row("gcc-binary", Is("gcc"), r"GCC: \(GNU\) {v}", "gcc", &[("gnu", "gcc")]),
    // BusyBox is called gzip as well and holds many lone numbers.
    row("gzip-binary", Is("gzip"), r"\x00(?P<version>[0-9]\.[0-9]{1,3})\x00", "gzip", &[("gnu", "gzip")])
        .with("not in gzip format"),
    row("openssl-binary", Is("openssl"), r"AWS-LC {v}", "aws-lc", &[("amazon", "aws_libcrypto")]),
    row(
        "openssl-binary",
        Is("openssl"),
        r"OpenSSL (?P<version>[0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:[a-z]{1,2}|-(?:alpha|beta)[0-9]{1,2})?)[ -]",
        "openssl",
        &[("openssl", "openssl")],
    ),
    row("curl-binary", Is("curl"), r"\x00curl/{v}", "curl", &[("haxx", "curl")]),
    row("xz-binary", Is("xz"), r"xz \(XZ Utils\) {v}", "xz", &[("tukaani", "xz")]),
    row("zstd-binary", Is("zstd"), r"\x00v{v}\x00", "zstd", &[("facebook", "zstandard")]),
    row(
        "jq-binary",
        Is("jq"),
        r"\x00(?:jq-)?(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?(?:rc[0-9])?)\x00",
        "jq",
        &[("jqlang", "jq")],
    ),
    row("wordpress-cli-binary", Is("wp"), r"wp-cli/wp-cli {v}", "wp-cli", &[("wp-cli", "wp-cli")]).of(Script),
    row(
        "chrome-binary",
        Is("chrome"),
        r"\x00(?P<version>[0-9]{2,3}\.[0-9]\.[0-9]{1,4}\.[0-9]{1,4})\x00Default",
        "chrome",
        &[("google", "chrome")],
    ),
    row(
        "firefox-binary",
        Is("application.ini"),
        r"\nName=Firefox\r?\n(?:[^\[\n]{0,200}\n){0,20}?Version=(?P<version>[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}[0-9A-Za-z.-]{0,20})",
        "firefox",
        &[("mozilla", "firefox")],
    )
    .of(Text)
    .beside(&["firefox", "firefox.exe"]),
    row("qt-qtbase-lib", Around("libQt", "Core.so"), r"\x00Qt {v} \(", "qtbase", QT),
    row("qt-qtbase-lib", Around("libQt", "Core.so"), r"QtCore library version {v}", "qtbase", QT),
    row(
        "ffmpeg-binary",
        Is("ffmpeg"),
        r"version (?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)[-\x00]",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "ffmpeg-library",
        Around("libav", ".so"),
        r"FFmpeg version n?(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "ffmpeg-library",
        Around("libswresample", ".so"),
        r"FFmpeg version n?(?P<version>[0-9]\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "ffmpeg",
        &[("ffmpeg", "ffmpeg")],
    ),
    row(
        "heimdal-krb5-library",
        Around("libkrb5", ".so"),
        r"Heimdal {v}",
        "heimdal-krb5",
        &[("heimdal_project", "heimdal")],
    ),
    row(
        "krb5-library",
        Around("libkrb5", ".so"),
        r"KRB5_BRAND: krb5-(?P<version>1\.[0-9]{1,2}(?:\.[0-9]{1,2})?)",
        "krb5",
        &[("mit", "kerberos_5")],
    ),
];
