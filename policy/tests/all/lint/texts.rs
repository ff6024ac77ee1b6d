//! Texts that lint has something to say of.

use veto_policy::DiagnosticCode as Code;

use super::{one, policy};

const TOOL: &str = "apiVersion: veto/v1\nkind: Tool\nmetadata: { name: mail.send, labels: [reaches-others] }\n\
    input: { properties: { to: { type: string }, body: { type: string } }, required: [to, body] }\n---\n";

/// One text for each code of lint; each must be found with its own code.
pub(crate) fn texts() -> Vec<(Code, String)> {
    let two = |first: &str, second: &str| {
        policy(
            "p",
            &[&format!("id: one, {first}"), &format!("id: two, {second}")],
        )
    };
    let allow = |arguments: &str| {
        one(&format!(
            "tools: [t], effect: allow, arguments: {{ {arguments} }}"
        ))
    };
    vec![
        (
            Code::UnreachableRule,
            allow("n: { type: number, minimum: 5, maximum: 3 }"),
        ),
        (
            Code::UnreachableRule,
            one(
                "tools: [t], effect: allow, arguments: { n: { type: number, maximum: 50 } }, when: args.n > 100",
            ),
        ),
        (
            Code::UnreachableRule,
            TOOL.to_owned()
                + &one("tools: [mail.send], effect: deny, arguments: { cc: { type: string } }"),
        ),
        (
            Code::UnreachableRule,
            TOOL.to_owned()
                + &one("tools: [mail.send], effect: allow, arguments: { to: { type: string } }"),
        ),
        (
            Code::UnreachableRule,
            TOOL.to_owned()
                + &one(
                    "tools: { labels: [reaches-others] }, effect: deny, arguments: { to: { type: number } }",
                ),
        ),
        (
            Code::ShadowedRule,
            two(
                "tools: [a.b], effect: allow, arguments: {}",
                "tools: ['a.*'], effect: deny",
            ),
        ),
        (
            Code::ShadowedRule,
            two(
                "tools: [a.b], effect: allow, arguments: {}",
                "tools: [a.b], effect: require_approval, approval: { approvers: [role:lead] }",
            ),
        ),
        (
            Code::RedundantRule,
            two(
                "tools: [t], effect: allow, arguments: { n: { type: integer, minimum: 1, maximum: 5 } }",
                "tools: ['t*'], effect: allow, arguments: { n: { type: number, maximum: 10 } }",
            ),
        ),
        (
            Code::UnmatchedTool,
            TOOL.to_owned() + &one("tools: [mail.sned], effect: deny"),
        ),
        (
            Code::UnmatchedTool,
            TOOL.to_owned() + &one("tools: ['post.*'], effect: deny"),
        ),
        (
            Code::UnmatchedTool,
            TOOL.to_owned() + &one("tools: { labels: [reaches-other] }, effect: deny"),
        ),
        (
            Code::AllowAll,
            one("tools: ['**'], effect: allow, arguments: any"),
        ),
        (
            Code::AllowAll,
            one("tools: ['**'], effect: allow, arguments: any")
                .replace("roles: [r]", "agents: ['**']"),
        ),
        (
            Code::FilterWithoutContract,
            two(
                "tools: [t], effect: allow, arguments: any",
                "tools: [t], effect: require_approval, approval: { approvers: [role:lead] }, arguments: { n: { type: number, minimum: 5 } }",
            ),
        ),
        (
            Code::FilterWithoutContract,
            one("tools: ['t*'], effect: deny, arguments: { n: { const: 5 } }")
                + "---\n"
                + &policy(
                    "q",
                    &["id: all, tools: [tt], effect: allow, arguments: any"],
                ),
        ),
        (
            Code::UnanchoredPattern,
            allow("s: { type: string, pattern: '^a|b$' }"),
        ),
        (
            Code::UnanchoredPattern,
            allow("s: { type: array, items: { type: string, pattern: '^https://' } }"),
        ),
        (Code::UntypedBound, allow("n: { maximum: 5 }")),
        (
            Code::UntypedBound,
            allow(
                "o: { type: object, additionalProperties: false, properties: { s: { maxLength: 3 } } }",
            ),
        ),
        (
            Code::UnusedName,
            "apiVersion: veto/v1\nkind: List\nmetadata: { name: l }\nvalues: [a]\n---\n".to_owned()
                + "apiVersion: veto/v1\nkind: Schema\nmetadata: { name: s }\nschema: { type: string }\n---\n"
                + &one("tools: [t], effect: deny"),
        ),
        (
            Code::UnusedName,
            one("tools: [t], effect: deny") + "definitions: { s: { type: string } }\n",
        ),
        (
            Code::UnusedAcceptance,
            one("tools: [t], effect: deny") + "# veto: allow(allow-al, allow-all)\n",
        ),
        (
            Code::UnusedAcceptance,
            one("tools: [t], effect: deny") + "# veto: ignore\n",
        ),
    ]
}
