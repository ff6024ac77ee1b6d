//! Policies and calls from choices; small alphabets, so that rules and calls meet.

use std::fmt::Write;

use veto_policy::{Arguments, Call, Source, User};

use crate::Finding;
use crate::choices::Choices;
use crate::fixtures;

const TOOLS: [&str; 5] = ["a", "a.b", "a/b", "mail.send", "a.b.export"];
const GLOBS: [&str; 8] = [
    "a",
    "a.b",
    "a.*",
    "'**'",
    "'*'",
    "'**.export'",
    "mail.send",
    "'a*'",
];
const ROLES: [&str; 3] = ["r", "s", "t"];
const EFFECTS: [&str; 3] = ["allow", "deny", "require_approval"];
/// Schemas of the arguments, and which of `x` and `y` they name.
const ARGUMENTS: [(&str, bool, bool); 9] = [
    ("any", true, true),
    ("{}", false, false),
    ("{ x: { type: number, maximum: 5 } }", true, false),
    ("{ x: { type: [number, string, 'null'] } }", true, false),
    ("{ x: { enum: [1, 2.5, one, null] } }", true, false),
    ("{ x: true, y: true }", true, true),
    (
        "{ x: { in: known }, y: { type: array, items: { type: string, maxLength: 3 } } }",
        true,
        true,
    ),
    (
        "{ y: { type: object, properties: { z: { const: 20 } }, additionalProperties: false } }",
        false,
        true,
    ),
    (
        "{ y: { pattern: '^[a-c]+$' }, x: { type: integer, multipleOf: 3 } }",
        true,
        true,
    ),
];
/// Conditions, and which of `x` and `y` they read.
const CONDITIONS: [(&str, bool, bool); 14] = [
    ("true", false, false),
    ("'s' in agent.roles", false, false),
    ("has(user.id) && user.id == 'ada'", false, false),
    (
        "request.time.getHours() >= 9 || env.name == 'dev'",
        false,
        false,
    ),
    ("tool.name.matchesGlob('a.*')", false, false),
    ("context.risk > 0.5", false, false),
    ("args.x > 2", true, false),
    ("has(args.x) && args.x == 1", true, false),
    ("args.x in lists.known", true, false),
    ("args.x != null && args.x.startsWith('o')", true, false),
    ("has(args.y)", false, true),
    (
        "args.?y.orValue([]).all(i, i.matches('^[a-z]+$'))",
        false,
        true,
    ),
    (
        "size(args.y) > 1 ? args.x == args.y[0] : args.x < 2",
        true,
        true,
    ),
    ("args.y.z + 1 == 21 || args.x * 2 >= 4", true, true),
];
/// A value that a reason must not show where it is redacted.
pub(super) const SECRET: &str = "s3cr3t";
const VALUES: [&str; 19] = [
    "\"s3cr3t\"",
    "1",
    "2",
    "2.5",
    "6",
    "-0.0",
    "2e1",
    "9223372036854775807",
    "18446744073709551615",
    "1e300",
    "\"one\"",
    "\"abc\"",
    "\"\"",
    "null",
    "true",
    "[]",
    "[\"ab\", \"abcd\"]",
    "{\"z\": 20.0}",
    "{\"z\": 20, \"w\": [1]}",
];

/// Who a policy is for; agents carry `team: finance` and `refund_limit: 30`.
const SUBJECTS: [&str; 6] = [
    "roles: [r]",
    "roles: [s]",
    "agents: ['bot*']",
    "roles: [t], agents: [bot-1]",
    "labels: { team: [sales, finance] }",
    "labels: { team: finance, tier: gold }",
];
/// When a rule holds; calls are made on 2024-01-08 at noon.
const WINDOWS: [&str; 4] = [
    "not_before: 2024-01-08T12:00:00Z",
    "not_after: 2024-01-08T12:00:00Z",
    "not_before: 2024-01-08T13:30:00+01:00",
    "not_before: 2023-01-01T00:00:00Z\n  not_after: '2025-01-01T00:00:00Z'",
];
/// What is registered: nothing, a tool with a label, tools with contracts.
const REGISTERED: [&str; 3] = [
    "",
    "---\napiVersion: veto/v1\nkind: Tool\nmetadata: { name: a.b, labels: [sends] }\n",
    "---\napiVersion: veto/v1\nkind: Tool\nmetadata: { name: mail.send, labels: [sends] }\n\
     input: { properties: { x: { maxLength: 5 }, y: true }, required: [x] }\n\
     ---\napiVersion: veto/v1\nkind: Tool\nmetadata: { name: a }\n\
     input: { properties: { x: { maximum: 1000 } }, additionalProperties: true }\n",
];

/// A rule, in the words of the language.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) effect: &'static str,
    pub(super) otherwise: bool,
    pub(super) shadow: bool,
    text: String,
}

/// A policy file.
#[derive(Debug, Clone)]
pub(super) struct Policy {
    pub(super) name: String,
    pub(super) shadow: bool,
    pub(super) rules: Vec<Rule>,
    subjects: &'static str,
}

impl Policy {
    pub(super) fn path(&self) -> String {
        format!("{}.yaml", self.name)
    }

