//! Java: the launcher and the debugger state their names, the version of their dot file, and their full version.

use windlass_sbom::PackageType::Binary;

use crate::catalogers::classifiers::classifier::{Classifier, FileName::Is, row};

const GRAALVM_VERSION: &str =
    r"\x00(?P<version>[0-9]{1,2}[0-9.]{0,20}\+[0-9]{1,3}[0-9A-Za-z.+-]{0,20}jvmci[0-9A-Za-z.+-]{0,30})\x00";
/// On ARM the names stand behind the versions.
const VERSION_FIRST: &str =
    r"\x00[01]\.[0-9]{1,2}\x00{1,16}(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00{1,16}openjdk\x00java\x00";
const JAVA_VERSION: &str = r"\x00java\x00{1,8}[01]\.[0-9]{1,2}\x00{1,8}(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00";
const JDB_VERSION: &str = r"\x00(?:java|jdb)\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00";
const OPENJDK_JAVA_VERSION: &str =
    r"\x00openjdk\x00java\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00";
const OPENJDK_JDB_VERSION: &str =
    r"\x00openjdk\x00(?:java|jdb)\x00[01]\.[0-9]{1,2}\x00(?P<version>[0-9][0-9A-Za-z._+-]{0,40})\x00";
/// Of versions since 9, and of those until 8.
const LONE_VERSION: &str = r"\x00(?P<version>[0-9]{1,2}(?:\.[0-9]{1,3}){0,3}\+[0-9][0-9A-Za-z-]{0,20}|1\.[0-9]\.[0-9]_[0-9]{1,3}(?:-b[0-9]{1,3})?)\x00";

const ZULU: &[(&str, &str)] = &[("azul", "zulu")];
const OPENJDK: &[(&str, &str)] = &[("oracle", "openjdk")];
const JRE: &[(&str, &str)] = &[("oracle", "jre")];
const JDK: &[(&str, &str)] = &[("oracle", "jdk")];

pub(super) const ROWS: &[Classifier] = &[
    row("java-binary", Is("java"), GRAALVM_VERSION, "graalvm", &[("oracle", "graalvm")])
        .known_as(Binary, "oracle", "graalvm"),
    row("java-binary", Is("java"), JAVA_VERSION, "zulu", ZULU).known_as(Binary, "azul", "zulu").within("zulu"),
    row("java-binary", Is("java"), VERSION_FIRST, "zulu", ZULU).known_as(Binary, "azul", "zulu").within("zulu"),
    row("java-binary", Is("java"), OPENJDK_JAVA_VERSION, "openjdk", OPENJDK).known_as(Binary, "oracle", "openjdk"),
    row("java-binary", Is("java"), VERSION_FIRST, "openjdk", OPENJDK).known_as(Binary, "oracle", "openjdk"),
    row("java-binary", Is("java"), JAVA_VERSION, "java", &[("ibm", "java")])
        .known_as(Binary, "ibm", "java")
        .within("/ibm/"),
    row("java-binary", Is("java"), JAVA_VERSION, "jre", JRE).known_as(Binary, "oracle", "jre"),
    row("java-binary", Is("java"), LONE_VERSION, "jre", JRE).known_as(Binary, "oracle", "jre"),
    row("java-jdb-binary", Is("jdb"), GRAALVM_VERSION, "graalvm", &[("oracle", "graalvm_for_jdk")])
        .known_as(Binary, "oracle", "graalvm"),
    row("java-jdb-binary", Is("jdb"), JDB_VERSION, "zulu", ZULU).known_as(Binary, "azul", "zulu").within("zulu"),
    row("java-jdb-binary", Is("jdb"), OPENJDK_JDB_VERSION, "openjdk", OPENJDK).known_as(Binary, "oracle", "openjdk"),
    row("java-jdb-binary", Is("jdb"), VERSION_FIRST, "openjdk", OPENJDK).known_as(Binary, "oracle", "openjdk"),
    row(
        "java-jdb-binary",
        Is("jdb"),
        r"\x00java\x00.{1,200}\x00(?P<version>1\.[0-9]\.[0-9][0-9A-Za-z._-]{0,40})\x00",
        "java_sdk",
        &[("ibm", "java_sdk")],
    )
    .known_as(Binary, "ibm", "java_sdk")
    .within("/ibm/"),
    row("java-jdb-binary", Is("jdb"), LONE_VERSION, "openjdk", OPENJDK)
        .known_as(Binary, "oracle", "openjdk")
        .with("openjdk"),
    row("java-jdb-binary", Is("jdb"), JDB_VERSION, "jdk", JDK).known_as(Binary, "oracle", "jdk"),
    row("java-jdb-binary", Is("jdb"), LONE_VERSION, "jdk", JDK).known_as(Binary, "oracle", "jdk"),
];
