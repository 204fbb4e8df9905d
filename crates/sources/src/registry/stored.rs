//! Which of several stored credentials a repository is asked for with (operations.md §7.1).

/// The entry with the longest name that covers a repository; of two with the same name, the first.
///
/// Names are compared as they are stored: `docker.io/library/*` does not cover `alpine` of `docker.io`, though Docker Hub
/// takes both for the same.
pub fn credential_for<'e, T>(
    entries: impl IntoIterator<Item = &'e T>,
    name: impl Fn(&T) -> &str,
    registry: &str,
    repository: &str,
) -> Option<&'e T> {
    let covering = entries.into_iter().filter(|entry| covers(name(entry), registry, repository));
    covering.reduce(|best, other| if name(other).len() > name(best).len() { other } else { best })
}

/// Whether a stored name covers a repository: a host, with or without port, covers all that is there; a host with a path
/// that one repository; and what ends in `*` everything that begins like it. A `*` elsewhere is a character.
pub fn covers(name: &str, registry: &str, repository: &str) -> bool {
    let whole = format!("{registry}/{repository}");
    match name.strip_suffix('*') {
        Some(prefix) => whole.starts_with(prefix),
        None if name.contains('/') => name == whole,
        None => name == registry,
    }
}

/// The host, with port, that a stored name is about: what is asked whether the credentials are good.
pub fn host_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default().trim_end_matches('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_covers_a_host_a_repository_or_a_prefix() {
        for (name, registry, repository, covered) in [
            ("docker.io", "docker.io", "any/thing", true),
            ("docker.io", "docker.io", "alpine", true),
            ("docker.io", "docker.io.evil.example", "alpine", false),
            ("docker.io/library/*", "docker.io", "library/centos", true),
            ("docker.io/library/*", "docker.io", "alpine", false),
            ("docker.io/library/*", "docker.io", "myuser/myrepo", false),
            ("docker.io/*", "gcr.io", "library/centos", false),
            ("docker.io/*", "docker.io", "alpine", true),
            ("gcr.io/myproject/*", "gcr.io", "myproject/deep/er", true),
            ("gcr.io/myproject/*", "gcr.io", "myproject2/app", false),
            ("gcr.io/myproject*", "gcr.io", "myproject2/app", true),
            ("gcr.io/myproject/app", "gcr.io", "myproject/app", true),
            ("gcr.io/myproject/app", "gcr.io", "myproject/app2", false),
            ("registry.local:5000", "registry.local:5000", "a", true),
            ("registry.local", "registry.local:5000", "a", false),
            ("registry.local*", "registry.local:5000", "a", true),
            ("registry.*", "registry.local:5000", "a", true),
            ("*", "anything.example", "a/b", true),
            ("*.example", "any.example", "a", false),
            ("gcr.io/*/app", "gcr.io", "x/app", false),
        ] {
            assert_eq!(covers(name, registry, repository), covered, "{name} {registry}/{repository}");
        }
    }

    #[test]
    fn the_longest_name_that_covers_wins_and_equals_keep_their_order() {
        let entries = ["*", "gcr.io", "gcr.io/team/*", "gcr.io/team/app", "gcr.io/team/app-*", "gcr.io/other"];
        let chosen = |repository| *credential_for(&entries, |name| name, "gcr.io", repository).unwrap();
        assert_eq!(chosen("team/app"), "gcr.io/team/app");
        assert_eq!(chosen("team/app-web"), "gcr.io/team/app-*");
        assert_eq!(chosen("team/web"), "gcr.io/team/*");
        assert_eq!(chosen("web"), "gcr.io");
        assert_eq!(credential_for(&entries[1..], |name| name, "ghcr.io", "web"), None);
        let twins = [("a.io", 1), ("a.io", 2)];
        assert_eq!(credential_for(&twins, |entry| entry.0, "a.io", "x"), Some(&("a.io", 1)));
    }

    #[test]
    fn a_name_says_which_host_to_ask() {
        for (name, host) in
            [("a.io:5000", "a.io:5000"), ("a.io/team/*", "a.io"), ("a.io/team/app", "a.io"), ("a.io*", "a.io")]
        {
            assert_eq!(host_of(name), host);
        }
    }
}
