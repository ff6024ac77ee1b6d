//! What lint says, word for word, and what it accepts.

mod texts;

use std::path::Path;

use veto_policy::{
    DiagnosticCode as Code, Registry, Scaffold, Source, compile, lint, render, scaffold,
};

use super::support::source;
pub(crate) use texts::texts;

fn linted(sources: &[Source], registry: &Registry) -> Vec<veto_policy::Diagnostic> {
    let compiled = compile(sources).unwrap_or_else(|found| panic!("{found}"));
    lint(&compiled, sources, registry)
}

/// Every finding of a text, as people see it.
fn shown(text: &str) -> String {
    let source = source(text);
    let found = linted(std::slice::from_ref(&source), &Registry::default());
    let shown: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
    shown.join("\n")
}

fn codes(text: &str) -> Vec<Code> {
    let found = linted(&[source(text)], &Registry::default());
    found.into_iter().map(|d| d.code).collect()
}

/// A policy with rules, one to a line.
fn policy(name: &str, rules: &[&str]) -> String {
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| format!("  - {{ {rule} }}\n"))
        .collect();
    format!(
        "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: {name} }}\nsubjects: {{ roles: [r] }}\nrules:\n{}",
        rules.join("")
    )
}

fn one(rule: &str) -> String {
    policy("p", &[&format!("id: one, {rule}")])
}

#[test]
fn every_code_of_lint_is_found_and_points_somewhere() {
    let mut all = String::new();
    for (code, text) in texts() {
        assert!(
            codes(&text).contains(&code),
            "{code} in:\n{text}\n{}",
            shown(&text)
        );
        all += &shown(&text);
        all += "\n";
    }
    insta::assert_snapshot!(all);
}

#[test]
fn roles_and_agents_are_looked_up_where_they_are_known() {
    let text = one("tools: [t], effect: deny").replace(
        "{ roles: [r] }",
        "{ roles: [suport, sales], agents: [bot, 'crm.*', 'ops-*'] }",
    );
    let source = source(&text);
    let registry = Registry {
        roles: Some(
            ["support", "sales"]
                .map(|r| veto_core::Role::new(r).unwrap())
                .into(),
        ),
        agents: Some(
            ["bot", "ops-1"]
                .map(|a| veto_core::AgentId::new(a).unwrap())
                .into(),
        ),
        ..Registry::default()
    };
    let found = linted(std::slice::from_ref(&source), &registry);
    let shown: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    warning[unmatched-subject]: no agent can hold the role `suport`
     --> policy.yaml:4:21
      |
    4 | subjects: { roles: [suport, sales], agents: [bot, 'crm.*', 'ops-*'] }
      |                     ^^^^^^
      = help: did you mean `support`?

    warning[unmatched-subject]: no registered agent is called `crm.*`
     --> policy.yaml:4:51
      |
    4 | subjects: { roles: [suport, sales], agents: [bot, 'crm.*', 'ops-*'] }
      |                                                   ^^^^^^^
      = help: Correct the name, or remove it.
    ");
    assert!(found.iter().all(|d| d.code == Code::UnmatchedSubject));
    assert_eq!(linted(&[source], &Registry::default()), []);
}

#[test]
fn tools_of_a_registry_are_known_too() {
    let text = one("tools: [mail.sent], effect: deny");
    let registry = Registry {
        tools: ["mail.send"]
            .map(|t| veto_core::ToolName::new(t).unwrap())
            .into(),
        ..Registry::default()
    };
    let found = linted(&[source(&text)], &registry);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].code, &*found[0].help),
        (Code::UnmatchedTool, "did you mean `mail.send`?")
    );
}

#[test]
fn what_only_seems_to_be_covered_is_left_alone() {
    let approval = "approval: { approvers: [role:lead] }";
    let fine = [
        // The deny holds for a time, for some values, for other agents, or on trial.
        "tools: [t], effect: deny, not_after: '2030-01-01T00:00:00Z'".to_owned(),
        "tools: [t], effect: deny, arguments: { n: { type: number, minimum: 9 } }".to_owned(),
        "tools: [t], effect: deny, when: agent.id == 'x'".to_owned(),
        "tools: [t], effect: deny, mode: shadow".to_owned(),
        "tools: ['t.*'], effect: deny".to_owned(),
        // It needs the allow.
        format!("tools: [t], effect: require_approval, only_if_allowed: true, {approval}"),
    ];
    for other in fine {
        let text = policy(
            "p",
            &[
                "id: one, tools: [t], effect: allow, arguments: { n: { type: number } }",
                &format!("id: two, {other}"),
            ],
        );
        assert_eq!(codes(&text), [], "{other}");
    }
    // A reason, a severity or another set of approvers is something to say.
    for own in [
        "reason: Because., effect: deny",
        "severity: high, effect: deny",
    ] {
        let text = policy(
            "p",
            &[
                &format!("id: one, tools: [t.a], {own}"),
                "id: two, tools: ['t.*'], effect: deny",
            ],
        );
        assert_eq!(codes(&text), [], "{own}");
    }
}

