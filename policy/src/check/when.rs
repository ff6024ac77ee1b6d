//! Reads when a policy or a rule holds: `not_before` and `not_after`.

use veto_core::Timestamp;

use crate::diagnostic::DiagnosticCode as Code;

use super::Findings;
use super::fields::{self, Fields};

/// A span of time that includes its start and not its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Window {
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
}

impl Window {
    /// Tells whether the instant is within.
    pub(crate) fn holds(self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|start| start <= now)
            && self.not_after.is_none_or(|end| now < end)
    }

    /// What is within both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: [self.not_after, other.not_after]
                .into_iter()
                .flatten()
                .min(),
        }
    }

    /// Tells whether all that is within the other one is within this one.
    pub(crate) fn covers(self, other: Self) -> bool {
        let after = |start| other.not_before.is_some_and(|own| start <= own);
        let before = |end| other.not_after.is_some_and(|own| own <= end);
        self.not_before.is_none_or(after) && self.not_after.is_none_or(before)
    }

    fn is_empty(self) -> bool {
        matches!((self.not_before, self.not_after), (Some(start), Some(end)) if start >= end)
    }
}

/// Reads the window of a rule; what stands on the policy holds as well.
pub(super) fn read(all: &Fields<'_>, of_policy: Window, findings: &mut Findings<'_>) -> Window {
    let own = Window {
        not_before: instant(all, "not_before", findings),
        not_after: instant(all, "not_after", findings),
    };
    let window = own.and(of_policy);
    if own != Window::default() && window.is_empty() {
        let at = all.key("not_after").or_else(|| all.key("not_before"));
        let message = "it ends before it starts";
        let help = "correct one of the two instants";
        findings.error(
            at.unwrap_or_else(|| all.span()),
            Code::InvalidValue,
            message,
            help,
        );
    }
    window
}

fn instant(all: &Fields<'_>, name: &str, findings: &mut Findings<'_>) -> Option<Timestamp> {
    let node = all.get(name)?;
    let text = fields::text(node, name, findings)?;
    let found = Timestamp::parse(text);
    if found.is_none() {
        let message = format!("`{}` is no instant", text.escape_debug());
        let help = "write RFC 3339 with its zone, such as `2026-01-31T18:00:00Z`";
        findings.error(node.span, Code::InvalidValue, message, help);
    }
    found
}
