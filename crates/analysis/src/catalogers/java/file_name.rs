//! What an archive's file name says: `jackson-databind-2.9.8.jar` is version 2.9.8 of jackson-databind.

/// Artifact and version of a file name; the version is empty where the name has none.
pub(super) fn parse(path: &str) -> (String, String) {
    let name = path.rsplit(['/', ':']).next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match version_start(stem) {
        Some(at) => (stem[..at].trim_end_matches(['-', '.', '_']).to_owned(), stem[at..].to_owned()),
        None => (stem.to_owned(), String::new()),
    }
}

/// Where the version begins: at the first dash-separated part that looks like one, else after the first of `.`, `_` that
/// a digit follows.
fn version_start(stem: &str) -> Option<usize> {
    let mut at = 0;
    for (index, part) in stem.split('-').enumerate() {
        if index > 0 && is_version_part(part) {
            return Some(at);
        }
        at += part.len() + 1;
    }
    let bytes = stem.as_bytes();
    (1..bytes.len()).find(|&i| matches!(bytes[i - 1], b'.' | b'_') && bytes[i].is_ascii_digit())
}

fn is_version_part(part: &str) -> bool {
    let number_after = |prefix: &str| part.strip_prefix(prefix).is_some_and(starts_with_digit);
    starts_with_digit(part) || number_after("build") || number_after("rc") || number_after("r")
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_where_the_version_begins() {
        for (file, name, version) in [
            ("/a/jackson-databind-2.9.8.jar", "jackson-databind", "2.9.8"),
            ("spring-boot-2.7.0-SNAPSHOT.jar", "spring-boot", "2.7.0-SNAPSHOT"),
            ("guava-31.1-jre.jar", "guava", "31.1-jre"),
            ("outer.jar:log4j-core-2.14.1.jar", "log4j-core", "2.14.1"),
            ("tomcat-api.jar", "tomcat-api", ""),
            ("swagger-ui_4.1.jar", "swagger-ui", "4.1"),
            ("gradle-build17.jar", "gradle", "build17"),
            ("org.eclipse.core.jobs_3.10.500.jar", "org.eclipse.core.jobs", "3.10.500"),
            (".jar", "", ""),
        ] {
            assert_eq!(parse(file), (name.to_owned(), version.to_owned()), "{file}");
        }
    }
}
