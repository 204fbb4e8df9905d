//! What the linear-time engine runs.

use regex_automata::{meta, nfa::thompson::WhichCaptures};

use crate::{NEST_LIMIT, SIZE_LIMIT, search};

/// An expression that texts begin with a match of, or must not.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    is_negated: bool,
    matching: Box<regex::Regex>,
    /// Finds what `matching` matches, and sooner; in texts of several lines it may find more.
    searching: Option<Box<meta::Regex>>,
}

impl Linear {
    pub(crate) fn new(expression: &str, is_negated: bool) -> Result<Self, String> {
        let matching = compiled(expression).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern is too large once compiled".into(),
            error => error.to_string(),
        })?;
        let searched = regex_syntax::parse(expression).ok().as_ref().and_then(search::instead_of);
        // Printed, an expression may come to mean another: a repetition of a repetition loses its parentheses.
        let limits = meta::Config::new().nfa_size_limit(Some(SIZE_LIMIT)).which_captures(WhichCaptures::None);
        let searching = searched.and_then(|hir| meta::Builder::new().configure(limits).build_from_hir(&hir).ok());
        Ok(Self { is_negated, matching, searching: searching.map(Box::new) })
    }

    pub(crate) fn expression(&self) -> &str {
        self.matching.as_str()
    }

    pub(crate) fn is_negated(&self) -> bool {
        self.is_negated
    }

    pub(crate) fn holds(&self, text: &str) -> bool {
        self.is_match(text) != self.is_negated
    }

    fn is_match(&self, text: &str) -> bool {
        match &self.searching {
            None => self.matching.is_match(text),
            // What is not found anywhere does not match either; what is found may be found on a later line.
            Some(searching) => searching.is_match(text) && (!text.contains('\n') || self.matching.is_match(text)),
        }
    }
}

fn compiled(expression: &str) -> Result<Box<regex::Regex>, regex::Error> {
    regex::RegexBuilder::new(expression).size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT).build().map(Box::new)
}
