use veto_core::{AgentId, Role};
use veto_policy::import::{Format, Options, Unmatched};
use veto_policy::{Outcome, evaluate};

use super::super::support::{NOON, call};
use super::{from, reasons, set, text};

const LEAVE: &str = r#"
apiVersion: api.cerbos.dev/v1
derivedRoles:
  name: common
  variables:
    local:
      mine: R.attr.owner == P.id
  definitions:
    - name: owner
      parentRoles: [employee]
      condition:
        match: { expr: V.mine }
    - name: boss
      parentRoles: [manager]
      condition:
        match:
          all:
            of:
              - expr: request.resource.attr.region == request.principal.attr.region
              - none: { of: [ { expr: "R.attr.status in constants.closed" } ] }
  constants:
    local: { closed: [DONE, "CAN'T"] }
---
apiVersion: api.cerbos.dev/v1
description: Who may do what with a request for leave.
resourcePolicy:
  resource: leave
  version: default
  importDerivedRoles: [common]
  constants:
    local: { most: 30 }
  variables:
    local: { long: "size(R.attr.days) > C.most || R.attr.urgent" }
  schemas: { resourceSchema: { ref: x } }
  rules:
    - name: admins-do-all
      actions: ['*']
      effect: EFFECT_ALLOW
      roles: [admin]
    - actions: [view, edit]
      effect: EFFECT_ALLOW
      derivedRoles: [owner]
    - name: approve
      actions: [approve]
      effect: EFFECT_ALLOW
      derivedRoles: [boss]
      condition:
        match:
          any:
            of:
              - expr: '!variables.long'
              - expr: "R.attr.note == \"R.attr.note\" && R.kind == 'leave'"
    - name: not-later
      actions: [edit]
      effect: EFFECT_DENY
      roles: ['*']
      condition:
        match:
          expr: |
            timestamp(R.attr.from) // R.attr.to is not looked at
              < now()
      output: { when: { ruleActivated: '"late"' } }
    - name: jwt
      actions: [edit]
      effect: EFFECT_DENY
      roles: [employee]
      condition: { match: { expr: request.auxData.jwt.aud == "x" } }
    - name: network
      actions: [edit]
      effect: EFFECT_DENY
      roles: [employee]
      condition: { match: { expr: 'P.attr.ip.isSomewhere("10.0.0.0/8")' } }
    - name: parts
      actions: ['view:*']
      effect: EFFECT_ALLOW
      roles: [employee]
    - name: nobody
      actions: [view]
      effect: EFFECT_ALLOW
      derivedRoles: [stranger]
"#;

fn outcome(roles: &[&str], tool: &str, arguments: &str) -> Outcome {
    let imported = from(Format::Cerbos, LEAVE, &Options::default());
    let mut call = call(roles, tool, arguments);
    let agent = call.agent.as_mut().unwrap();
    agent.id = AgentId::new("ann").unwrap();
    agent.roles = roles.iter().map(|role| Role::new(role).unwrap()).collect();
    agent.labels = [("region".to_owned(), "north".to_owned())].into();
    evaluate(&set(&imported), &call, NOON).outcome
}

#[test]
fn a_resource_policy_reads_as_policies_by_role() {
    let imported = from(Format::Cerbos, LEAVE, &Options::default());
    insta::assert_snapshot!(text(&imported));
}

#[test]
fn what_does_not_map_is_listed_with_a_reason() {
    let imported = from(Format::Cerbos, LEAVE, &Options::default());
    insta::assert_snapshot!(reasons(&imported.unmapped));
    let notes: Vec<_> = imported
        .notes
        .iter()
        .map(|note| note.message.as_str())
        .collect();
    insta::assert_snapshot!("notes", notes.join("\n"));
}

#[test]
fn roles_derived_roles_and_conditions_decide_as_written() {
    let mine = r#"{"owner": "ann", "from": "2030-01-01T00:00:00Z"}"#;
    let late = r#"{"owner": "ann", "from": "2020-01-01T00:00:00Z"}"#;
    let theirs = r#"{"owner": "bob", "from": "2030-01-01T00:00:00Z"}"#;
    for (roles, tool, arguments, wanted) in [
        (&["admin"][..], "leave.view", "{}", Outcome::Allow),
        (&["admin"], "leave.a.b", "{}", Outcome::Allow),
        (&["admin"], "other.view", "{}", Outcome::Deny),
        (&["employee"], "leave.edit", mine, Outcome::Allow),
        (&["employee"], "leave.edit", late, Outcome::Deny),
        (&["employee"], "leave.edit", theirs, Outcome::Deny),
        (&["employee"], "leave.approve", mine, Outcome::Deny),
        (&["manager"], "leave.edit", mine, Outcome::Deny),
        // A deny that cannot be evaluated denies.
        (&["admin"], "leave.edit", "{}", Outcome::Deny),
    ] {
        assert_eq!(
            outcome(roles, tool, arguments),
            wanted,
            "{roles:?} {tool} {arguments}"
        );
    }
    let approve = |region: &str, status: &str, days: usize| {
        let days = vec!["1"; days].join(",");
        let arguments = format!(
            r#"{{"region": "{region}", "status": "{status}", "days": [{days}], "urgent": false, "note": ""}}"#
        );
        outcome(&["manager"], "leave.approve", &arguments)
    };
    assert_eq!(approve("north", "OPEN", 3), Outcome::Allow);
    assert_eq!(approve("south", "OPEN", 3), Outcome::Deny);
    assert_eq!(approve("north", "CAN'T", 3), Outcome::Deny);
    assert_eq!(approve("north", "OPEN", 31), Outcome::Deny);
    // The condition of the role holds for each of the alternatives.
    let noted = r#"{"region": "south", "status": "OPEN", "days": [], "urgent": true, "note": "R.attr.note"}"#;
    assert_eq!(outcome(&["manager"], "leave.approve", noted), Outcome::Deny);
    let noted = noted.replace("south", "north");
    assert_eq!(
        outcome(&["manager"], "leave.approve", &noted),
        Outcome::Allow
    );
}

#[test]
fn what_is_no_resource_policy_is_left_out() {
    let told: String = [
        "apiVersion: api.cerbos.dev/v1\nprincipalPolicy: { principal: ann, version: default }\n",
        "apiVersion: api.cerbos.dev/v1\ndisabled: true\nresourcePolicy: { resource: a, version: default }\n",
        "apiVersion: api.cerbos.dev/v1\nresourcePolicy: { resource: a, version: default, scope: acme }\n",
        "apiVersion: v1\nkind: Pod\n",
        "a: b: c\n",
    ]
    .iter()
    .map(|text| reasons(&from(Format::Cerbos, text, &Options::default()).unmapped))
    .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn one_version_of_a_resource_is_enforced() {
    let rules = "rules: [{actions: [view], effect: EFFECT_ALLOW, roles: [a]}]";
    let policy = |version: &str| {
        format!(
            "apiVersion: api.cerbos.dev/v1\nresourcePolicy: {{resource: r, version: {version}, {rules}}}\n"
        )
    };
    let both = format!("{}---\n{}", policy("default"), policy("beta"));
    let options = Options {
        unmatched: Unmatched::Allow,
        ..Options::default()
    };
    let imported = from(Format::Cerbos, &both, &options);
    assert_eq!(imported.mapped.len(), 1);
    assert!(reasons(&imported.unmapped).contains("version `beta` of `r`"));
    let asked = call(&["b"], "r.view", "{}");
    assert_eq!(
        evaluate(&set(&imported), &asked, NOON).outcome,
        Outcome::Allow
    );
}
