use super::*;
use crate::compile::compile;

#[test]
fn what_was_not_compared_is_said() {
    let rule =
        |n: usize| format!("  - {{ id: r{n}, tools: [t], effect: deny, when: args.n == {n} }}\n");
    let head = "apiVersion: veto/v1\nkind: Policy\nmetadata: { name: p }\nsubjects: { roles: [r] }\nrules:\n";
    let sources = [Source {
        path: "p.yaml".to_owned(),
        text: (0..20)
            .map(rule)
            .fold(head.to_owned(), |text, rule| text + &rule),
    }];
    let compiled = compile(&sources).unwrap();
    let registry = Registry::default();
    let within = |steps| look(&compiled, &sources, &registry, steps);
    assert_eq!(within(STEPS), []);
    let found = within(300);
    assert_eq!(found.len(), 1);
    let found = &found[0];
    assert_eq!((found.code, found.line), (Code::LintIncomplete, 13));
    insta::assert_snapshot!(crate::diagnostic::render(found, &sources[0]));
}
