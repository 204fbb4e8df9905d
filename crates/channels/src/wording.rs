//! Text from outside, and how each channel is kept from taking it for markup.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Characters of one text that are shown: names and messages are shorter, but what they come from is foreign.
const MOST_CHARACTERS: usize = 400;

/// Keeps a text to one line that shows what it holds: no control characters, none that turn the direction of writing or
/// have no width, and not endless.
pub(crate) fn clean(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c });
    clip(&visible.take(MOST_CHARACTERS + 1).collect::<String>(), MOST_CHARACTERS)
}

/// The text if it has no more than so many characters, else its beginning and an ellipsis: no more than so many either.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Stands for a text where the text itself is nobody's business: 32 hexadecimal digits.
pub(crate) fn fingerprint(text: &str) -> String {
    let half = Sha256::digest(text).iter().take(16).fold(0, |number: u128, byte| (number << 8) | u128::from(*byte));
    format!("{half:032x}")
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The order of severities; the worst is the highest.
pub(crate) fn severity_rank(severity: &str) -> u8 {
    const WORDS: [&str; 5] = ["Negligible", "Low", "Medium", "High", "Critical"];
    WORDS.iter().position(|word| *word == severity).map_or(0, |place| place as u8 + 1)
}

/// How a channel writes what is not plain, and what it takes for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// Nothing is markup.
    Plain,
    Html,
    /// Slack's mrkdwn.
    Slack,
    /// CommonMark, as GitHub, Mattermost and Discord read it.
    Markdown,
    /// The little of it that Adaptive Cards know.
    Card,
    /// Jira's wiki markup.
    Jira,
    /// The inside of JSON's values; written by the template engine.
    Json,
}

/// Of no width and no meaning: keeps the characters around it from being read together.
const GAP: char = '\u{200b}';

impl Markup {
    /// The name that the template engine knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Html => "html",
            Self::Slack => "slack",
            Self::Markdown => "markdown",
            Self::Card => "card",
            Self::Jira => "jira",
            Self::Json => "json",
        }
    }

    /// The text so that the channel shows it as it is: nothing in it is bold, a link, a picture or a mention of anybody.
    pub(crate) fn escape(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 8);
        let mut before = ' ';
        for c in text.chars() {
            match self {
                Self::Plain | Self::Json => out.push(c),
                Self::Html => match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '"' => out.push_str("&quot;"),
                    '\'' => out.push_str("&#39;"),
                    _ => out.push(c),
                },
                Self::Slack => match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    // There is no way to escape these; parted from what they mark, they mark nothing.
                    '*' | '~' | '`' => out.extend([GAP, c, GAP]),
                    '_' if !before.is_alphanumeric() => out.extend([GAP, c, GAP]),
                    _ => out.push(c),
                },
                Self::Markdown => match c {
                    // Mentions and references are looked for after backslashes are gone.
                    '@' | '#' => out.extend([c, GAP]),
                    // So are addresses.
                    '/' if before == ':' => out.extend([GAP, c]),
                    '.' if before.eq_ignore_ascii_case(&'w') => out.extend(['.', GAP]),
                    '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '<' | '>' | '~' | '&'
                    | '$' | '^' | '=' => out.extend(['\\', c]),
                    '-' | '+' if out.is_empty() => out.extend(['\\', c]),
                    '.' if before.is_ascii_digit() && out.chars().all(|c| c.is_ascii_digit()) => out.extend(['\\', c]),
                    _ => out.push(c),
                },
                Self::Card => match c {
                    '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' => out.extend(['\\', c]),
                    '-' | '+' | '>' if out.is_empty() => out.extend(['\\', c]),
                    _ => out.push(c),
                },
                Self::Jira => match c {
                    // A backslash before a backslash is a line break.
                    '\\' => out.push_str("&#92;"),
                    '*' | '_' | '^' | '~' | '?' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '!' | '#' => {
                        out.extend(['\\', c]);
                    }
                    '-' | '+' if !before.is_alphanumeric() => out.extend(['\\', c]),
                    '/' if before == ':' => out.extend([GAP, c]),
                    _ => out.push(c),
                },
            }
            before = c;
        }
        out
    }

    /// Markup in bold.
    pub(crate) fn bold(self, marked: &str) -> String {
        match self {
            Self::Plain | Self::Json => marked.to_owned(),
            Self::Html => format!("<strong>{marked}</strong>"),
            Self::Slack | Self::Jira => format!("*{marked}*"),
            Self::Markdown | Self::Card => format!("**{marked}**"),
        }
    }

    /// A text that is a name or a version.
    pub(crate) fn code(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Json => text.to_owned(),
            Self::Html => format!("<code>{}</code>", self.escape(text)),
            // Inside of code only its end is markup.
            Self::Slack => {
                let entities = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                format!("`{}`", entities.replace('`', "'"))
            }
            // What marks an issue as ours is a comment of HTML, and is looked for in code, too.
            Self::Markdown => format!("`{}`", text.replace('`', "'").replace("<!--", "<!\u{200b}--")),
            Self::Card => self.escape(text),
            Self::Jira => format!("{{{{{}}}}}", self.escape(text)),
        }
    }

    /// A link with markup as its text; the text alone where the address is none of the web.
    pub(crate) fn link(self, marked: &str, address: &str) -> String {
        let Some(address) = url::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return marked.to_owned();
        };
        // What ends a link is percent-encoded: the address leads to the same place.
        let mut to = String::with_capacity(address.as_str().len());
        for c in address.as_str().chars() {
            match c {
                '|' | '(' | ')' | '[' | ']' | '<' | '>' | '"' | '\'' | '`' | '\\' | '{' | '}' | '*' | '!' | '^'
                | ' ' => {
                    let _ = write!(to, "%{:02X}", u32::from(c));
                }
                _ => to.push(c),
            }
        }
        match self {
            Self::Plain | Self::Json if marked == to => to,
            Self::Plain | Self::Json => format!("{marked} ({to})"),
            Self::Html => format!("<a href=\"{}\">{marked}</a>", self.escape(&to)),
            Self::Slack => format!("<{}|{marked}>", to.replace('&', "&amp;")),
            Self::Markdown | Self::Card => format!("[{marked}]({to})"),
            Self::Jira => format!("[{marked}|{to}]"),
        }
    }
}
