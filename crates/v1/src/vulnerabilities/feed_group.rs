//! Names of the groups that records come from.

/// The group of a record, by its namespace: `debian:12` for `debian:distro:debian:12`, `github:npm` for
/// `github:language:javascript`, `nvd` for `nvd:cpe`. What has another form is its own group.
pub fn feed_group(namespace: &str) -> String {
    match namespace.split(':').collect::<Vec<_>>().as_slice() {
        ["msrc", "distro", "windows", product] => format!("msrc:{product}"),
        [_, "distro", family, version] => format!("{}:{version}", distribution(family)),
        [provider, "language", language] => format!("{provider}:{}", ecosystem(language)),
        [provider, "cpe"] => (*provider).to_owned(),
        _ => namespace.to_owned(),
    }
}

/// Distributions that the original knew by their `ID` in `os-release`.
fn distribution(family: &str) -> &str {
    match family {
        "redhat" => "rhel",
        "oraclelinux" => "ol",
        "amazonlinux" => "amzn",
        other => other,
    }
}

/// Languages that the original knew by their package manager.
fn ecosystem(language: &str) -> &str {
    match language {
        "javascript" => "npm",
        "ruby" => "gem",
        "dotnet" => "nuget",
        "php" => "composer",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_the_names_of_the_original() {
        for (namespace, group) in [
            ("debian:distro:debian:12", "debian:12"),
            ("debian:distro:debian:unstable", "debian:unstable"),
            ("ubuntu:distro:ubuntu:22.04", "ubuntu:22.04"),
            ("alpine:distro:alpine:3.12", "alpine:3.12"),
            ("redhat:distro:redhat:8", "rhel:8"),
            ("redhat:distro:redhat:9.4+eus", "rhel:9.4+eus"),
            ("oracle:distro:oraclelinux:8", "ol:8"),
            ("amazon:distro:amazonlinux:2", "amzn:2"),
            ("sles:distro:sles:15.1", "sles:15.1"),
            ("mariner:distro:azurelinux:3.0", "azurelinux:3.0"),
            ("msrc:distro:windows:11926", "msrc:11926"),
            ("github:language:java", "github:java"),
            ("github:language:javascript", "github:npm"),
            ("github:language:ruby", "github:gem"),
            ("github:language:python", "github:python"),
            ("nvd:cpe", "nvd"),
            ("bitnami", "bitnami"),
            ("debian:12", "debian:12"),
            ("", ""),
        ] {
            assert_eq!(feed_group(namespace), group, "{namespace}");
        }
    }
}
