//! Reads Python's syntax of regular expressions (the `re` module, Python 3.11; where it became stricter than 3.8, for
//! which most policies were written, as 3.8).

use std::collections::{BTreeMap, HashMap};

use crate::{
    escapes::{self, Escape},
    flags::{self, Flags, Inline},
    syntax::{Class, Mode, Node, Width},
    tokens::{SyntaxError, Token, Tokens, error_at},
};

/// A pattern that was understood.
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// Whether it refers to what groups matched.
    pub(crate) has_references: bool,
    /// Whether it asks for boundaries of words.
    pub(crate) has_boundaries: bool,
}

/// Groups inside groups that are followed; what is deeper is no pattern that a person wrote.
const DEPTH_LIMIT: usize = 60;
/// Python's limit of repetitions.
const REPEAT_LIMIT: u32 = u32::MAX;

/// Reads a pattern.
pub(crate) fn parse(pattern: &str) -> Result<Parsed, SyntaxError> {
    let mut flags = Flags::default();
    loop {
        let mut parser = Parser::new(pattern, flags)?;
        let node = parser.alternation(flags, 0);
        // Flags for the whole pattern may stand anywhere in it, and change what was read before.
        if parser.global != flags {
            flags = parser.global;
            continue;
        }
        let node = node?;
        if flags.ascii && flags.unicode {
            return Err(SyntaxError("ASCII and UNICODE flags are incompatible".into()));
        }
        if parser.tokens.next().is_some() {
            return Err(parser.tokens.error("unbalanced parenthesis", 0));
        }
        let unknown = parser.conditions.iter().find(|(group, _)| **group > parser.widths.len());
        if let Some((group, position)) = unknown {
            return Err(error_at(&format!("invalid group reference {group}"), *position));
        }
        if parser.has_wide_look_behind {
            return Err(SyntaxError("look-behind requires fixed-width pattern".into()));
        }
        let Parser { has_references, has_boundaries, .. } = parser;
        return Ok(Parsed { node, has_references, has_boundaries });
    }
}

struct Parser {
    tokens: Tokens,
    global: Flags,
    /// Widths of groups from 1 on; `None` while a group is open.
    widths: Vec<Option<Width>>,
    names: HashMap<String, usize>,
    /// Groups that conditions ask for, and where the first did.
    conditions: BTreeMap<usize, usize>,
    /// Number of groups before the outermost look-behind that is being read.
    before_look_behind: Option<usize>,
    has_references: bool,
    has_boundaries: bool,
    has_wide_look_behind: bool,
}

impl Parser {
    fn new(pattern: &str, global: Flags) -> Result<Self, SyntaxError> {
        Ok(Self {
            tokens: Tokens::new(pattern)?,
            global,
            widths: Vec::new(),
            names: HashMap::new(),
            conditions: BTreeMap::new(),
            before_look_behind: None,
            has_references: false,
            has_boundaries: false,
            has_wide_look_behind: false,
        })
    }

    fn alternation(&mut self, flags: Flags, depth: usize) -> Result<Node, SyntaxError> {
        let mut branches = vec![self.sequence(flags, depth)?];
        while self.tokens.take_if('|')? {
            branches.push(self.sequence(flags, depth)?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternation(branches) })
    }

    /// Up to a bar, a closing parenthesis or the end.
    fn sequence(&mut self, flags: Flags, depth: usize) -> Result<Node, SyntaxError> {
        let mut nodes = Vec::new();
        while let Some(token) = self.tokens.next() {
            if matches!(token, Token::Plain('|' | ')')) {
                break;
            }
            self.tokens.take()?;
            let node = match token {
                Token::Escaped(c) => self.escape(c, flags)?,
                Token::Plain(' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c') if flags.verbose => continue,
                Token::Plain('#') if flags.verbose => {
                    while !matches!(self.tokens.take()?, None | Some(Token::Plain('\n'))) {}
                    continue;
                }
                Token::Plain('[') => self.class(flags)?,
                Token::Plain(c @ ('*' | '+' | '?' | '{')) => match self.quantifier(c)? {
                    None => literal('{', flags),
                    Some((min, max, start)) => self.repeat(nodes.pop(), min, max, start)?,
                },
                Token::Plain('.') if flags.dot_all => Node::Class(Class { is_negated: true, ..Class::default() }),
                Token::Plain('.') => {
                    Node::Class(Class { is_negated: true, ranges: vec![('\n', '\n')], ..Class::default() })
                }
                Token::Plain('(') => match self.group(flags, depth + 1)? {
                    None => continue,
                    Some(node) => node,
                },
                Token::Plain('^') => Node::Start { each_line: flags.multi_line },
                Token::Plain('$') => Node::End { each_line: flags.multi_line },
                Token::Plain(c) => literal(c, flags),
            };
            nodes.push(node);
        }
        Ok(Node::Concat(nodes))
    }

