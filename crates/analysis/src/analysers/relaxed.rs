//! What a pattern needs at the least, as a pattern that is cheap to search many lines for at once.

use fancy_regex::{AstNode, Expr};

/// How far repetitions are counted.
const COUNTED: usize = 3;

/// A pattern that matches somewhere in every text in which `pattern` matches, without look-around, references or
/// anchors, so that the linear engine takes it. `None` where the pattern has more than can be relaxed so.
pub(crate) fn relaxed(pattern: &str) -> Option<String> {
    let tree = Expr::parse_tree(pattern).ok()?;
    let mut text = String::new();
    relax(&tree.expr)?.to_str(&mut text, 0);
    Some(text)
}

fn relax(expression: &Expr) -> Option<Expr> {
    let all = |children: &[Expr]| children.iter().map(relax).collect::<Option<Vec<_>>>();
    Some(match expression {
        // Conditions on what is around can only take matches away.
        Expr::Empty | Expr::Assertion(_) | Expr::LookAround(..) => Expr::Empty,
        Expr::Any { .. } | Expr::Literal { .. } | Expr::Delegate { .. } => expression.clone(),
        Expr::Concat(children) => Expr::Concat(without_ends(all(children)?)),
        Expr::Alt(children) => Expr::Alt(all(children)?),
        Expr::Group(child) => relax(child)?,
        Expr::AtomicGroup(child) => relax(child)?,
        Expr::AstNode(AstNode::AstGroup { inner, .. }, _) => relax(inner)?,
        // Counting to 40 takes an automaton forty times as large, and most texts are told by their first few characters.
        Expr::Repeat { child, lo, hi, greedy } => Expr::Repeat {
            child: Box::new(relax(child)?),
            lo: (*lo).min(COUNTED),
            hi: if *hi <= COUNTED { *hi } else { usize::MAX },
            greedy: *greedy,
        },
        _ => return None,
    })
}

/// A search that begins and ends anywhere needs no `.*` at its ends.
fn without_ends(mut children: Vec<Expr>) -> Vec<Expr> {
    let is_anything = |child: &Expr| {
        *child == Expr::Empty
            || matches!(child, Expr::Repeat { child, lo: 0, .. } if matches!(**child, Expr::Any { .. }))
    };
    while children.last().is_some_and(is_anything) {
        children.pop();
    }
    let needed = children.iter().position(|child| !is_anything(child)).unwrap_or(children.len());
    children.drain(..needed);
    children
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_left_out_and_what_must_be_there_stays() {
        let cases = [
            ("(?i).*key( *=+ *).*(?<![A-Z])[A-Z]{20}(?![A-Z]).*", "key = ABCDEFGHIJKLMNOPQRST!"),
            (r"^\Afoo\b$", "foo"),
            ("(?:a|b(c))+?x", "abcx"),
            ("(?>ab|a)c", "abc"),
        ];
        for (pattern, text) in cases {
            let relaxed = relaxed(pattern).unwrap_or_else(|| panic!("{pattern} can be relaxed"));
            let relaxed = regex::Regex::new(&relaxed).expect("the linear engine takes it");
            assert!(relaxed.is_match(&format!("behind\nit {text} before")), "{pattern}: {relaxed}");
            assert!(!relaxed.is_match("something else"), "{pattern}: {relaxed}");
        }
    }

    #[test]
    fn a_reference_cannot_be_relaxed() {
        assert_eq!(relaxed(r"(a+)\1"), None);
    }
}
