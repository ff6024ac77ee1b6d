//! Tells whether two texts say the same.

use yaml_parser::SyntaxKind;

use crate::source::tree::{Node, NodeValue};

/// Tells whether the documents hold the same values in the same order, wherever they stand.
pub(super) fn documents(left: &[Node], right: &[Node]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| same(left, right))
}

fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (NodeValue::List(left), NodeValue::List(right)) => documents(left, right),
        (NodeValue::Map(left), NodeValue::Map(right)) => {
            let pairs = || left.iter().zip(right);
            left.len() == right.len()
                && pairs().all(|((l, left), (r, right))| l.name == r.name && same(left, right))
        }
        (left, right) => left == right,
    }
}

/// All comments in their order; None when the text is not understood.
pub(super) fn comments(text: &str) -> Option<Vec<String>> {
    let tree = yaml_parser::parse(text).ok()?;
    let tokens = tree.descendants_with_tokens();
    let comment = |token: yaml_parser::SyntaxToken| {
        (token.kind() == SyntaxKind::COMMENT).then(|| token.text().trim_end().to_owned())
    };
    Some(
        tokens
            .filter_map(|found| found.into_token())
            .filter_map(comment)
            .collect(),
    )
}
