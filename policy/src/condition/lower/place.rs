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

    fn place(&self, node: &IdedExpr) -> (usize, usize) {
        let place = self.parsed.place(node);
        place.map_or((0, self.text.len()), |place| place.token)
    }

    /// The bytes of a node with all that belongs to it, without brackets around it.
    pub(in crate::condition) fn extent(&self, node: &IdedExpr) -> (usize, usize) {
        let place = self.parsed.place(node);
        place.map_or((0, self.text.len()), |place| place.whole)
    }
}
