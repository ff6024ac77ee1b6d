//! Policy text and places in it.

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
        self.diagnostic(
            DiagnosticSeverity::Error,
            span,
            code,
            message.into(),
            help.into(),
        )
    }

    /// Makes a warning at the place.
    pub(crate) fn warning(
        &self,
        span: Span,
        code: DiagnosticCode,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        self.diagnostic(
            DiagnosticSeverity::Warning,
            span,
            code,
            message.into(),
            help.into(),
        )
    }

    fn diagnostic(
        &self,
        severity: DiagnosticSeverity,
        span: Span,
        code: DiagnosticCode,
        message: String,
        help: String,
    ) -> Diagnostic {
        let (line, column) = self.position(span.start);
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

    /// Line and column, both from 1, the column in characters.
    fn position(&self, offset: usize) -> (u32, u32) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        (
            count(before.matches('\n').count()),
            count(before[start..].chars().count()),
        )
    }
}
