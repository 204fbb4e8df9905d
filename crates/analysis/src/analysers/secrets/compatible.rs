//! The patterns that Anchore Engine searches for by default (`spec/analysis.md` §11.3). Their names and texts are part of
//! its API's answers and of trigger ids, so they are these to the letter.

use crate::analysers::patterns::Patterns;

const PATTERNS: [&str; 5] = [
    r"AWS_ACCESS_KEY=(?i).*aws_access_key_id( *=+ *).*(?<![A-Z0-9])[A-Z0-9]{20}(?![A-Z0-9]).*",
    r"AWS_SECRET_KEY=(?i).*aws_secret_access_key( *=+ *).*(?<![A-Za-z0-9/+=])[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=]).*",
    r"PRIV_KEY=(?i)-+BEGIN(.*)PRIVATE KEY-+",
    r#"DOCKER_AUTH=(?i).*"auth": *".+""#,
    r"API_KEY=(?i).*api(-|_)key( *=+ *).*(?<![A-Z0-9])[A-Z0-9]{20,60}(?![A-Z0-9]).*",
];

pub(super) fn patterns() -> Patterns {
    Patterns::parse(PATTERNS).expect("the patterns of the table are valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of the patterns that match a line.
    fn found(line: &str) -> Vec<String> {
        let patterns = patterns();
        let line = format!("{line}\n");
        let candidates = patterns.candidates(line.as_bytes()).into_iter().map(|index| patterns.get(index));
        let hits = candidates.filter(|pattern| pattern.matches(line.as_bytes()).expect("few steps"));
        hits.map(|pattern| pattern.name.clone()).collect()
    }

    #[test]
    fn each_pattern_fires_on_what_it_is_for_and_not_on_what_is_longer() {
        for (line, expected) in [
            ("export AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP", vec!["AWS_ACCESS_KEY"]),
            ("aws_access_key_id == 'AKIAABCDEFGHIJKLMNOP'", vec!["AWS_ACCESS_KEY"]),
            ("aws_access_key_id = AKIAABCDEFGHIJKLMNOPQ", vec![]),
            ("aws_access_key_id: AKIAABCDEFGHIJKLMNOP", vec![]),
            ("aws_secret_access_key = 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", vec!["AWS_SECRET_KEY"]),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzKEYx", vec![]),
            ("-----BEGIN EC PRIVATE KEY-----", vec!["PRIV_KEY"]),
            ("-begin private key-", vec!["PRIV_KEY"]),
            (" -----BEGIN EC PRIVATE KEY-----", vec![]),
            ("-----BEGIN PUBLIC KEY-----", vec![]),
            (r#"  "auth": "dXNlcjpwYXNz""#, vec!["DOCKER_AUTH"]),
            (r#""auth": """#, vec![]),
            ("my-api_key = 0123456789abcdefghij", vec!["API_KEY"]),
            ("api-key == 0123456789abcdefghij", vec!["API_KEY"]),
            ("apikey = 0123456789abcdefghij", vec![]),
            ("api_key = 0123456789abcdefghi", vec![]),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
    }

    #[test]
    fn names_and_texts_are_those_of_recorded_answers() {
        let Some(recorded) = crate::testing::shared("recorded") else { return };
        let answer = std::fs::read(recorded.join("102_big_artifacts_secret_search.json")).expect("recorded");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        let files = answer["response"]["body"].as_array().expect("files");
        let hits: Vec<_> = files.iter().flat_map(|file| file["matches"].as_array().expect("matches")).collect();
        assert_eq!(hits.len(), 5);
        for hit in hits {
            let written =
                format!("{}={}", hit["name"].as_str().expect("a name"), hit["regex"].as_str().expect("a regex"));
            assert!(PATTERNS.contains(&written.as_str()), "{written}");
        }
    }
}
