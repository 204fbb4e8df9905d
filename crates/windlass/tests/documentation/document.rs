//! What a Markdown document shows: blocks of code, words of code, links.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

#[derive(Default)]
pub(crate) struct Document {
    pub(crate) blocks: Vec<Block>,
    pub(crate) code_spans: Vec<String>,
    pub(crate) links: Vec<String>,
}

/// A block of code and what the info string behind its fence asks for.
pub(crate) struct Block {
    /// Of the fence, from 1.
    pub(crate) line: usize,
    pub(crate) language: Language,
    pub(crate) text: String,
    /// `parse-only`: needs a network, a daemon or a build, so that its commands are read but not done.
    pub(crate) parse_only: bool,
    /// `exit=N`: how the script ends, 0 if nothing is said.
    pub(crate) exit: i32,
    /// `file=NAME`: written there, for the blocks that follow.
    pub(crate) file: Option<String>,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Language {
    /// A script that ends well.
    Shell,
    /// Commands after `$ ` with what they print below them; a line of `...`, or `...` at a line's end, stands for
    /// anything.
    Console,
    Json,
    /// Not for a machine.
    Text,
    Other(String),
}

/// A command of a console block.
pub(crate) struct Step {
    pub(crate) command: String,
    pub(crate) exit: i32,
    pub(crate) output: Vec<String>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut open: Option<Block> = None;
        for (event, range) in Parser::new(text).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let line = text[..range.start].lines().count() + 1;
                    let info = match &kind {
                        CodeBlockKind::Fenced(info) => info.as_ref(),
                        CodeBlockKind::Indented => "",
                    };
                    open = Some(Block::new(line, info));
                }
                Event::Text(part) => {
                    if let Some(block) = &mut open {
                        block.text.push_str(&part);
                    }
                }
                Event::End(TagEnd::CodeBlock) => document.blocks.extend(open.take()),
                Event::Code(code) => document.code_spans.push(code.into_string()),
                Event::Start(Tag::Link { dest_url, .. }) => document.links.push(dest_url.into_string()),
                _ => {}
            }
        }
        document
    }
}

impl Block {
    fn new(line: usize, info: &str) -> Self {
        let mut words = info.split_whitespace();
        let language = match words.next() {
            Some("sh") => Language::Shell,
            Some("console") => Language::Console,
            Some("json") => Language::Json,
            Some("text") => Language::Text,
            Some(other) => Language::Other(other.to_owned()),
            None => Language::Other("no info string".to_owned()),
        };
        let mut block = Self { line, language, text: String::new(), parse_only: false, exit: 0, file: None };
        for word in words {
            match word.split_once('=') {
                None if word == "parse-only" => block.parse_only = true,
                Some(("exit", code)) if code.parse::<i32>().is_ok() => block.exit = code.parse().expect("it parses"),
                Some(("file", name)) => block.file = Some(name.to_owned()),
                _ => block.language = Language::Other(info.to_owned()),
            }
        }
        block
    }

    /// The commands of a console block; one that does not end with 0 says so behind it: `# exits with 1`.
    pub(crate) fn session(&self) -> Result<Vec<Step>, String> {
        let mut steps: Vec<Step> = Vec::new();
        for line in self.text.lines() {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    let code = command.split_once("# exits with ").map_or(Ok(0), |(_, code)| code.trim().parse());
                    let exit = code.map_err(|_| format!("{line:?} ends with no exit code"))?;
                    steps.push(Step { command: command.to_owned(), exit, output: Vec::new() });
                }
                (None, Some(step)) => step.output.push(line.to_owned()),
                (None, None) => return Err(format!("a console block begins with `$ `, not with {line:?}")),
            }
        }
        Ok(steps)
    }
}

/// Whether `printed` is what `shown` says, anything standing where that has `...`.
pub(crate) fn agrees(shown: &[String], printed: &str) -> bool {
    fn rest_agrees(shown: &[String], printed: &[&str]) -> bool {
        match (shown.split_first(), printed.split_first()) {
            (None, None) => true,
            (Some((any, rest)), _) if any == "..." => {
                (0..=printed.len()).any(|skipped| rest_agrees(rest, &printed[skipped..]))
            }
            (Some((line, shown)), Some((first, printed))) => {
                let same = match line.strip_suffix("...") {
                    Some(beginning) => first.starts_with(beginning),
                    None => line.trim_end() == first.trim_end(),
                };
                same && rest_agrees(shown, printed)
            }
            _ => false,
        }
    }
    rest_agrees(shown, &printed.lines().collect::<Vec<_>>())
}

/// The long options in a piece of text.
pub(crate) fn options(text: &str) -> impl Iterator<Item = &str> {
    let part_of_option = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(move |c: char| !part_of_option(c)).filter(|word| word.len() > 2 && word.starts_with("--"))
}
