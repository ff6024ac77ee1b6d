//! First directories keep what they promise: no finding, formatted, and their tests hold.

use veto_core::PolicyName;
use veto_policy::{Outcome, Scaffold, compile, evaluate, format, render, scaffold};

use super::editor::assert_fine;
use super::format::values;
use super::support::{NOON, call};

fn name() -> PolicyName {
    PolicyName::new("first-steps").unwrap()
}

#[test]
fn every_flavour_compiles_without_a_finding_and_is_formatted() {
    let long = PolicyName::new(&"n".repeat(63)).unwrap();
    for kind in Scaffold::ALL {
        for name in [name(), long.clone()] {
            for file in scaffold(&name, kind) {
                if !file.path.ends_with(".yaml") {
                    continue;
                }
                assert_eq!(format(&file).unwrap(), file.text, "{}", file.path);
                assert_fine(&file.path, &file.text);
                if file.path.ends_with("_test.yaml") {
                    continue;
                }
                let found = match compile(std::slice::from_ref(&file)) {
                    Ok(compiled) => compiled.warnings,
                    Err(found) => found.0,
                };
                let found: Vec<_> = found.iter().map(|found| render(found, &file)).collect();
                assert!(found.is_empty(), "{}", found.join("\n"));
            }
        }
    }
}

#[test]
fn the_tests_of_every_flavour_hold() {
    for kind in Scaffold::ALL {
        let files = scaffold(&name(), kind);
        let set = compile(&files[..1]).unwrap().set;
        let suites = values(&files[1].text);
        let mut ran = 0;
        for case in suites[0]["cases"].as_array().unwrap() {
            let agent = case["agent"].as_str().unwrap();
            let roles = suites[0]["agents"][agent]["roles"].as_array().unwrap();
            let roles: Vec<_> = roles.iter().map(|role| role.as_str().unwrap()).collect();
            let arguments = case["arguments"].to_string();
            let call = call(&roles, case["tool"].as_str().unwrap(), &arguments);
            let decision = evaluate(&set, &call, NOON);
            let outcome = match case["expect"].as_str().unwrap() {
                "allow" => Outcome::Allow,
                "approval" => Outcome::Approval,
                _ => Outcome::Deny,
            };
            assert_eq!(
                decision.outcome, outcome,
                "{case}: {}",
                decision.reason.message
            );
            if let Some(rule) = case["rule"].as_str() {
                let matched = decision
                    .matched
                    .iter()
                    .any(|found| format!("{}/{}", found.policy, found.rule) == rule);
                assert!(matched, "{case}: {:?}", decision.matched);
            }
            ran += 1;
        }
        assert!(ran >= 5, "{}", kind.as_str());
    }
}

#[test]
fn flavours_read_back_and_files_are_named_for_the_policy() {
    for kind in Scaffold::ALL {
        assert_eq!(Scaffold::parse(kind.as_str()), Some(kind));
        let paths: Vec<_> = scaffold(&name(), kind)
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(
            paths,
            [
                "policies/first-steps.yaml",
                "policies/first-steps_test.yaml",
                ".vscode/settings.json",
                ".vscode/veto-v1.schema.json",
            ]
        );
    }
    assert_eq!(Scaffold::parse("nothing"), None);
}
