//! Variables of the environment. One that is empty says nothing.

use std::{collections::BTreeMap, ffi::OsString};

use crate::diagnostics::Hinted;

/// Ours, and those of Anchore Engine and its client. What others hold is not looked at.
const PREFIXES: [&str; 2] = ["WINDLASS_", "ANCHORE_"];

/// Every variable of ours and of the original that says something.
///
/// # Errors
/// One that is no text: left out, it would be taken for one that is not set.
pub(crate) fn variables() -> anyhow::Result<BTreeMap<String, String>> {
    texts(std::env::vars_os())
}

fn texts(variables: impl Iterator<Item = (OsString, OsString)>) -> anyhow::Result<BTreeMap<String, String>> {
    let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
    let is_read = |(name, value): &(String, OsString)| {
        !value.is_empty() && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let text = |(name, value): (String, OsString)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Hinted::error(format!("{name} is no text in UTF-8"), format!("set {name} anew, or unset it"))),
    };
    variables.filter_map(named).filter(is_read).map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn what_is_empty_says_nothing_and_what_is_no_text_matters_only_where_it_would_be_read() {
        let bad = || OsString::from_vec(b"caf\xe9".to_vec());
        let some = [
            ("WINDLASS_URL".into(), "http://a".into()),
            ("WINDLASS_DB".into(), "".into()),
            ("HOME".into(), "/root".into()),
            ("SOMETHING".into(), bad()),
            (bad(), bad()),
        ];
        let read = texts(some.into_iter()).expect("what is read is text");
        assert_eq!(read, BTreeMap::from([("WINDLASS_URL".to_owned(), "http://a".to_owned())]));
        let error = texts([("WINDLASS_URL".into(), bad())].into_iter()).expect_err("it would be missed");
        assert_eq!(error.to_string(), "WINDLASS_URL is no text in UTF-8");
    }
}
