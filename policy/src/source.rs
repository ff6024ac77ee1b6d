//! Policy text and places in it.

mod quick;
pub(crate) mod tree;
mod yaml;

pub(crate) use yaml::read;

use crate::diagnostic::{Diagnostic, DiagnosticCode, DiagnosticSeverity};

/// A policy file: its path, for people, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Relative path, such as `finance/refunds.yaml`.
    pub path: String,
    /// YAML; several documents may follow each other, separated by `---`.
    pub text: String,
}

/// A place in a source, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Source {
    /// Makes an error at the place.
    pub(crate) fn error(
        &self,
        span: Span,
        code: DiagnosticCode,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let lines = LineIndex::new(&self.text);
        let (message, help) = (message.into(), help.into());
        self.diagnostic(&lines, DiagnosticSeverity::Error, span, code, message, help)
    }

    /// Makes a finding at the place.
    pub(crate) fn diagnostic(
        &self,
        lines: &LineIndex,
        severity: DiagnosticSeverity,
        span: Span,
        code: DiagnosticCode,
        message: String,
        help: String,
    ) -> Diagnostic {
        let (line, column) = lines.position(&self.text, span.start);
        let meant = self
            .text
            .get(span.start..span.end.max(span.start))
            .unwrap_or("");
        let length = meant
            .lines()
            .next()
            .unwrap_or("")
            .trim_end()
            .chars()
            .count();
        Diagnostic {
            code,
            severity,
            path: self.path.clone(),
            line,
            column,
            length: u32::try_from(length).unwrap_or(u32::MAX).max(1),
            message,
            help,
        }
    }
}

/// Where the lines of a text start, so that many findings cost one reading of it.
#[derive(Debug)]
pub(crate) struct LineIndex(Vec<usize>);

impl LineIndex {
    pub(crate) fn new(text: &str) -> Self {
        let after = text.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(after).collect())
    }

    /// Line and column, both from 1, the column in characters.
    pub(crate) fn position(&self, text: &str, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.0.partition_point(|start| *start <= offset) - 1;
        let start = self.0.get(line).copied().unwrap_or(0);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        // A column beyond this is of a file that nobody reads; counting on would cost time for each finding.
        let column = text[start..offset].chars().take(100_000).count();
        (count(line), count(column))
    }
}
