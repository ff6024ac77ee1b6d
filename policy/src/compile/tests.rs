use super::*;

fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

const LIST: &str =
    "apiVersion: veto/v1\nkind: List\nmetadata: { name: hosts }\ntype: host\nvalues: [a.example]\n";

fn policy(name: &str) -> String {
    format!(
        "apiVersion: veto/v1\nkind: Policy\nmetadata: {{ name: {name} }}\nsubjects: {{ roles: [r] }}\n\
         rules:\n  - {{ id: one, tools: [t], effect: allow, arguments: {{ h: {{ in: hosts }} }} }}\n"
    )
}

#[test]
fn a_list_serves_policies_of_other_files_whatever_their_order() {
    let files = [source("a.yaml", &policy("p")), source("z.yaml", LIST)];
    let set = compile(&files).unwrap().set;
    assert_eq!((set.policy_count(), set.rule_count()), (1, 1));
    assert!(set.lists["hosts"].contains_text("A.EXAMPLE."));
}

#[test]
fn a_name_is_taken_once_across_files() {
    let files = [
        source("a.yaml", &policy("p")),
        source("b.yaml", &policy("p")),
        source("z.yaml", LIST),
    ];
    let found = compile(&files).unwrap_err();
    assert_eq!(found.0.len(), 1);
    assert_eq!(
        (found.0[0].code, &*found.0[0].path),
        (Code::DuplicateName, "b.yaml")
    );
    assert_eq!(found.code(), veto_core::Code::InvalidPolicy);
}

#[test]
fn it_is_all_or_nothing_and_findings_come_in_order() {
    let files = [
        source("b.yaml", &policy("q").replace("hosts", "hots")),
        source("a.yaml", "kind: ["),
        source("c.yaml", &(policy("p") + "---\n" + LIST)),
    ];
    let found = compile(&files).unwrap_err();
    let places: Vec<_> = found.iter().map(|d| (&*d.path, d.code)).collect();
    assert_eq!(
        places,
        [("a.yaml", Code::YamlSyntax), ("b.yaml", Code::UnknownList)]
    );
    assert!(found.to_string().ends_with("and 1 more"), "{found}");
}

#[test]
fn many_rules_compile_and_only_the_matching_ones_are_looked_at() {
    use std::fmt::Write;
    let mut text = "apiVersion: veto/v1\nkind: Policy\nmetadata: { name: p }\nsubjects: { roles: [r] }\nrules:\n".to_owned();
    for n in 0..2_000 {
        let _ = writeln!(
            text,
            "  - {{ id: r{n}, tools: [t{n}], effect: deny, when: args.x > {n} }}"
        );
    }
    let set = compile(&[source("p.yaml", &text)]).unwrap().set;
    let agent = veto_core::AgentId::new("a").unwrap();
    let role = veto_core::Role::new("r").unwrap();
    assert_eq!(set.rule_count(), 2_000);
    assert_eq!(
        set.index
            .candidates("t7", &agent, std::slice::from_ref(&role))
            .1
            .len(),
        1
    );
    assert_eq!(set.index.candidates("t7", &agent, &[]), (true, Vec::new()));
    assert_eq!(
        set.index.candidates("u7", &agent, &[role]),
        (false, Vec::new())
    );
}
