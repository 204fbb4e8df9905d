//! Look-ahead at a fixed place asks a second question about the same text: `/usr/(?!lib).*\.py` is what begins with a
//! match of `/usr/.*\.py` and with none of `/usr/lib`. Each of these takes linear time.

use crate::syntax::Node;

/// Questions about one text that are not worth asking one by one.
const LIMIT: usize = 8;

/// One of the conditions that a pattern consists of: texts begin with a match of it, or must not.
pub(crate) struct Condition {
    pub(crate) node: Node,
    pub(crate) is_negated: bool,
}

/// Conditions that hold together where the pattern, which refers to no group, matches; the first is not negated. Look-ahead
/// stays where it stands behind something whose length is not fixed.
pub(crate) fn conditions(pattern: &Node) -> Vec<Condition> {
    let Node::Concat(nodes) = pattern else { return Vec::new() };
    let mut before = Vec::new();
    let mut is_fixed = true;
    let mut looks = Vec::new();
    for node in nodes {
        match node {
            Node::Look { is_behind: false, is_negated, node } if is_fixed && looks.len() < LIMIT => {
                let mut nodes = before.clone();
                nodes.push(node.as_ref().clone());
                looks.push(Condition { node: Node::Concat(nodes), is_negated: *is_negated });
            }
            other => {
                let (least, most) = other.width(&[]);
                is_fixed &= least == most;
                before.push(other.clone());
            }
        }
    }
    let rest = Condition { node: Node::Concat(before), is_negated: false };
    std::iter::once(rest).chain(looks).collect()
}
