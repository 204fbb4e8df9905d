//! Answers as tables and lines. Titles, labels and words are those of `anchore-cli`, since scripts look for them.

use std::io::{self, Write};

use windlass_client::Text;
use windlass_sbom::printable;

/// Rows under titles.
pub(crate) struct Table {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(titles: &[&str]) -> Self {
        Self { titles: titles.iter().map(|title| (*title).to_owned()).collect(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// In the order of one column, then of the others.
    pub(crate) fn sorted_by(mut self, column: usize) -> Self {
        self.rows.sort_by(|a, b| a.get(column).cmp(&b.get(column)).then_with(|| a.cmp(b)));
        self
    }

    pub(crate) fn reversed(mut self) -> Self {
        self.rows.reverse();
        self
    }

    /// The lines of a cell become lines of the table; what else is not printable is replaced.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = vec![self.titles.clone()];
        for row in &self.rows {
            let height = row.iter().map(|cell| cell.lines().count()).max().unwrap_or(1).max(1);
            lines.extend((0..height).map(|line| {
                row.iter().map(|cell| printable(cell.lines().nth(line).unwrap_or_default()).into_owned()).collect()
            }));
        }
        windlass_report::columns(&lines, out)
    }
}

/// `Label: value`
pub(crate) fn field(label: &str, value: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{label}: {}", printable(value))
}

/// What is shown of a value: truths as `True` and `False`, nothing as `None`.
pub(crate) fn cell(text: &Text) -> String {
    match text.or("None") {
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        text => text.to_owned(),
    }
}

/// What is shown of a text, whatever it says.
pub(crate) fn none(text: &Text) -> String {
    text.or("None").to_owned()
}

/// The text in lines of at most `width` characters, but for longer words.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_sorted_and_lines_of_cells_are_lines_of_it() {
        let mut table = Table::new(&["Name", "Description"]);
        table.row(["b".to_owned(), wrapped("three words here", 12)]);
        table.row(["a\u{1b}[2J".to_owned(), String::new()]);
        let mut out = Vec::new();
        table.sorted_by(0).write(&mut out).expect("written");
        let text = String::from_utf8(out).expect("a text");
        assert_eq!(text, "Name   Description\na\u{fffd}[2J\nb      three words\n       here\n");
    }

    #[test]
    fn words_are_those_that_scripts_look_for() {
        let of = |document| cell(&serde_json::from_value(document).expect("a text"));
        assert_eq!(of(serde_json::json!(true)), "True");
        assert_eq!(of(serde_json::json!(null)), "None");
        assert_eq!(of(serde_json::json!(12)), "12");
    }
}
