//! Regular expressions in Python's syntax, alone and asked together of many texts.
//!
//! Input: two lines with a pattern each, then texts, one a line; `\n` in a text stands for a newline.

#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_patterns::{Pattern, PatternSet, TextList};

fuzz_target!(|data: &[u8]| {
    let input = String::from_utf8_lossy(data);
    let mut lines = input.split('\n');
    let patterns: Vec<Pattern> = lines.by_ref().take(2).filter_map(|line| Pattern::new(line).ok()).collect();
    let texts: Vec<String> = lines.map(|line| line.replace("\\n", "\n")).collect();
    let list: TextList = texts.iter().map(String::as_str).collect();
    let together = PatternSet::new(patterns.clone()).matching(&list);
    assert_eq!(together.len(), patterns.len());
    for (pattern, found) in patterns.iter().zip(together) {
        let alone: Result<Vec<bool>, _> = texts.iter().map(|text| pattern.matches_start(text)).collect();
        // Where one text takes too many steps, nothing is told of the others.
        let alone = alone.map(|matches| (0..texts.len()).filter(|text| matches[*text]).collect::<Vec<_>>());
        assert_eq!(found, alone, "{:?} over {texts:?}", pattern.as_str());
    }
});
