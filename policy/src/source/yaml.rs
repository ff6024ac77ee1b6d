//! Reads YAML 1.2 within bounds that are set by hand (RELIABILITY: hostile text costs bounded time).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of another crate, open to additions: any other is a syntax error"
)]

use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Options};

use super::tree::{Node, NodeValue};
use super::{Source, Span, quick};
use crate::diagnostic::{Diagnostic, DiagnosticCode};

const MAX_BYTES: usize = 1024 * 1024;
const MAX_DOCUMENTS: usize = 1_000;
const MAX_NODES: usize = 50_000;
const MAX_DEPTH: usize = 32;

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 4 * MAX_NODES,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            max_documents: MAX_DOCUMENTS,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_total_scalar_bytes: MAX_BYTES,
            max_total_comment_bytes: MAX_BYTES,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        merge_keys: serde_saphyr::MergeKeyPolicy::Error,
        // YAML 1.2 core: `yes`, `on` and `1_000` are text.
        strict_booleans: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// Reads all documents of the source.
pub(crate) fn read(source: &Source) -> Result<Vec<Node>, Diagnostic> {
    if source.text.len() > MAX_BYTES {
        let message = format!(
            "the file has {} bytes; at most {MAX_BYTES} are read",
            source.text.len()
        );
        return Err(source.error(Span::default(), DiagnosticCode::YamlTooLarge, message, ""));
    }
    match quick::read(&source.text) {
        Some(documents) => Ok(documents),
        None => read_whole(source),
    }
}

/// Reads all documents by the whole parser, for all of YAML and for every mistake.
pub(super) fn read_whole(source: &Source) -> Result<Vec<Node>, Diagnostic> {
    let documents: Vec<Node> = serde_saphyr::from_multiple_with_options(&source.text, options())
        .map_err(|error| refuse(source, &error))?;
    if documents.is_empty() {
        let message = "the file holds no document";
        return Err(source.error(Span::default(), DiagnosticCode::EmptyFile, message, ""));
    }
    documents
        .iter()
        .try_for_each(|document| untagged(source, document))?;
    Ok(documents)
}

fn untagged(source: &Source, node: &Node) -> Result<(), Diagnostic> {
    if node.tagged {
        let help = DiagnosticCode::YamlTag.help();
        return Err(source.error(
            node.span,
            DiagnosticCode::YamlTag,
            "tags are not allowed",
            help,
        ));
    }
    match &node.value {
        NodeValue::List(nodes) => nodes.iter().try_for_each(|node| untagged(source, node)),
        NodeValue::Map(entries) => entries
            .iter()
            .try_for_each(|(_, node)| untagged(source, node)),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Text(_) => Ok(()),
    }
}

fn refuse(source: &Source, error: &Error) -> Diagnostic {
    use DiagnosticCode as Code;
    let at = error.location().map(|location| place(source, location));
    let (code, message) = match error.without_snippet() {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key
                .as_deref()
                .map_or(String::new(), |key| format!(" `{key}`"));
            (
                Code::DuplicateKey,
                format!("the key{key} stands twice in one mapping"),
            )
        }
        Error::Budget {
            breach: BudgetBreach::Anchors { .. } | BudgetBreach::Aliases { .. },
            ..
        } => (
            Code::YamlAnchor,
            "anchors and aliases are not allowed".to_owned(),
        ),
        Error::UnknownAnchor { .. } => (
            Code::YamlAnchor,
            "anchors and aliases are not allowed".to_owned(),
        ),
        Error::MergeKeyNotAllowed { .. }
        | Error::MergeValueNotMapOrSeqOfMaps { .. }
        | Error::Budget {
            breach: BudgetBreach::MergeKeys { .. },
            ..
        } => (
            Code::YamlAnchor,
            "merge keys (`<<`) are not allowed".to_owned(),
        ),
        Error::Budget {
            breach: BudgetBreach::Depth { .. },
            ..
        } => (
            Code::YamlTooLarge,
            format!("nested deeper than {MAX_DEPTH} levels"),
        ),
        Error::Budget {
            breach: BudgetBreach::Documents { .. },
            ..
        } => (
            Code::YamlTooLarge,
            format!("more than {MAX_DOCUMENTS} documents"),
        ),
        Error::Budget { .. } => (Code::YamlTooLarge, format!("more than {MAX_NODES} values")),
        Error::TaggedScalarCannotDeserializeIntoString { .. } => {
            (Code::YamlTag, "tags are not allowed".to_owned())
        }
        other => {
            let text = other.to_string();
            let line = text.lines().next().unwrap_or("not YAML");
            // The place is shown anyway.
            let line = line.split(" at line ").next().unwrap_or(line);
            (Code::YamlSyntax, line.to_owned())
        }
    };
    source.error(at.unwrap_or_default(), code, message, code.help())
}

/// The bytes that an error is about; some errors know their line and column alone.
fn place(source: &Source, location: serde_saphyr::Location) -> Span {
    let to = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let start = location.span().byte_offset().map_or_else(
        || {
            let line = to(location.line()).max(1) - 1;
            let start: usize = source
                .text
                .split_inclusive('\n')
                .take(line)
                .map(str::len)
                .sum();
            let rest = &source.text[start..];
            let column = to(location.column()).max(1) - 1;
            start
                + rest
                    .char_indices()
                    .nth(column)
                    .map_or(rest.len(), |(at, _)| at)
        },
        to,
    );
    let end = start.saturating_add(to(location.span().byte_len().unwrap_or(0)));
    Span { start, end }
}