    fn escape(&mut self, c: char, flags: Flags) -> Result<Node, SyntaxError> {
        Ok(match escapes::outside_class(&mut self.tokens, c, self.widths.len())? {
            Escape::Character(None) => Node::Class(Class::default()),
            Escape::Character(Some(c)) => literal(c, flags),
            Escape::Category(category) => {
                Node::Class(Class { categories: vec![category], is_ascii: flags.ascii, ..Class::default() })
            }
            Escape::Position(Node::WordBoundary { is_negated, .. }) => {
                self.has_boundaries = true;
                Node::WordBoundary { is_negated, is_ascii: flags.ascii }
            }
            Escape::Position(node) => node,
            Escape::Group(group, length) => self.reference(group, length, flags)?,
        })
    }

    /// A back-reference that was written with that many characters before the next token.
    fn reference(&mut self, group: usize, length: usize, flags: Flags) -> Result<Node, SyntaxError> {
        if self.widths[group - 1].is_none() {
            return Err(self.tokens.error("cannot refer to an open group", length));
        }
        self.check_look_behind(group)?;
        self.has_references = true;
        Ok(Node::Reference { group, ignore_case: flags.ignore_case })
    }

    /// Inside a look-behind only groups before it are known.
    fn check_look_behind(&self, group: usize) -> Result<(), SyntaxError> {
        let Some(before) = self.before_look_behind else { return Ok(()) };
        if self.widths.get(group - 1).copied().flatten().is_none() {
            return Err(self.tokens.error("cannot refer to an open group", 0));
        }
        if group > before {
            return Err(self.tokens.error("cannot refer to group defined in the same lookbehind subpattern", 0));
        }
        Ok(())
    }

    fn class(&mut self, flags: Flags) -> Result<Node, SyntaxError> {
        let start = self.tokens.position() - 1;
        let unterminated = || error_at("unterminated character set", start);
        let is_negated = self.tokens.take_if('^')?;
        let mut class = Class { is_negated, ignore_case: flags.ignore_case, is_ascii: flags.ascii, ..Class::default() };
        let mut is_empty = true;
        loop {
            let low = self.tokens.take()?.ok_or_else(unterminated)?;
            if low == Token::Plain(']') && !is_empty {
                break;
            }
            is_empty = false;
            let first = self.member(low)?;
            if !self.tokens.take_if('-')? {
                add(&mut class, &first, &first);
                continue;
            }
            let high = self.tokens.take()?.ok_or_else(unterminated)?;
            if high == Token::Plain(']') {
                add(&mut class, &first, &first);
                class.ranges.push(('-', '-'));
                break;
            }
            let last = self.member(high)?;
            let is_range = matches!((&first, &last), (Member::Code(low), Member::Code(high)) if low <= high);
            if !is_range {
                let range = format!("{low}-{high}");
                return Err(self.tokens.error(&format!("bad character range {range}"), range.chars().count()));
            }
            add(&mut class, &first, &last);
        }
        Ok(Node::Class(class))
    }

    fn member(&mut self, token: Token) -> Result<Member, SyntaxError> {
        match token {
            Token::Plain(c) => Ok(Member::Code(c as u32)),
            Token::Escaped(c) => escapes::inside_class(&mut self.tokens, c),
        }
    }

    /// Least and most repetitions and where they are written; `None` for a brace that is only a brace.
    fn quantifier(&mut self, c: char) -> Result<Option<(u32, Option<u32>, usize)>, SyntaxError> {
        let behind = self.tokens.position();
        let start = behind - 1;
        match c {
            '?' => return Ok(Some((0, Some(1), start))),
            '*' => return Ok(Some((0, None, start))),
            '+' => return Ok(Some((1, None, start))),
            _ => {}
        }
        if self.tokens.next_plain() == Some('}') {
            return Ok(None);
        }
        let low = self.tokens.take_while(usize::MAX, |c| c.is_ascii_digit())?;
        let high = if self.tokens.take_if(',')? {
            self.tokens.take_while(usize::MAX, |c| c.is_ascii_digit())?
        } else {
            low.clone()
        };
        if !self.tokens.take_if('}')? {
            self.tokens.seek(behind)?;
            return Ok(None);
        }
        let too_large = || SyntaxError("the repetition number is too large".into());
        let number = |digits: &str| match digits {
            "" => Ok(None),
            digits => {
                let number = digits.parse().ok().filter(|number| *number < REPEAT_LIMIT);
                number.map(Some).ok_or_else(too_large)
            }
        };
        let (min, max) = (number(&low)?.unwrap_or(0), number(&high)?);
        if max.is_some_and(|max| max < min) {
            return Err(error_at("min repeat greater than max repeat", behind));
        }
        Ok(Some((min, max, start)))
    }

