//! A pattern as Python's parser steps through it: characters, and backslashes with what follows.

/// What is wrong and where, in the words of Python's `re.error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError(pub(crate) String);

/// A character, or a backslash with the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Plain(char),
    Escaped(char),
}

impl Token {
    fn length(self) -> usize {
        match self {
            Self::Plain(_) => 1,
            Self::Escaped(_) => 2,
        }
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(c) => write!(f, "{c}"),
            Self::Escaped(c) => write!(f, "\\{c}"),
        }
    }
}

pub(crate) struct Tokens {
    characters: Vec<char>,
    /// Behind `next`.
    index: usize,
    next: Option<Token>,
}

impl Tokens {
    pub(crate) fn new(pattern: &str) -> Result<Self, SyntaxError> {
        let mut tokens = Self { characters: pattern.chars().collect(), index: 0, next: None };
        tokens.advance()?;
        Ok(tokens)
    }

    pub(crate) fn next(&self) -> Option<Token> {
        self.next
    }

    /// The next character where it is a plain one.
    pub(crate) fn next_plain(&self) -> Option<char> {
        match self.next {
            Some(Token::Plain(c)) => Some(c),
            _ => None,
        }
    }

    /// The place of the next token, counted in characters.
    pub(crate) fn position(&self) -> usize {
        self.index - self.next.map_or(0, Token::length)
    }

    pub(crate) fn seek(&mut self, position: usize) -> Result<(), SyntaxError> {
        self.index = position;
        self.advance()
    }

    pub(crate) fn take(&mut self) -> Result<Option<Token>, SyntaxError> {
        let token = self.next;
        self.advance()?;
        Ok(token)
    }

    pub(crate) fn take_if(&mut self, wanted: char) -> Result<bool, SyntaxError> {
        let is_next = self.next_plain() == Some(wanted);
        if is_next {
            self.advance()?;
        }
        Ok(is_next)
    }

    /// At most `most` characters that pass the test.
    pub(crate) fn take_while(&mut self, most: usize, test: fn(char) -> bool) -> Result<String, SyntaxError> {
        let mut taken = String::new();
        while taken.len() < most
            && let Some(c) = self.next_plain().filter(|c| test(*c))
        {
            taken.push(c);
            self.advance()?;
        }
        Ok(taken)
    }

    /// What stands before the terminator, which is taken, too.
    pub(crate) fn take_until(&mut self, terminator: char, what: &str) -> Result<String, SyntaxError> {
        let mut taken = String::new();
        loop {
            match self.take()? {
                None if taken.is_empty() => return Err(self.error(&format!("missing {what}"), 0)),
                None => {
                    let length = taken.chars().count();
                    return Err(self.error(&format!("missing {terminator}, unterminated name"), length));
                }
                Some(Token::Plain(c)) if c == terminator => break,
                Some(token) => taken += &token.to_string(),
            }
        }
        if taken.is_empty() { Err(self.error(&format!("missing {what}"), 1)) } else { Ok(taken) }
    }

    /// An error that many characters before the next token.
    pub(crate) fn error(&self, message: &str, before: usize) -> SyntaxError {
        error_at(message, self.position().saturating_sub(before))
    }

    fn advance(&mut self) -> Result<(), SyntaxError> {
        self.next = match self.characters.get(self.index) {
            None => None,
            Some('\\') => match self.characters.get(self.index + 1) {
                Some(&c) => Some(Token::Escaped(c)),
                None => return Err(error_at("bad escape (end of pattern)", self.index)),
            },
            Some(&c) => Some(Token::Plain(c)),
        };
        self.index += self.next.map_or(0, Token::length);
        Ok(())
    }
}

pub(crate) fn error_at(message: &str, position: usize) -> SyntaxError {
    SyntaxError(format!("{message} at position {position}"))
}
