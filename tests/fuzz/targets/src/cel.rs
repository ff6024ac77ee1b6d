//! Any text as a condition. What compiles is evaluated over fixed calls in an allow, a deny, an
//! approval and negated, and the four must tell the same story: an error never opens a door.

use std::fmt::Write;
use std::sync::OnceLock;

use veto_core::Timestamp;
use veto_policy::{
    Arguments, Call, DiagnosticCode, Outcome, PolicySet, ReasonCode, User, compile, evaluate,
};

use crate::fixtures::{self, NOON};
use crate::{Finding, Reached, claim, points};

pub(crate) fn run(input: &[u8]) -> Result<Reached, Finding> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(Reached::Refused);
    };
    let source = fixtures::source(policy("allow", text, false));
    let allow = match compile(std::slice::from_ref(&source)) {
        Ok(compiled) => {
            points::check(&compiled.warnings, &source, false)?;
            compiled.set
        }
        Err(found) => {
            return points::check(&found.0, &source, true).map(|()| Reached::Refused);
        }
    };
    // One comparison a run: compiling is what takes time.
    let other = match input.len() % 3 {
        0 => again(&policy("deny", text, true))?.map(Other::Deny),
        1 => again(&policy("require_approval", text, true))?.map(Other::Approval),
        // A line of its own for the bracket: the text may end in a comment.
        _ => again(&policy("allow", &format!("!({text}\n)"), false))?.map(Other::Negated),
    };
    let Some(other) = other else {
        return Ok(Reached::Refused);
    };
    for (call, now) in calls()? {
        other.agrees(truth(&allow, call, *now)?, call, *now)?;
    }
    Ok(Reached::Checked)
}

/// The same condition elsewhere.
enum Other {
    /// In a deny, beside an allow of everything.
    Deny(PolicySet),
    /// In an approval, beside an allow of everything.
    Approval(PolicySet),
    /// Negated, in an allow.
    Negated(PolicySet),
}

impl Other {
    fn agrees(&self, truth: Truth, call: &Call, now: Timestamp) -> Result<(), Finding> {
        let stricter = |set, strict| {
            let expected = match truth {
                Truth::Yes | Truth::Error => strict,
                Truth::No => Outcome::Allow,
            };
            let told = evaluate(set, call, now).outcome;
            claim(told == expected, || {
                format!("{truth:?} in an allow, and {told:?} in a rule that ends in {strict:?}")
            })
        };
        match self {
            Self::Deny(set) => stricter(set, Outcome::Deny),
            Self::Approval(set) => stricter(set, Outcome::Approval),
            Self::Negated(set) => {
                let opposite = self::truth(set, call, now)?;
                claim(opposite == truth.not(), || {
                    format!("{truth:?}, and {opposite:?} when negated")
                })
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Error,
}

impl Truth {
    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Error => Self::Error,
        }
    }
}

/// What the condition of the one allow says of a call, twice the same.
fn truth(set: &PolicySet, call: &Call, now: Timestamp) -> Result<Truth, Finding> {
    let decision = evaluate(set, call, now);
    claim(decision == evaluate(set, call, now), || {
        "two evaluations differ".to_owned()
    })?;
    let code = decision.reason.code;
    let truth = if code == ReasonCode::Allowed {
        Truth::Yes
    } else if code == ReasonCode::ConditionFalse {
        Truth::No
    } else if code == ReasonCode::ConditionError {
        Truth::Error
    } else {
        return Err(Finding(format!("the reason is {code}")));
    };
    let failed = !decision.errors.is_empty();
    claim(failed == (truth == Truth::Error), || {
        format!("{truth:?} with errors {:?}", decision.errors)
    })?;
    Ok(truth)
}

/// One rule with the condition; beside it, when asked, an allow for everything.
fn policy(effect: &str, when: &str, beside: bool) -> String {
    // JSON text in double quotes is YAML.
    let when = serde_json::Value::from(when);
    let mut text = format!(
        "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: p }}\nsubjects: {{ roles: [r] }}\n\
         rules:\n- id: one\n  tools: [t]\n  effect: {effect}\n"
    );
    text.push_str(
        "  arguments:\n    amount: { type: number }\n    name: { type: string }\n    \
         tags: { type: array, items: { type: string } }\n    url: { type: string }\n    \
         any: true\n  optional: [amount, name, tags, url, any]\n",
    );
    if effect == "require_approval" {
        text.push_str("  approval: { approvers: [role:lead] }\n");
    }
    let _ = writeln!(text, "  when: {when}");
    if beside {
        text.push_str("- { id: two, tools: [t], effect: allow, arguments: any }\n");
    }
    text.push_str(
        "---\napiVersion: veto/v1\nkind: List\nmetadata: { name: known }\ntype: string\n\
         values: [ada, bob, EUR]\n",
    );
    text
}

/// The same condition in another rule compiles as well; None when it is too large there: brackets
/// count, and an open rule may have more arguments.
fn again(text: &str) -> Result<Option<PolicySet>, Finding> {
    match compile(&[fixtures::source(text.to_owned())]) {
        Ok(compiled) => Ok(Some(compiled.set)),
        Err(found)
            if found
                .iter()
                .any(|d| d.code == DiagnosticCode::ConditionTooLarge) =>
        {
            Ok(None)
        }
        Err(found) => Err(Finding(format!(
            "taken in one rule, and in another {found}"
        ))),
    }
}

/// Calls with and without each variable; made once.
fn calls() -> Result<&'static [(Call, Timestamp)], Finding> {
    static CALLS: OnceLock<Vec<(Call, Timestamp)>> = OnceLock::new();
    if let Some(calls) = CALLS.get() {
        return Ok(calls);
    }
    let arguments = [
        "{}",
        r#"{"amount": 42, "name": "ada", "tags": ["a", "bc", "ada"], "url": "https://api.example.com/x?y=1", "any": {"a": [1, 2.5, null], "b": {"c": "d"}}}"#,
        r#"{"amount": -0.5, "name": "", "tags": [], "url": "http://user@evil.org", "any": null}"#,
        r#"{"amount": 9223372036854775807, "name": "2024-01-08T11:30:00Z", "tags": ["10.0.0.0/8", "15m"], "url": "", "any": "x@example.com"}"#,
        r#"{"amount": 18446744073709551615, "name": "../etc/%2e%2e/pass\u0000wd", "any": [[], {}, true, 1e308]}"#,
    ];
    let mut calls = Vec::new();
    for (at, text) in arguments.into_iter().enumerate() {
        let mut call = fixtures::call("agent-1", &["r"], "t", text)?;
        let mut now = NOON;
        if at % 2 == 1 {
            call.user = Some(User {
                id: "ada".to_owned(),
                email: "Ada@Example.com".to_owned(),
                groups: vec!["finance".to_owned(), "hr".to_owned()],
                ..User::default()
            });
            call.context = Arguments::parse(r#"{"ip": "10.1.2.3", "risk": 0.25}"#)?;
            call.request_id = "request-1".to_owned();
        }
        if at == 2 {
            now = Timestamp(-62_135_596_800_000_000);
        }
        calls.push((call, now));
    }
    Ok(CALLS.get_or_init(|| calls))
}
