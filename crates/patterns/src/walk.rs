//! One automaton for many expressions goes through many texts. Where a text begins like the one before it, the automaton
//! takes up again where the two part: of sorted paths, whose folders repeat, it reads a fraction.

use std::sync::{Mutex, PoisonError};

use regex_automata::{
    Anchored, Input,
    hybrid::{
        LazyStateID,
        dfa::{Cache, DFA},
    },
    nfa::thompson::{NFA, WhichCaptures},
    util::primitives::PatternID,
};
use regex_syntax::hir::Hir;

use crate::{NEST_LIMIT, SIZE_LIMIT, fewest::fewest, text_list::TextList};

/// Bytes of states that are kept from one text, and from one list, to the next.
const CACHE_LIMIT: usize = 4 << 20;
/// Texts that the states of a full cache must have been enough for; else expressions are better tried one by one.
const TEXTS_PER_CACHE: usize = 1_000;

/// Expressions that are looked for at once.
#[derive(Debug)]
pub(crate) struct Walk {
    automaton: DFA,
    /// States that were worked out before; each walk takes one of these and brings it back.
    caches: Mutex<Vec<Cache>>,
}

/// The expressions would take more states than are worth their while.
#[derive(Debug)]
pub(crate) struct GaveUp;

/// The expressions that a text begins with a match of.
#[derive(Debug)]
pub(crate) struct Hits {
    /// Indices of expressions, with the number of bytes that were read when they were found.
    found: Vec<(usize, usize)>,
    is_found: Vec<bool>,
}

impl Walk {
    /// `None` where there are no expressions, or they are too large together.
    pub(crate) fn new(expressions: &[&str]) -> Option<Self> {
        if expressions.is_empty() {
            return None;
        }
        let mut parser = regex_syntax::ParserBuilder::new().nest_limit(NEST_LIMIT).build();
        let parse = |text: &&str| parser.parse(text).ok().map(|hir| fewest(&hir));
        let parsed: Vec<Hir> = expressions.iter().map(parse).collect::<Option<_>>()?;
        let limits = NFA::config().which_captures(WhichCaptures::None).nfa_size_limit(Some(SIZE_LIMIT));
        let nfa = NFA::compiler().configure(limits).build_many_from_hir(&parsed).ok()?;
        // The cache is never cleared behind our back: we hold on to its states.
        let config = DFA::config()
            .match_kind(regex_automata::MatchKind::All)
            .cache_capacity(CACHE_LIMIT)
            .minimum_cache_clear_count(Some(0));
        let automaton = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        Some(Self { automaton, caches: Mutex::default() })
    }

    /// Tells for each text, in order, which expressions it begins with a match of, where it does.
    pub(crate) fn go(&self, texts: &TextList<'_>, hear: impl FnMut(usize, &Hits)) -> Result<(), GaveUp> {
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = caches.pop();
        drop(caches);
        let mut cache = cache.unwrap_or_else(|| self.automaton.create_cache());
        self.go_with(&mut cache, texts, hear)?;
        self.caches.lock().unwrap_or_else(PoisonError::into_inner).push(cache);
        Ok(())
    }

    fn go_with(
        &self,
        cache: &mut Cache,
        texts: &TextList<'_>,
        mut hear: impl FnMut(usize, &Hits),
    ) -> Result<(), GaveUp> {
        let mut steps = Steps { states: Vec::new(), hits: Hits::none(self.automaton.pattern_len()) };
        let mut last_filled = None;
        for (index, continuation) in texts.continuations().enumerate() {
            if steps.read(&self.automaton, cache, continuation.shared, continuation.tail.as_bytes()).is_err() {
                if last_filled.is_some_and(|last| index - last < TEXTS_PER_CACHE) {
                    return Err(GaveUp);
                }
                last_filled = Some(index);
                cache.reset(&self.automaton);
                steps.states.clear();
                steps.read(&self.automaton, cache, 0, texts.text(index).as_bytes()).map_err(|CacheFull| GaveUp)?;
            }
            if !steps.hits.found.is_empty() {
                hear(index, &steps.hits);
            }
        }
        Ok(())
    }
}

/// How far a text has been read.
struct Steps {
    /// The state before the first byte and after each; shorter than the text where nothing more can be found.
    states: Vec<LazyStateID>,
    hits: Hits,
}

struct CacheFull;

impl Steps {
    /// Goes on from what the text shares with the one before it, to its end.
    fn read(&mut self, automaton: &DFA, cache: &mut Cache, shared: usize, tail: &[u8]) -> Result<(), CacheFull> {
        self.states.truncate(shared + 1);
        self.hits.truncate(shared);
        let mut state = if let Some(state) = self.states.last() {
            *state
        } else {
            let start = automaton.start_state_forward(cache, &Input::new("").anchored(Anchored::Yes));
            let start = start.map_err(|_| CacheFull)?;
            self.states.push(start);
            start
        };
        if self.states.len() <= shared {
            return Ok(());
        }
        for byte in tail {
            if state.is_dead() {
                return Ok(());
            }
            state = automaton.next_state(cache, state, *byte).map_err(|_| CacheFull)?;
            self.states.push(state);
            if state.is_match() {
                self.hits.add(automaton, cache, state, self.states.len() - 1);
            }
        }
        let end = automaton.next_eoi_state(cache, state).map_err(|_| CacheFull)?;
        if end.is_match() {
            self.hits.add(automaton, cache, end, self.states.len());
        }
        Ok(())
    }
}

impl Hits {
    fn none(expressions: usize) -> Self {
        Self { found: Vec::new(), is_found: vec![false; expressions] }
    }

    /// Indices of the expressions that were found, each once.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = usize> {
        self.found.iter().map(|(_, expression)| *expression)
    }

    pub(crate) fn has(&self, expression: usize) -> bool {
        self.is_found[expression]
    }

    fn add(&mut self, automaton: &DFA, cache: &Cache, state: LazyStateID, bytes: usize) {
        for index in 0..automaton.match_len(cache, state) {
            let expression = PatternID::as_usize(&automaton.match_pattern(cache, state, index));
            if !self.is_found[expression] {
                self.is_found[expression] = true;
                self.found.push((bytes, expression));
            }
        }
    }

    /// Forgets what was found after that many bytes.
    fn truncate(&mut self, bytes: usize) {
        while let Some((_, expression)) = self.found.pop_if(|(found, _)| *found > bytes) {
            self.is_found[expression] = false;
        }
    }
}
