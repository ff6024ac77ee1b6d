//! The recipes of the documentation do what they say.

use veto_core::Timestamp;
use veto_policy::{Outcome, PolicySet, User, evaluate};

use super::support::{call, set};

const RECIPES: &str = include_str!("../../../docs/recipes.md");

/// The policies under a heading.
fn recipe(heading: &str) -> PolicySet {
    let (_, section) = RECIPES.split_once(&format!("## {heading}\n")).unwrap();
    let (_, block) = section.split_once("```yaml\n").unwrap();
    set(block.split("```").next().unwrap())
}

const NOON: &str = "2026-05-03T12:00:00Z";

fn outcome(set: &PolicySet, role: &str, tool: &str, arguments: &str) -> Outcome {
    let now = Timestamp::parse(NOON).unwrap();
    evaluate(set, &call(&[role], tool, arguments), now).outcome
}

#[test]
fn known_payees_are_paid_and_others_are_confirmed() {
    let set = recipe("Known payees outright, others by a person");
    let pay = |to: &str, amount: &str| {
        let arguments = format!(r#"{{"recipient":"{to}","amount":{amount}}}"#);
        outcome(&set, "finance", "payments.send", &arguments)
    };
    assert_eq!(pay("DE89 3704 0044 0532 0130 00", "500"), Outcome::Allow);
    assert_eq!(pay("DE89370400440532013000", "500.01"), Outcome::Approval);
    assert_eq!(pay("GB29NWBK60161331926819", "1"), Outcome::Approval);
    assert_eq!(pay("DE89370400440532013000", "10001"), Outcome::Deny);
    assert_eq!(pay("DE89370400440532013000", "\"5\""), Outcome::Deny);
}

#[test]
fn only_known_hosts_are_opened_however_they_are_written() {
    let set = recipe("Only to hosts that we know");
    let open = |url: &str| {
        let arguments = serde_json::json!({ "url": url }).to_string();
        outcome(&set, "research", "browser.open", &arguments)
    };
    assert_eq!(open("https://docs.example.com/a?b"), Outcome::Allow);
    assert_eq!(open("https://DOCS.example.com./"), Outcome::Allow);
    for bad in [
        "http://docs.example.com",
        "https://docs.example.com.evil.example",
        "https://docs.example.com@evil.example/",
        "https://evil.example\\@docs.example.com/",
    ] {
        assert_eq!(open(bad), Outcome::Deny, "{bad}");
    }
}

#[test]
fn readers_use_what_is_labelled() {
    let set = recipe("Only what reads");
    let ask = |tool: &str, arguments: &str| {
        let mut call = call(&["any"], tool, arguments);
        let agent = call.agent.as_mut().unwrap();
        agent.labels = [("tier".to_owned(), "trial".to_owned())].into();
        evaluate(&set, &call, Timestamp(0)).outcome
    };
    assert_eq!(ask("crm.find", r#"{"query":"a"}"#), Outcome::Allow);
    assert_eq!(ask("crm.find", r#"{"query":1}"#), Outcome::Deny);
    assert_eq!(ask("crm.drop", "{}"), Outcome::Deny);
}

#[test]
fn a_window_opens_and_closes() {
    let set = recipe("A change window");
    let at = |agent: &str, tool: &str, time: &str| {
        let mut call = call(&["support"], tool, r#"{"table":"orders"}"#);
        call.agent.as_mut().unwrap().id = veto_core::AgentId::new(agent).unwrap();
        evaluate(&set, &call, Timestamp::parse(time).unwrap()).reason
    };
    let code = |time: &str| at("migrator", "database.copy_table", time).code.as_str();
    assert_eq!(code(NOON), "allowed");
    assert_ne!(code("2026-05-04T06:00:00Z"), "allowed");
    let refund = |time: &str| at("bot", "payments.refund", time).code.as_str();
    assert_eq!(refund("2026-05-03T03:00:00Z"), "denied_by_rule");
    assert_eq!(refund(NOON), "no_matching_rule");
}

#[test]
fn people_reach_what_is_their_own() {
    let set = recipe("On behalf of a person");
    let mut asked = call(
        &["assistant"],
        "calendar.read",
        r#"{"owner":"ann@example.com"}"#,
    );
    assert_eq!(evaluate(&set, &asked, Timestamp(0)).outcome, Outcome::Deny);
    asked.user = Some(User {
        email: "ann@example.com".to_owned(),
        ..User::default()
    });
    assert_eq!(evaluate(&set, &asked, Timestamp(0)).outcome, Outcome::Allow);
    assert_eq!(
        outcome(&set, "assistant", "calendar.invite", "{}"),
        Outcome::Approval
    );
}

#[test]
fn a_secret_is_kept_out_of_the_record() {
    let set = recipe("Secrets stay out of records");
    let asked = call(
        &["helpdesk"],
        "accounts.set_password",
        r#"{"password":"hunter2"}"#,
    );
    let decision = evaluate(&set, &asked, Timestamp(0));
    assert_eq!(decision.outcome, Outcome::Approval);
    let kept = decision.redaction.apply(&asked.arguments).canonical();
    assert_eq!(kept, r#"{"password":"[redacted]"}"#);
}

#[test]
fn a_rule_in_shadow_mode_is_seen_and_changes_nothing() {
    let set = recipe("Trying a rule before it counts");
    let asked = call(&["any"], "crm.export", r#"{"rows":5000}"#);
    let decision = evaluate(&set, &asked, Timestamp(0));
    assert!(
        decision
            .matched
            .iter()
            .any(|m| m.shadow && m.rule.as_str() == "no-bulk")
    );
    assert_ne!(decision.reason.code.as_str(), "denied_by_rule");
}
