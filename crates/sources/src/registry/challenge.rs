//! What a registry asks for when it answers 401: the `WWW-Authenticate` header (RFC 9110, section 11.6.1).

/// A way to log in that the registry accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    Basic,
    /// A token of the server at `realm` is wanted.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

/// The first challenge of these header values that can be met, tokens before passwords.
pub(crate) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for value in values {
        for (scheme, parameters) in challenges(value) {
            if scheme.eq_ignore_ascii_case("bearer") {
                let get = |name: &str| {
                    let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.clone())
                };
                if let Some(realm) = get("realm") {
                    return Some(Challenge::Bearer { realm, service: get("service"), scope: get("scope") });
                }
            } else if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
        }
    }
    basic
}

type Parameters = Vec<(String, String)>;

/// One header may hold several challenges, separated by the same commas as their parameters.
fn challenges(value: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = value.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let word_end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let word = &rest[..word_end];
        rest = rest[word_end..].trim_start_matches([' ', '\t']);
        if let Some(after) = rest.strip_prefix('=') {
            let (text, after) = parameter_value(after.trim_start_matches([' ', '\t']));
            if let Some((_, parameters)) = found.last_mut() {
                parameters.push((word.to_owned(), text));
            }
            rest = after;
        } else if !word.is_empty() {
            found.push((word.to_owned(), Vec::new()));
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    found
}

/// A token, or a quoted text with backslash escapes; and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_server_is_found_with_its_service_and_scope() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/debian:pull,push""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.docker.io/token".into(),
            service: Some("registry.docker.io".into()),
            scope: Some("repository:library/debian:pull,push".into()),
        };
        assert_eq!(parse([header].into_iter()), Some(expected));
    }

    #[test]
    fn a_token_is_preferred_to_a_password_in_one_header_or_several() {
        let bearer = Some(Challenge::Bearer { realm: "https://a/t".into(), service: None, scope: None });
        assert_eq!(parse([r#"Basic realm="x, y", Bearer realm="https://a/t""#].into_iter()), bearer);
        assert_eq!(parse(["Basic realm=x", "bearer realm = \"https://a/t\""].into_iter()), bearer);
        assert_eq!(parse([r#"Negotiate, Basic realm="a\"b""#].into_iter()), Some(Challenge::Basic));
        assert_eq!(parse(["Negotiate"].into_iter()), None);
        assert_eq!(parse(["Bearer service=x"].into_iter()), None);
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(header in "[Bb]?[a-zA-Z =\",\\\\é\t]{0,60}") {
            let _ = parse([header.as_str()].into_iter());
        }
    }
}
