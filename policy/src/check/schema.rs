//! Reads `kind: Schema`, and the `definitions` of a policy.

use crate::diagnostic::DiagnosticCode as Code;
use crate::source::tree::Node;

use super::fields::{self, Fields};
use super::{Findings, Named, SchemaDocument, invalid_name, is_word, version};

/// Reads a schema that all policies may use.
pub(super) fn read<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<SchemaDocument<'a>> {
    let known = ["apiVersion", "kind", "metadata", "schema"];
    let all = Fields::open(node, "a schema", &known, findings)?;
    version(&all, findings);
    let metadata = all.required("metadata", findings)?;
    let known = ["name", "description"];
    let metadata = Fields::open(metadata, "the metadata of a schema", &known, findings)?;
    fields::optional_text(&metadata, "description", findings);
    let name_node = metadata.required("name", findings)?;
    let name = fields::text(name_node, "name", findings)?;
    checked(name, name_node.span, findings);
    let node = all.required("schema", findings)?;
    Some(SchemaDocument(Named {
        name,
        node,
        span: name_node.span,
    }))
}

/// Reads `definitions`: names with their schemas.
pub(super) fn definitions<'a>(all: &Fields<'a>, findings: &mut Findings<'_>) -> Vec<Named<'a>> {
    let Some(node) = all.get("definitions") else {
        return Vec::new();
    };
    let entries = fields::map(node, "`definitions`", findings).unwrap_or(&[]);
    if entries.is_empty() {
        let message = "`definitions` names no schema";
        findings.warning(node.span, Code::EmptyList, message, Code::EmptyList.help());
    }
    let mut found = Vec::new();
    for (key, node) in entries {
        checked(&key.name, key.span, findings);
        found.push(Named {
            name: &key.name,
            node,
            span: key.span,
        });
    }
    found
}

fn checked(name: &str, span: crate::source::Span, findings: &mut Findings<'_>) {
    if !is_word(name) {
        invalid_name(span, format!("`{name}` is no name of a schema"), findings);
    }
}
