//! Reads `kind: List`.

use std::collections::HashSet;

use crate::diagnostic::DiagnosticCode as Code;
use crate::list::{List, ListType};
use crate::source::tree::Node;

use super::fields::{self, Fields};
use super::{Findings, invalid_name, is_word, version};

/// Reads a list.
pub(super) fn read(node: &Node, findings: &mut Findings<'_>) -> Option<List> {
    let known = ["apiVersion", "kind", "metadata", "type", "values"];
    let all = Fields::open(node, "a list", &known, findings)?;
    version(&all, findings);
    let metadata = all.required("metadata", findings)?;
    let metadata = Fields::open(
        metadata,
        "the metadata of a list",
        &["name", "description"],
        findings,
    )?;
    if let Some(description) = metadata.get("description") {
        fields::text(description, "description", findings);
    }
    let name_node = metadata.required("name", findings)?;
    let name = fields::text(name_node, "name", findings)?;
    if !is_word(name) {
        invalid_name(
            name_node.span,
            format!("`{name}` is no name of a list"),
            findings,
        );
    }
    let kind = match all.get("type") {
        None => ListType::String,
        Some(node) => {
            let words = ListType::NAMES.map(|name| (name, ListType::parse(name)));
            fields::word(node, "type", &words, findings).flatten()?
        }
    };
    let mut values = Vec::new();
    let mut seen = HashSet::new();
    for node in fields::items(all.required("values", findings)?, "values", findings) {
        match kind.normalize(&node.to_json()) {
            Some(value) if seen.contains(&value) => {
                let message = "this value stands in the list already";
                findings.warning(
                    node.span,
                    Code::DuplicateName,
                    message,
                    "remove one of them",
                );
            }
            Some(value) => {
                seen.insert(value.clone());
                values.push(value);
            }
            None => {
                let message = format!("this is no {} as the list's `type` wants it", kind.as_str());
                let help = if kind == ListType::String {
                    "quote it"
                } else {
                    "correct it"
                };
                findings.error(node.span, Code::InvalidValue, message, help);
            }
        }
    }
    Some(List::new(name.to_owned(), kind, values))
}