    fn repeat(&mut self, node: Option<Node>, min: u32, max: Option<u32>, start: usize) -> Result<Node, SyntaxError> {
        let node = match node {
            Some(Node::Repeat { .. }) => return Err(error_at("multiple repeat", start)),
            Some(node) if !node.is_position() => Box::new(node),
            _ => return Err(error_at("nothing to repeat", start)),
        };
        let mode = if self.tokens.take_if('?')? {
            Mode::Lazy
        } else if self.tokens.take_if('+')? {
            Mode::Possessive
        } else {
            Mode::Greedy
        };
        Ok(Node::Repeat { node, min, max, mode })
    }

    /// What an opening parenthesis begins; `None` for comments and flags of the whole pattern.
    fn group(&mut self, flags: Flags, depth: usize) -> Result<Option<Node>, SyntaxError> {
        let start = self.tokens.position() - 1;
        if depth > DEPTH_LIMIT {
            return Err(error_at(&format!("more than {DEPTH_LIMIT} groups inside each other"), start));
        }
        if !self.tokens.take_if('?')? {
            return self.capture(None, flags, depth, start).map(Some);
        }
        let unexpected_end = |tokens: &Tokens| tokens.error("unexpected end of pattern", 0);
        let Some(kind) = self.tokens.take()? else { return Err(unexpected_end(&self.tokens)) };
        match kind {
            Token::Plain('P') if self.tokens.take_if('<')? => {
                let name = self.tokens.take_until('>', "group name")?;
                self.check_name(&name)?;
                self.capture(Some(name), flags, depth, start).map(Some)
            }
            Token::Plain('P') if self.tokens.take_if('=')? => {
                let name = self.tokens.take_until(')', "group name")?;
                self.check_name(&name)?;
                let group = self.named(&name)?;
                self.reference(group, name.chars().count() + 1, flags).map(Some)
            }
            Token::Plain('P') => match self.tokens.take()? {
                None => Err(unexpected_end(&self.tokens)),
                Some(token) => Err(self.unknown_extension(&format!("P{token}"))),
            },
            Token::Plain(':') => {
                let node = Box::new(self.body(flags, depth, start)?);
                Ok(Some(Node::Group { number: None, node }))
            }
            Token::Plain('>') => Ok(Some(Node::Atomic(Box::new(self.body(flags, depth, start)?)))),
            Token::Plain('#') => loop {
                match self.tokens.take()? {
                    None => return Err(error_at("missing ), unterminated comment", start)),
                    Some(Token::Plain(')')) => return Ok(None),
                    Some(_) => {}
                }
            },
            Token::Plain(sign @ ('=' | '!')) => self.look(false, sign == '!', flags, depth, start).map(Some),
            Token::Plain('<') => match self.tokens.take()? {
                None => Err(unexpected_end(&self.tokens)),
                Some(Token::Plain(sign @ ('=' | '!'))) => self.look(true, sign == '!', flags, depth, start).map(Some),
                Some(token) => Err(self.unknown_extension(&format!("<{token}"))),
            },
            Token::Plain('(') => self.conditional(flags, depth, start).map(Some),
            Token::Plain(letter) if letter == '-' || Flags::is_flag(letter) => {
                match flags::parse(&mut self.tokens, letter)? {
                    Inline::Global(added) if self.global == self.global.with(added) => Ok(None),
                    Inline::Global(added) => {
                        // What was a flag so far may turn out to be a comment.
                        let is_first_verbose = added.verbose && !self.global.verbose;
                        let verbose = Flags { verbose: true, ..Flags::default() };
                        self.global = if is_first_verbose { verbose } else { self.global.with(added) };
                        Err(self.tokens.error("the pattern must be read again from the start", 0))
                    }
                    Inline::Scoped(added, removed) => {
                        let node = Box::new(self.body(flags.inside(added, removed), depth, start)?);
                        Ok(Some(Node::Group { number: None, node }))
                    }
                }
            }
            token => Err(self.unknown_extension(&token.to_string())),
        }
    }

    fn unknown_extension(&self, written: &str) -> SyntaxError {
        self.tokens.error(&format!("unknown extension ?{written}"), written.chars().count() + 1)
    }

