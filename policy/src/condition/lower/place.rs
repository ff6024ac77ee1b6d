//! Problems and the bytes that they are about.

use cel::common::ast::IdedExpr;

use super::{Code, Lowering, Problem};
use crate::diagnostic::DiagnosticSeverity;

impl Lowering<'_> {
    /// An error about a node, placed at its name or operator.
    pub(super) fn problem(
        &self,
        node: &IdedExpr,
        code: Code,
        message: String,
        help: String,
    ) -> Problem {
        let (start, end) = self.place(node);
        Problem {
            start,
            end,
            severity: DiagnosticSeverity::Error,
            code,
            message,
            help,
        }
    }

    /// An error about a node, placed at all of it.
    pub(super) fn problem_of(
        &self,
        node: &IdedExpr,
        code: Code,
        message: String,
        help: String,
    ) -> Problem {
        let (start, end) = self.extent(node);
        Problem {
            start,
            end,
            ..self.problem(node, code, message, help)
        }
    }

    /// A warning about a node, placed at all of it.
    pub(super) fn warning(
        &self,
        node: &IdedExpr,
        code: Code,
        message: String,
        help: String,
    ) -> Problem {
        Problem {
            severity: DiagnosticSeverity::Warning,
            ..self.problem_of(node, code, message, help)
        }
    }

    /// The bytes of a node's token; the parser names the first and the last one.
    pub(super) fn token(&self, node: &IdedExpr) -> Option<(usize, usize)> {
        let (first, last) = self.parsed.places.offset_for(node.id)?;
        let byte = |at: u32| {
            let at = usize::try_from(at)
                .unwrap_or(usize::MAX)
                .min(self.text.len());
            (at..=self.text.len())
                .find(|at| self.text.is_char_boundary(*at))
                .unwrap_or(at)
        };
        let (start, end) = (byte(first), byte(last.saturating_add(1)));
        Some((start, end.max(start)))
    }

    fn place(&self, node: &IdedExpr) -> (usize, usize) {
        self.token(node)
            .map_or((0, self.text.len()), |(start, end)| self.named(start, end))
    }

    /// The parser places a property at its dot and a call at its bracket; people look at the name.
    pub(super) fn named(&self, start: usize, end: usize) -> (usize, usize) {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (before, rest) = (&self.text[..start], &self.text[start..]);
        if let Some(after) = rest.strip_prefix('.') {
            let after = after.trim_start_matches(['?', ' ', '\n', '\t', '\r']);
            let from = self.text.len() - after.len();
            let length = after.find(|c| !word(c)).unwrap_or(after.len());
            return if length > 0 {
                (from, from + length)
            } else {
                (start, end)
            };
        }
        if rest.starts_with('(') {
            let from = before.rfind(|c| !word(c)).map_or(0, |at| at + 1);
            return if from < start {
                (from, start)
            } else {
                (start, end)
            };
        }
        (start, end)
    }
}