#[test]
fn what_can_match_is_not_called_unreachable() {
    for rule in [
        // Text passes both bounds; null and nothing pass an optional argument; a person is asked.
        "effect: allow, arguments: { n: { minimum: 5, maximum: 3 } } # veto: allow(untyped-bound)",
        "effect: allow, arguments: { n: { type: number, minimum: 5, maximum: 3 } }, optional: [n]",
        "effect: allow, arguments: { n: { type: number, minimum: 5, maximum: 3 } }, otherwise: require_approval, approval: { approvers: [user] }",
        // A pattern beside one that describes the whole text may search.
        "effect: allow, arguments: { s: { type: string, pattern: '^[a-z/]*$', allOf: [{ pattern: '^/tmp/' }] } }",
        // A deny whose condition fails matches.
        "effect: deny, when: args.n > 5 && args.n < 3",
        "effect: allow, arguments: { n: { type: number } }, when: args.n > 5 || args.n < 3",
    ] {
        let (rule, comment) = rule.split_once(" # ").unwrap_or((rule, ""));
        let text = one(&format!("tools: [t], {rule}"));
        let text = text.trim_end().to_owned() + " # " + comment + "\n";
        assert_eq!(codes(&text), [], "{rule}");
    }
    let contradicting =
        "effect: allow, arguments: { n: { type: number } }, when: args.n > 5 && args.n < 3";
    assert_eq!(
        codes(&one(&format!("tools: [t], {contradicting}"))),
        [Code::UnreachableRule]
    );
}

#[test]
fn a_comment_accepts_a_finding_on_its_line_and_on_the_next() {
    let bad = "tools: ['**'], effect: allow, arguments: any }";
    let head = policy("p", &[]);
    let text = |above: &str, beside: &str| format!("{head}{above}  - {{ id: one, {bad}{beside}\n");
    assert_eq!(codes(&text("", "")), [Code::AllowAll]);
    assert_eq!(codes(&text("", " # veto: allow(allow-all)")), []);
    assert_eq!(
        codes(&text(
            "  # veto: allow(allow-all) until it is named\n  # Why.\n",
            ""
        )),
        []
    );
    assert_eq!(
        codes(&text("  # veto: allow(allow-all)\n\n", "")),
        [Code::UnusedAcceptance, Code::AllowAll]
    );
    assert_eq!(codes(&text("", " # veto: equivalent")), [Code::AllowAll]);
    // Text that looks like such a comment is none.
    let quoted = text("", "").replace("effect", "description: '# veto: allow(allow-all)', effect");
    assert_eq!(codes(&quoted), [Code::AllowAll]);
    // A warning of the compilation is accepted alike.
    let warned = one("tools: [t], effect: deny, when: 1 == 1");
    assert_eq!(codes(&warned), [Code::ConditionConstant]);
    let accepted = warned.replace("  - {", "  # veto: allow(condition-constant)\n  - {");
    assert_eq!(codes(&accepted), []);
}

fn folder(name: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.ends_with("_test.yaml") {
            let text = std::fs::read_to_string(path).unwrap();
            sources.push(Source { path: name, text });
        }
    }
    sources
}

#[test]
fn the_examples_come_out_clean() {
    let mut folders = vec!["first".to_owned(), "agentdojo/policies".to_owned()];
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/mcp");
    for entry in std::fs::read_dir(servers).unwrap() {
        folders.push(format!("mcp/{}", entry.unwrap().file_name().display()));
    }
    for name in folders {
        let sources = folder(&name);
        let found = linted(&sources, &Registry::default());
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{name}:\n{}", shown.join("\n"));
    }
}

#[test]
fn what_a_first_directory_holds_comes_out_clean() {
    for kind in Scaffold::ALL {
        let name = veto_core::PolicyName::new("first").unwrap();
        let mut sources = scaffold(&name, kind);
        sources.retain(|s| s.path.ends_with(".yaml") && !s.path.ends_with("_test.yaml"));
        assert_eq!(
            linted(&sources, &Registry::default()),
            [],
            "{}",
            kind.as_str()
        );
    }
}

/// The blocks of a page that are policies.
fn blocks(page: &str) -> Vec<Source> {
    let blocks = page.split("```yaml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    blocks
        .filter(|text| {
            text.starts_with("apiVersion: veto/v1\nkind: Policy") || text.contains("\nrules:")
        })
        .map(source)
        .collect()
}

#[test]
fn the_recipes_come_out_clean() {
    for source in blocks(include_str!("../../../docs/recipes.md")) {
        let found = linted(std::slice::from_ref(&source), &Registry::default());
        let shown: Vec<_> = found.iter().map(|d| render(d, &source)).collect();
        assert!(found.is_empty(), "{}", shown.join("\n"));
    }
}

#[test]
fn a_large_set_is_looked_at_as_a_whole() {
    use std::fmt::Write as _;
    // Rules for tools of their own under one deny: each is found, and pairs are found by tool.
    let mut sources = Vec::new();
    for file in 0..10 {
        let mut rules = String::new();
        for n in 0..1_000 {
            let _ = writeln!(
                rules,
                "  - {{ id: r{n}, tools: [t{file}.x{n}], effect: allow, arguments: {{ a: {{ type: number, maximum: {n} }} }} }}"
            );
        }
        sources.push(Source {
            path: format!("{file}.yaml"),
            text: policy(&format!("p{file}"), &[]) + &rules,
        });
    }
    assert_eq!(linted(&sources, &Registry::default()), []);
    sources[0].text += "  - { id: stop, tools: ['t3.**'], effect: deny }\n";
    let found = linted(&sources, &Registry::default());
    assert_eq!(found.len(), 1_000);
    assert!(
        found
            .iter()
            .all(|d| d.code == Code::ShadowedRule && d.path == "3.yaml")
    );
}
