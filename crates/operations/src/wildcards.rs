//! Patterns that clients give.

use globset::{GlobBuilder, GlobMatcher};

/// Only the asterisk stands for others.
pub(crate) fn wildcard(text: &str) -> GlobMatcher {
    let parts: Vec<String> = text.split('*').map(globset::escape).collect();
    pattern(&parts.join("*")).unwrap_or_else(|| exactly(text))
}

/// As a shell has it: `*`, `?`, `[a-z]`. What is no pattern stands for itself.
pub(crate) fn shell_pattern(text: &str) -> GlobMatcher {
    // A shell knows neither of them here.
    let plain = text.replace('{', "[{]").replace('}', "[}]");
    pattern(&plain).unwrap_or_else(|| exactly(text))
}

fn exactly(text: &str) -> GlobMatcher {
    pattern(&globset::escape(text)).expect("what is escaped is a pattern")
}

fn pattern(text: &str) -> Option<GlobMatcher> {
    // Two of them would mean folders.
    let mut single = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '*' || !single.ends_with('*') {
            single.push(character);
        }
    }
    let built = GlobBuilder::new(&single).literal_separator(false).backslash_escape(false).build();
    Some(built.ok()?.compile_matcher())
}
