//! What a rule asks for, and what an image gets.

/// From worst to best, so that the smallest of several decides (`spec/policy.md` §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Stop,
    Warn,
    Go,
}

impl Action {
    /// Reads `STOP`, `WARN` or `GO` in any case.
    pub fn parse(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "stop" => Some(Self::Stop),
            "warn" => Some(Self::Warn),
            "go" => Some(Self::Go),
            _ => None,
        }
    }

    /// `stop`, `warn`, `go`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Warn => "warn",
            Self::Go => "go",
        }
    }

    /// `pass` for anything but a stop.
    pub fn status(self) -> &'static str {
        if self == Self::Stop { "fail" } else { "pass" }
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
