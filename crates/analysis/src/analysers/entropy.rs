//! How random a text looks: what tells a key from a word.

/// Shannon's entropy of a text's bytes, in bits per byte: 0 for a repeated character, 4 at most for hexadecimal digits,
/// 6 at most for Base64.
pub(crate) fn bits_per_byte(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let length = text.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    shares.map(|share| -share * share.log2()).sum()
}

/// Whether a text may be a key: it has letters and digits, and at least so many bits per byte.
pub(crate) fn looks_random(text: &[u8], bits: f64) -> bool {
    text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic) && bits_per_byte(text) >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_carries_nothing_and_variety_much() {
        assert!(bits_per_byte(b"").abs() < 1e-9);
        assert!(bits_per_byte(b"xxxxxxxx").abs() < 1e-9);
        assert!((bits_per_byte(b"0123456789abcdef") - 4.0).abs() < 1e-9);
    }

    #[test]
    fn a_key_is_told_from_words_and_placeholders() {
        assert!(looks_random(b"q7Zp2Lk9Vx4Rb8Nw", 3.5));
        for other in ["get_token_from_request", "password00000000", "1234567890123456", "aaaaaaaaaaaaaaa1"] {
            assert!(!looks_random(other.as_bytes(), 3.5), "{other}");
        }
    }
}
