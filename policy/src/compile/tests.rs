use super::*;
use crate::diagnostic::DiagnosticCode as Code;

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
    assert!(set.vocabulary.lists["hosts"].contains_text("A.EXAMPLE."));
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
    assert_eq!(set.rule_count(), 2_000);
    let names = |set: &PolicySet, tool: &str, roles: &[&str]| {
        set.index.candidates(tool, &agent(roles)).len()
    };
    assert_eq!(names(&set, "t7", &["r"]), 1);
    assert_eq!((names(&set, "t7", &[]), set.index.names("t7")), (0, true));
    assert_eq!(
        (names(&set, "u7", &["r"]), set.index.names("u7")),
        (0, false)
    );
}

fn agent(roles: &[&str]) -> crate::Agent {
    crate::Agent {
        id: veto_core::AgentId::new("a").unwrap(),
        roles: roles
            .iter()
            .map(|role| veto_core::Role::new(role).unwrap())
            .collect(),
        labels: BTreeMap::new(),
        disabled: false,
    }
}

fn rule_ids(set: &PolicySet, tool: &str) -> Vec<String> {
    let rules = set.index.candidates(tool, &agent(&["r"]));
    let mut ids: Vec<_> = rules.iter().map(ToString::to_string).collect();
    ids.sort();
    ids
}

#[test]
fn an_update_gives_what_compiling_anew_gives() {
    let rules = |name: &str, tools: &str| {
        let head =
            "apiVersion: veto/v1\nkind: Policy\nsubjects: { roles: [r], agents: ['a*', a] }\n";
        format!(
            "{head}metadata: {{ name: {name} }}\nrules:\n  - {{ id: one, tools: [{tools}], effect: deny }}\n"
        )
    };
    let before = [
        source("a.yaml", &rules("a", "t, u, 'x.*'")),
        source("b.yaml", &rules("b", "t, '**.z', '*'")),
    ];
    let after = [
        source("b.yaml", &rules("b", "u, 'x.*'")),
        source("c.yaml", &rules("c", "t, '**.z'")),
    ];
    let set = compile(&before).unwrap().set;
    let updated = set
        .update(&after, &["a.yaml", "b.yaml", "c.yaml"])
        .unwrap()
        .set;
    let anew = compile(&after).unwrap().set;
    for tool in ["t", "u", "x.y", "a.z", "x.z", "none"] {
        assert_eq!(rule_ids(&updated, tool), rule_ids(&anew, tool), "{tool}");
        assert_eq!(updated.index.names(tool), anew.index.names(tool), "{tool}");
    }
    assert_eq!(updated.policy_count(), 2);
    // The set that was updated decides as before.
    assert_eq!(rule_ids(&set, "t"), ["a/one", "b/one"]);
}

#[test]
fn an_update_that_fails_or_touches_what_is_shared_is_as_careful_as_compiling_anew() {
    let files = |list: &str| [source("a.yaml", &policy("p")), source("l.yaml", list)];
    let set = compile(&files(LIST)).unwrap().set;
    let wider = LIST.replace("[a.example]", "[a.example, b.example]");
    let updated = set.update(&files(&wider), &["l.yaml"]).unwrap().set;
    assert!(updated.vocabulary.lists["hosts"].contains_text("b.example"));
    // Without the list, the policy that uses it no longer compiles.
    let left = [source("a.yaml", &policy("p"))];
    let refused = set.update(&left, &["l.yaml"]).unwrap_err();
    assert_eq!(refused.0[0].code, Code::UnknownList);
    // A name that is taken stays taken.
    let again = [
        source("a.yaml", &policy("p")),
        source("b.yaml", &policy("p")),
        source("l.yaml", LIST),
    ];
    let refused = set.update(&again, &["b.yaml"]).unwrap_err();
    assert_eq!(refused.0[0].code, Code::DuplicateName);
}

#[test]
fn a_file_that_stands_twice_and_a_kind_in_disguise_are_refused() {
    let twice = [source("a.yaml", &policy("p")), source("a.yaml", LIST)];
    assert!(compile(&twice).is_err());
    let text = LIST.replace("List", "\"Li\\x73t\"");
    let refused = compile(&[source("a.yaml", &text)]).unwrap_err();
    assert_eq!(refused.0[0].code, Code::UnknownKind);
}