    /// The file; turned around, its rules stand in the opposite order.
    pub(super) fn source(&self, turned: bool) -> Source {
        let mut text = format!(
            "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: {} }}\nsubjects: {{ {} }}\n\
             approval: {{ approvers: [role:lead], expires: 1h }}\n",
            self.name, self.subjects
        );
        if self.shadow {
            text.push_str("mode: shadow\n");
        }
        text.push_str("rules:\n");
        let mut lines: Vec<_> = self.rules.iter().map(|rule| &*rule.text).collect();
        if turned {
            lines.reverse();
        }
        text.extend(lines);
        Source {
            path: self.path(),
            text,
        }
    }
}

/// The list that conditions and schemas name, and what is registered.
pub(super) fn shared(choices: &mut Choices<'_>) -> Source {
    let list = "apiVersion: veto/v1\nkind: List\nmetadata: { name: known }\ntype: string\n\
                values: [one, two]\n";
    Source {
        path: "shared.yaml".to_owned(),
        text: format!("{list}{}", choices.of(&REGISTERED)),
    }
}

/// One or two policies with one to three rules each.
pub(super) fn policies(choices: &mut Choices<'_>) -> Vec<Policy> {
    let count = 1 + choices.below(2);
    (0..count)
        .map(|at| {
            let subjects = choices.of(&SUBJECTS);
            let rules = 1 + choices.below(3);
            Policy {
                name: format!("p{at}"),
                shadow: choices.one_in(8),
                rules: (0..rules).map(|id| rule(choices, id, None)).collect(),
                subjects,
            }
        })
        .collect()
}

/// A policy with one deny.
pub(super) fn deny(choices: &mut Choices<'_>) -> Policy {
    Policy {
        name: "q".to_owned(),
        shadow: false,
        rules: vec![rule(choices, 0, Some("deny"))],
        subjects: choices.of(&["roles: [r, s]", "agents: ['**']"]),
    }
}

fn rule(choices: &mut Choices<'_>, id: usize, effect: Option<&'static str>) -> Rule {
    let effect = effect.unwrap_or_else(|| choices.of(&EFFECTS));
    let allow = effect == "allow";
    let (arguments, has_x, has_y) = choices.of(&ARGUMENTS);
    let mut text = format!("- id: r{id}\n  tools: ");
    match choices.below(6) {
        4 => text.push_str("{ labels: [sends] }"),
        5 => {
            let _ = write!(
                text,
                "{{ names: [{}], labels: [sends, other] }}",
                choices.of(&GLOBS)
            );
        }
        3 => {
            let _ = write!(text, "[{}, {}]", choices.of(&GLOBS), choices.of(&GLOBS));
        }
        _ => {
            let _ = write!(text, "[{}]", choices.of(&GLOBS));
        }
    }
    let _ = write!(text, "\n  effect: {effect}\n  arguments: {arguments}\n");
    if arguments.contains("x:") && choices.one_in(2) {
        text.push_str("  optional: [x]\n");
    }
    let (when, reads_x, reads_y) = choices.of(&CONDITIONS);
    // A closed allow knows the names that its condition may read.
    if !allow || ((has_x || !reads_x) && (has_y || !reads_y)) {
        let _ = writeln!(text, "  when: {}", serde_json::Value::from(when));
    }
    let otherwise = allow && choices.one_in(3);
    if otherwise {
        text.push_str("  otherwise: require_approval\n");
    }
    if effect == "require_approval" && choices.one_in(3) {
        text.push_str("  only_if_allowed: true\n");
    }
    if choices.one_in(4) {
        let _ = writeln!(text, "  severity: {}", choices.of(&["low", "high"]));
    }
    if choices.one_in(4) {
        let _ = writeln!(
            text,
            "  redact: [{}]",
            choices.of(&["x", "y", "x, y", "'y/z'"])
        );
    }
    if choices.one_in(6) {
        let _ = writeln!(text, "  {}", choices.of(&WINDOWS));
    }
    let shadow = choices.one_in(6);
    if shadow {
        text.push_str("  mode: shadow\n");
    }
    Rule {
        id: format!("r{id}"),
        effect,
        otherwise,
        shadow,
        text,
    }
}

/// A call; an agent in sixteen is unknown, and one disabled.
pub(super) fn call(choices: &mut Choices<'_>) -> Result<Call, Finding> {
    let roles = [choices.of(&ROLES), choices.of(&ROLES)];
    let agent = choices.of(&["agent-1", "bot-1", "bot"]);
    let tool = choices.of(&TOOLS);
    let mut call = fixtures::call(agent, &roles, tool, &object(choices, &["x", "y", "zz"]))?;
    match choices.below(16) {
        14 => call.agent = None,
        15 => call
            .agent
            .iter_mut()
            .for_each(|agent| agent.disabled = true),
        _ => {}
    }
    if choices.one_in(2) {
        call.user = Some(User {
            id: choices.of(&["ada", "eve"]).to_owned(),
            ..User::default()
        });
    }
    if choices.one_in(2) {
        call.context = Arguments::parse(&object(choices, &["risk"]))?;
    }
    Ok(call)
}

fn object(choices: &mut Choices<'_>, names: &[&str]) -> String {
    let mut fields = Vec::new();
    for name in names {
        if !choices.one_in(3) {
            fields.push(format!("\"{name}\": {}", choices.of(&VALUES)));
        }
    }
    format!("{{{}}}", fields.join(", "))
}
