//! The instructions an image was built with (`spec/policy.md` §4.0, §4.2).

use windlass_sbom::{Sbom, Source, dockerfile};

use crate::{Profile, pytext};

/// A Dockerfile, given by the image's author or told from its history.
#[derive(Debug, Default)]
pub(crate) struct Dockerfile {
    /// Whether its author gave it.
    pub(crate) is_actual: bool,
    pub(crate) instructions: Vec<Instruction>,
}

/// One instruction on one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// In upper case; any word that a line begins with.
    pub(crate) name: String,
    /// As written, the word included.
    pub(crate) line: String,
}

impl Dockerfile {
    /// What is known of an artifact; no instruction where it is no image and nobody gave a Dockerfile.
    pub(crate) fn of(sbom: &Sbom, profile: Profile) -> Self {
        let tell = match profile {
            Profile::Compat => dockerfile::guessed,
            Profile::Native => dockerfile::normalised,
        };
        let guessed = || match &sbom.source {
            Source::Image(image) => tell(image),
            Source::Directory { .. } | Source::Other { .. } => None,
        };
        let given = sbom.inspection.dockerfile.clone();
        let is_actual = given.is_some();
        let text = given.or_else(guessed).unwrap_or_default();
        let instructions = match profile {
            Profile::Compat => as_the_original_reads(&text),
            Profile::Native => as_docker_reads(&text),
        };
        Self { is_actual, instructions }
    }

    /// The instructions of that name, in order.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = &Instruction> {
        self.instructions.iter().filter(move |instruction| instruction.name == name)
    }
}

impl Instruction {
    /// What follows the word.
    pub(crate) fn operand(&self) -> &str {
        self.line.split_once(' ').map_or("", |(_, operand)| pytext::trim(operand))
    }
}

/// A line is an instruction, whatever it ends with; only those that hold `\$` are glued to the next.
fn as_the_original_reads(text: &str) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut pending = String::new();
    for line in statements(text).map(pytext::trim) {
        if line.contains(r"\$") {
            pending.push_str(&line.replace(r"\$", ""));
            continue;
        }
        let line = std::mem::take(&mut pending) + line;
        let name = line.split(' ').next().unwrap_or_default().to_uppercase();
        instructions.push(Instruction { name, line });
    }
    instructions
}

/// A backslash at the end of a line continues it; the break and indentation become one blank.
fn as_docker_reads(text: &str) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut pending = String::new();
    for line in statements(text) {
        let (part, is_continued) = match line.trim_end().strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line.trim_end(), false),
        };
        if part.starts_with(char::is_whitespace) && !pending.ends_with(' ') {
            pending.push(' ');
        }
        pending.push_str(part.trim());
        if !is_continued {
            instructions.extend(instruction(&std::mem::take(&mut pending)));
        } else if part.ends_with(char::is_whitespace) && !pending.ends_with(' ') {
            pending.push(' ');
        }
    }
    instructions.extend(instruction(&pending));
    instructions
}

fn instruction(statement: &str) -> Option<Instruction> {
    let statement = statement.trim();
    let (word, operand) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    let line = if operand.is_empty() { word.to_owned() } else { format!("{word} {}", operand.trim_start()) };
    (!word.is_empty()).then(|| Instruction { name: word.to_uppercase(), line })
}

/// Lines that are neither blank nor comments, which may stand inside an instruction as well.
fn statements(text: &str) -> impl Iterator<Item = &str> {
    pytext::lines(text).filter(|line| {
        let line = pytext::trim(line);
        !line.is_empty() && !line.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use windlass_sbom::ImageSource;

    use super::*;

    fn lines(instructions: &[Instruction]) -> Vec<(&str, &str)> {
        instructions.iter().map(|instruction| (instruction.name.as_str(), instruction.line.as_str())).collect()
    }

    const CONTINUED: &str = "# syntax\n\nfrom  debian\nRUN apt-get \\\n  # why\n\n  install \\\n  curl\nRUN ab\\\ncd\nUSER\tapp\nRUN last \\";

    #[test]
    fn the_original_takes_each_line_for_an_instruction() {
        assert_eq!(
            lines(&as_the_original_reads(CONTINUED)),
            [
                ("FROM", "from  debian"),
                ("RUN", r"RUN apt-get \"),
                ("INSTALL", r"install \"),
                ("CURL", "curl"),
                ("RUN", r"RUN ab\"),
                ("CD", "cd"),
                ("USER\tAPP", "USER\tapp"),
                ("RUN", r"RUN last \"),
            ]
        );
    }

    #[test]
    fn the_original_glues_lines_with_an_escaped_dollar_to_the_next_and_loses_a_last_one() {
        let text = "RUN echo \\$HOME\nEXPOSE 80\nRUN a\\$b\\$";
        assert_eq!(lines(&as_the_original_reads(text)), [("RUN", "RUN echo HOMEEXPOSE 80")]);
    }

    #[test]
    fn docker_joins_continued_lines() {
        assert_eq!(
            lines(&as_docker_reads(CONTINUED)),
            [
                ("FROM", "from debian"),
                ("RUN", "RUN apt-get install curl"),
                ("RUN", "RUN abcd"),
                ("USER", "USER app"),
                ("RUN", "RUN last"),
            ]
        );
        assert_eq!(
            lines(&as_docker_reads("RUN echo \\$HOME\nEXPOSE 80\n\\\n")),
            [("RUN", "RUN echo \\$HOME"), ("EXPOSE", "EXPOSE 80")]
        );
    }

    #[test]
    fn what_the_author_gave_comes_before_the_history() {
        let config = br#"{"history":[{"created_by":"EXPOSE map[80/tcp:{}]"}]}"#.to_vec();
        let source = Source::Image(Box::new(ImageSource { config, ..ImageSource::default() }));
        let mut sbom = Sbom { source, ..Sbom::default() };
        let told = |sbom: &Sbom, profile| {
            let dockerfile = Dockerfile::of(sbom, profile);
            let lines: Vec<String> = dockerfile.instructions.into_iter().map(|instruction| instruction.line).collect();
            (dockerfile.is_actual, lines.join("; "))
        };
        assert_eq!(told(&sbom, Profile::Compat), (false, "FROM scratch; RUN EXPOSE map[80/tcp:{}]".into()));
        assert_eq!(told(&sbom, Profile::Native), (false, "FROM scratch; EXPOSE 80/tcp".into()));
        sbom.inspection.dockerfile = Some("FROM debian".into());
        assert_eq!(told(&sbom, Profile::Native), (true, "FROM debian".into()));
        assert_eq!(told(&Sbom::default(), Profile::Compat), (false, String::new()));
    }
}
