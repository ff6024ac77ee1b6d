//! Reads mappings field by field: what is not asked for is an error, with the nearest name as help.

use std::fmt::Display;

use crate::diagnostic::{Diagnostic, DiagnosticCode as Code, DiagnosticSeverity};
use crate::source::tree::{Key, Node, NodeValue};
use crate::source::{LineIndex, Source, Span};
use crate::suggest;

/// Collects what is found in one source.
#[derive(Debug)]
pub(crate) struct Findings<'a> {
    source: &'a Source,
    lines: Option<LineIndex>,
    pub(crate) found: Vec<Diagnostic>,
}

/// A file with more findings than this is not read to its end by anybody.
const MOST: usize = 1_000;

impl<'a> Findings<'a> {
    pub(crate) const fn new(source: &'a Source) -> Self {
        Self {
            source,
            lines: None,
            found: Vec::new(),
        }
    }

    pub(crate) fn error(
        &mut self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(DiagnosticSeverity::Error, span, code, message, help);
    }

    pub(crate) fn warning(
        &mut self,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(DiagnosticSeverity::Warning, span, code, message, help);
    }

    fn add(
        &mut self,
        severity: DiagnosticSeverity,
        span: Span,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        // An error beyond the bound still counts: it replaces the last finding that does not.
        if self.found.len() >= MOST {
            if severity == DiagnosticSeverity::Error && !self.failed() {
                self.found.pop();
            } else {
                return;
            }
        }
        // The places of lines are worked out with the first finding, once for all of them.
        let lines = self
            .lines
            .get_or_insert_with(|| LineIndex::new(&self.source.text));
        let (message, help) = (message.into(), help.into());
        let found = self
            .source
            .diagnostic(lines, severity, span, code, message, help);
        self.found.push(found);
    }

    /// Tells whether an error was found.
    pub(crate) fn failed(&self) -> bool {
        self.found
            .iter()
            .any(|found| found.severity == DiagnosticSeverity::Error)
    }

    /// The text of the source.
    pub(crate) fn text(&self) -> &'a str {
        &self.source.text
    }
}

/// The fields of a mapping.
pub(crate) struct Fields<'a> {
    span: Span,
    what: &'static str,
    entries: &'a [(Key, Node)],
    /// Names that a misspelled field is taken for: they are not missing too.
    meant: Vec<String>,
}

/// Fields that the language reserves.
const RESERVED: &[&str] = &["limits", "marks"];

impl<'a> Fields<'a> {
    /// Opens a mapping that may have the known fields and no others.
    pub(crate) fn open(
        node: &'a Node,
        what: &'static str,
        known: &[&str],
        findings: &mut Findings<'_>,
    ) -> Option<Self> {
        let entries = map(node, what, findings)?;
        let mut meant = Vec::new();
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !known.contains(&&*key.name))
        {
            if RESERVED.contains(&&*key.name) {
                let message = format!("`{}` is reserved and does not work yet", key.name);
                findings.error(
                    key.span,
                    Code::NotSupported,
                    message,
                    Code::NotSupported.help(),
                );
                continue;
            }
            let nearest = suggest::nearest(&key.name, known.iter().copied());
            let help = nearest.map_or_else(
                || format!("known fields: `{}`", known.join("`, `")),
                |name| format!("did you mean `{name}`?"),
            );
            meant.extend(nearest.map(str::to_owned));
            let message = format!("{what} has no field `{}`", key.name);
            findings.error(key.span, Code::UnknownField, message, help);
        }
        Some(Self {
            span: first_key(entries).unwrap_or(node.span),
            what,
            entries,
            meant,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(_, node)| node)
    }

    pub(crate) fn key(&self, name: &str) -> Option<Span> {
        self.entries
            .iter()
            .find(|(key, _)| key.name == name)
            .map(|(key, _)| key.span)
    }

    pub(crate) fn required(&self, name: &str, findings: &mut Findings<'_>) -> Option<&'a Node> {
        let found = self.get(name);
        if found.is_none() && !self.meant.iter().any(|meant| meant == name) {
            let message = format!("{} has no `{name}`", self.what);
            findings.error(
                self.span,
                Code::MissingField,
                message,
                format!("add `{name}:`"),
            );
        }
        found
    }

    pub(crate) const fn span(&self) -> Span {
        self.span
    }
}

fn first_key(entries: &[(Key, Node)]) -> Option<Span> {
    entries.first().map(|(key, _)| key.span)
}

/// The text of a field, without saying anything when there is none.
pub(crate) fn peek<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    let NodeValue::Map(entries) = &node.value else {
        return None;
    };
    entries
        .iter()
        .find(|(key, _)| key.name == name)
        .and_then(|(_, node)| match &node.value {
            NodeValue::Text(text) => Some(&**text),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::List(_)
            | NodeValue::Map(_) => None,
        })
}

fn wrong(node: &Node, what: impl Display, wanted: &str, findings: &mut Findings<'_>) {
    let message = format!("{what} is {wanted}, and this is {}", node.kind());
    findings.error(node.span, Code::WrongType, message, "");
}

pub(crate) fn map<'a>(
    node: &'a Node,
    what: impl Display,
    findings: &mut Findings<'_>,
) -> Option<&'a [(Key, Node)]> {
    if let NodeValue::Map(entries) = &node.value {
        return Some(entries);
    }
    wrong(node, what, "a mapping", findings);
    None
}

pub(crate) fn text<'a>(
    node: &'a Node,
    what: impl Display,
    findings: &mut Findings<'_>,
) -> Option<&'a str> {
    if let NodeValue::Text(text) = &node.value {
        return Some(text);
    }
    wrong(node, format!("`{what}`"), "text", findings);
    None
}

pub(crate) fn items<'a>(
    node: &'a Node,
    what: impl Display,
    findings: &mut Findings<'_>,
) -> &'a [Node] {
    if let NodeValue::List(nodes) = &node.value {
        return nodes;
    }
    wrong(node, format!("`{what}`"), "a list", findings);
    &[]
}

pub(crate) fn boolean(node: &Node, what: impl Display, findings: &mut Findings<'_>) -> bool {
    if let NodeValue::Bool(value) = node.value {
        return value;
    }
    wrong(node, format!("`{what}`"), "true or false", findings);
    false
}

/// The text of a field that may be left out.
pub(crate) fn optional_text<'a>(
    fields: &Fields<'a>,
    name: &str,
    findings: &mut Findings<'_>,
) -> Option<&'a str> {
    text(fields.get(name)?, name, findings)
}

/// A list of texts that may be left out.
pub(crate) fn texts<'a>(
    fields: &Fields<'a>,
    name: &str,
    findings: &mut Findings<'_>,
) -> Vec<(&'a str, Span)> {
    let nodes = fields
        .get(name)
        .map_or(&[][..], |node| items(node, name, findings));
    nodes
        .iter()
        .filter_map(|node| Some((text(node, name, findings)?, node.span)))
        .collect()
}

/// One of some words.
pub(crate) fn word<T>(
    node: &Node,
    what: &str,
    words: &[(&str, T)],
    findings: &mut Findings<'_>,
) -> Option<T>
where
    T: Copy,
{
    let written = text(node, what, findings)?;
    let found = words
        .iter()
        .find(|(word, _)| *word == written)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let help = suggest::did_you_mean(written, names.iter().copied())
            .unwrap_or_else(|| format!("it is one of `{}`", names.join("`, `")));
        let message = format!("`{what}` is never `{written}`");
        findings.error(node.span, Code::InvalidValue, message, help);
    }
    found
}