    /// The content of a group and its closing parenthesis.
    fn body(&mut self, flags: Flags, depth: usize, start: usize) -> Result<Node, SyntaxError> {
        let node = self.alternation(flags, depth)?;
        self.close(start)?;
        Ok(node)
    }

    fn close(&mut self, start: usize) -> Result<(), SyntaxError> {
        if self.tokens.take_if(')')? { Ok(()) } else { Err(error_at("missing ), unterminated subpattern", start)) }
    }

    fn capture(&mut self, name: Option<String>, flags: Flags, depth: usize, start: usize) -> Result<Node, SyntaxError> {
        let number = self.widths.len() + 1;
        if let Some(name) = name {
            if let Some(other) = self.names.get(&name) {
                let message = format!("redefinition of group name '{name}' as group {number}; was group {other}");
                return Err(self.tokens.error(&message, name.chars().count() + 1));
            }
            self.names.insert(name, number);
        }
        self.widths.push(None);
        let node = self.body(flags, depth, start)?;
        self.widths[number - 1] = Some(node.width(&self.widths));
        Ok(Node::Group { number: Some(number), node: Box::new(node) })
    }

    fn look(
        &mut self,
        is_behind: bool,
        is_negated: bool,
        flags: Flags,
        depth: usize,
        start: usize,
    ) -> Result<Node, SyntaxError> {
        let before = self.before_look_behind;
        if is_behind && before.is_none() {
            self.before_look_behind = Some(self.widths.len());
        }
        let node = self.body(flags, depth, start)?;
        self.before_look_behind = before;
        let (least, most) = node.width(&self.widths);
        self.has_wide_look_behind |= is_behind && least != most;
        Ok(Node::Look { is_behind, is_negated, node: Box::new(node) })
    }

    fn conditional(&mut self, flags: Flags, depth: usize, start: usize) -> Result<Node, SyntaxError> {
        let name = self.tokens.take_until(')', "group name")?;
        let length = name.chars().count() + 1;
        let group = if is_identifier(&name) {
            self.named(&name)?
        } else {
            let is_number = name.bytes().all(|b| b.is_ascii_digit());
            let bad_name = || self.tokens.error(&format!("bad character in group name '{name}'"), length);
            match name.parse::<usize>().ok().filter(|_| is_number) {
                None => return Err(bad_name()),
                Some(0) => return Err(self.tokens.error("bad group number", length)),
                Some(group) => group,
            }
        };
        let position = self.tokens.position() - length;
        self.conditions.entry(group).or_insert(position);
        self.check_look_behind(group)?;
        let yes = self.sequence(flags, depth)?;
        let no = if self.tokens.take_if('|')? { self.sequence(flags, depth)? } else { Node::Concat(Vec::new()) };
        if self.tokens.next_plain() == Some('|') {
            return Err(self.tokens.error("conditional backref with more than two branches", 0));
        }
        self.close(start)?;
        self.has_references = true;
        Ok(Node::Conditional { group, yes: Box::new(yes), no: Box::new(no) })
    }

    fn check_name(&self, name: &str) -> Result<(), SyntaxError> {
        if is_identifier(name) {
            return Ok(());
        }
        Err(self.tokens.error(&format!("bad character in group name '{name}'"), name.chars().count() + 1))
    }

    fn named(&self, name: &str) -> Result<usize, SyntaxError> {
        let unknown = || self.tokens.error(&format!("unknown group name '{name}'"), name.chars().count() + 1);
        self.names.get(name).copied().ok_or_else(unknown)
    }
}

/// A member of a class: a code point, perhaps one that no text holds, or a category.
pub(crate) enum Member {
    Code(u32),
    Category(crate::syntax::Category),
}

fn add(class: &mut Class, first: &Member, last: &Member) {
    match (first, last) {
        (Member::Category(category), _) => class.categories.push(*category),
        (Member::Code(low), Member::Code(high)) => {
            // Surrogates are in no text: a range loses them at its ends.
            let low = char::from_u32(*low).unwrap_or('\u{e000}');
            let high = char::from_u32(*high).unwrap_or('\u{d7ff}');
            if low <= high {
                class.ranges.push((low, high));
            }
        }
        (Member::Code(_), Member::Category(_)) => {}
    }
}

fn literal(c: char, flags: Flags) -> Node {
    let Flags { ignore_case, ascii: is_ascii, .. } = flags;
    Node::Class(Class { ranges: vec![(c, c)], ignore_case, is_ascii, ..Class::default() })
}

fn is_identifier(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}
