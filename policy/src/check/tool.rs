//! Reads `kind: Tool`: a registered tool, its labels, and the contract of its arguments.

use veto_core::ToolName;

use crate::source::tree::Node;

use super::fields::{self, Fields};
use super::{Findings, ToolDocument, invalid_name, tools, version};

/// Reads a tool.
pub(super) fn read<'a>(node: &'a Node, findings: &mut Findings<'_>) -> Option<ToolDocument<'a>> {
    let known = ["apiVersion", "kind", "metadata", "input"];
    let all = Fields::open(node, "a tool", &known, findings)?;
    version(&all, findings);
    let metadata = all.required("metadata", findings)?;
    let known = ["name", "description", "labels"];
    let metadata = Fields::open(metadata, "the metadata of a tool", &known, findings)?;
    fields::optional_text(&metadata, "description", findings);
    let labels = tools::labels(&metadata, findings);
    let name_node = metadata.required("name", findings)?;
    let name = fields::text(name_node, "name", findings)?;
    let name = ToolName::new(name)
        .map_err(|error| invalid_name(name_node.span, error.to_string(), findings))
        .ok()?;
    Some(ToolDocument {
        name,
        labels,
        input: all.get("input"),
        span: name_node.span,
    })
}
