//! The one scenario: an agent of role finance calls `tool_00001` with an amount, a currency and a payee.
//! One rule stands for each role and tool; it allows up to 5,000 in two currencies.

use crate::row::Case;

/// The roles; rule `n` is for role `n % 10`.
pub const ROLES: [&str; 10] = [
    "finance", "support", "research", "sales", "legal", "billing", "it", "hr", "audit", "ops",
];

/// The role of the caller.
pub const ROLE: &str = ROLES[0];

/// The tool that is called.
pub const TOOL: &str = "tool_00001";

/// How many rules are loaded.
pub const SIZES: [usize; 3] = [10, 1_000, 100_000];

/// Role and tool of a rule, by its number from 0.
#[must_use]
pub fn role_and_tool(rule: usize) -> (&'static str, String) {
    let roles = ROLES.len();
    (ROLES[rule % roles], format!("tool_{:05}", rule / roles + 1))
}

/// The arguments of the call as JSON text.
#[must_use]
pub const fn arguments(case: Case) -> &'static str {
    match case {
        Case::Allow => r#"{"amount": 500, "currency": "EUR", "to": "DE89370400440532013000"}"#,
        Case::Deny => r#"{"amount": 99999, "currency": "EUR", "to": "DE89370400440532013000"}"#,
    }
}
