//! The nodes below a node.

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// The nodes right below a node, in the order of the text as far as it is known.
pub(in crate::condition) fn parts(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Select(select) => vec![&select.operand],
        Expr::Call(call) => {
            let target = call.target.as_deref().into_iter();
            target.chain(&call.args).collect()
        }
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map
            .entries
            .iter()
            .flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                EntryExpr::StructField(_) => Vec::new(),
            })
            .collect(),
        Expr::Ident(_)
        | Expr::Literal(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => Vec::new(),
    }
}
