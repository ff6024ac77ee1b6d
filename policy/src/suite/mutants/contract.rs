//! What the contracts of tools settle already, so that some changes of rules change nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{get, text};
use crate::check::fields;
use crate::source::tree::{Node, NodeValue};

/// The registered tools of a policy set, by name.
#[derive(Debug, Default)]
pub(super) struct Contracts(BTreeMap<String, Contract>);

#[derive(Debug)]
struct Contract {
    labels: BTreeSet<String>,
    /// The arguments that no call of the tool leaves out, or gives as null.
    given: BTreeSet<String>,
}

impl Contracts {
    /// Adds the tools that a file registers.
    pub(super) fn add(&mut self, documents: &[Node]) {
        for root in documents {
            if fields::peek(root, "kind") != Some("Tool") {
                continue;
            }
            let Some(name) = text(root.at("/metadata/name")) else {
                continue;
            };
            let input = root.at("/input");
            let given = texts(input.at("/required")).filter(|name| {
                let property = get(input.at("/properties"), name);
                property.is_some_and(|property| never_null(input, property))
            });
            let contract = Contract {
                labels: texts(root.at("/metadata/labels"))
                    .map(str::to_owned)
                    .collect(),
                given: given.map(str::to_owned).collect(),
            };
            self.0.insert(name.to_owned(), contract);
        }
    }

    /// Tells whether every call that a rule is for has the argument: calls without it are denied before any
    /// rule is asked. `tools` is what the rule says of its tools.
    pub(super) fn give(&self, tools: &Node, argument: &str) -> bool {
        let gives = |contract: &Contract| contract.given.contains(argument);
        if let NodeValue::List(_) = &tools.value {
            // A name with `*` is registered by nobody.
            return texts(tools).all(|name| self.0.get(name).is_some_and(gives));
        }
        let Some(labels) = get(tools, "labels") else {
            return false;
        };
        let labels: BTreeSet<&str> = texts(labels).collect();
        // Names make them fewer.
        let mut chosen = self.0.values().filter(|contract| {
            let mut own = contract.labels.iter();
            own.any(|label| labels.contains(&**label))
        });
        chosen.all(gives)
    }
}

fn texts(node: &Node) -> impl Iterator<Item = &str> {
    let nodes: &[Node] = match &node.value {
        NodeValue::List(nodes) => nodes,
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Number(_)
        | NodeValue::Text(_)
        | NodeValue::Map(_) => &[],
    };
    nodes.iter().filter_map(text)
}

/// Tells whether a property says by its `type`, its own or that of what it refers to, that it is never null.
fn never_null(input: &Node, property: &Node) -> bool {
    let meant = get(property, "$ref").and_then(text);
    let meant = meant.and_then(|pointer| pointer.strip_prefix("#/"));
    let meant = meant.map_or(property, |path| input.at(&format!("/{path}")));
    let Some(kind) = get(meant, "type") else {
        return false;
    };
    let mut names = text(kind).into_iter().chain(texts(kind)).peekable();
    names.peek().is_some() && names.all(|name| name != "null")
}
