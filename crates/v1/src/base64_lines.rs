//! Base64 as Python's `base64.encodebytes` writes it, in which clients of the original get documents.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Lines of 76 characters, each with a newline, the last one too; nothing for no bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const LINE_BYTES: usize = 57;
    let mut text = String::with_capacity(bytes.len() / LINE_BYTES * 77 + 77);
    for line in bytes.chunks(LINE_BYTES) {
        STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_holds_57_bytes_and_every_line_ends() {
        assert_eq!(encode(b""), "");
        assert_eq!(encode(b"ab"), "YWI=\n");
        let lines = |length| encode(&vec![0; length]).split('\n').map(str::len).collect::<Vec<_>>();
        assert_eq!(lines(57), [76, 0]);
        assert_eq!(lines(58), [76, 4, 0]);
    }

    proptest! {
        #[test]
        fn what_is_wrapped_reads_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let text: String = encode(&bytes).split('\n').collect();
            prop_assert_eq!(STANDARD.decode(text).unwrap(), bytes);
        }
    }
}
