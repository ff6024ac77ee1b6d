//! What the diff says of edits that people make.

use veto_policy::diff::{Direction, Side, semantic};
use veto_policy::matrix::{TooLarge, Wanted};
use veto_policy::{PolicySet, Source};

use super::super::matrix::example::{POLICY, large};
use super::super::support::source;
use super::differ;

const BASE: &str = "\
apiVersion: veto/v1
kind: Policy
metadata: { name: refunds }
subjects: { roles: [support] }
approval: { approvers: [role:lead], quorum: 2, expires: 1h }
rules:
  - id: small
    tools: [payments.refund]
    effect: allow
    arguments:
      amount: { type: number, exclusiveMinimum: 0, maximum: 50 }
      currency: { enum: [EUR, USD] }
      to: { in: payees }
      order: { type: string, pattern: '^O-[0-9]{6}$', maxLength: 8 }
    optional: [currency]
    when: args.amount < 500 && agent.labels.team == 'money'
  - id: large
    tools: [payments.refund]
    effect: require_approval
    arguments: { amount: { type: number, exclusiveMinimum: 20 } }
    when: args.to in lists.payees
  - id: export
    tools: ['**.export']
    effect: deny
    arguments: { rows: { type: integer, minimum: 100 } }
  - id: any-export
    tools: ['**.export']
    effect: allow
    arguments: any
  - id: transfer
    tools: [payments.transfer]
    effect: allow
    arguments: { amount: { type: number, maximum: 10 } }
    otherwise: require_approval
---
apiVersion: veto/v1
kind: Tool
metadata: { name: payments.transfer }
input:
  properties: { amount: { type: number, maximum: 1000 }, note: { type: string } }
  required: [amount]
---
apiVersion: veto/v1
kind: List
metadata: { name: payees }
type: iban
values: [DE89370400440532013000, GB29NWBK60161331926819]
";

fn direction(from: &str, to: &str) -> Option<Direction> {
    assert!(BASE.contains(from), "{from}");
    let new = BASE.replacen(from, to, 1);
    let changes = differ(&[source(BASE)], &[source(&new)]);
    let mut directions = changes.changes.iter().map(|change| change.direction);
    let first = directions.next();
    assert!(
        directions.all(|other| Some(other) == first),
        "{}",
        changes.to_text()
    );
    first
}

#[test]
fn an_edit_is_looser_one_way_and_stricter_the_other() {
    use Direction::{Looser, Stricter};
    for (from, to, wanted) in [
        (
            "exclusiveMinimum: 0, maximum: 50 }",
            "exclusiveMinimum: 0, maximum: 80 }",
            Looser,
        ),
        (
            "exclusiveMinimum: 0, maximum: 50 }",
            "minimum: 0, maximum: 50 }",
            Looser,
        ),
        (
            "exclusiveMinimum: 0, maximum: 50 }",
            "exclusiveMinimum: 0 }",
            Looser,
        ),
        (
            "{ type: number, exclusiveMinimum: 0,",
            "{ type: integer, exclusiveMinimum: 0,",
            Stricter,
        ),
        ("enum: [EUR, USD]", "enum: [EUR]", Stricter),
        ("enum: [EUR, USD]", "const: EUR", Stricter),
        ("enum: [EUR, USD]", "type: string", Looser),
        ("maxLength: 8", "maxLength: 9", Looser),
        ("{6}$'", "{6}$', minLength: 3", Stricter),
        (
            "optional: [currency]",
            "optional: [currency, order]",
            Looser,
        ),
        ("args.amount < 500 && ", "", Looser),
        ("args.amount < 500 && ", "args.amount < 400 && ", Stricter),
        (" && agent.labels.team", " || agent.labels.team", Looser),
        ("minimum: 100", "minimum: 99", Stricter),
        (
            "effect: deny\n    arguments: { rows",
            "effect: deny\n    arguments: { other: true, rows",
            Looser,
        ),
        (
            "arguments: { amount: { type: number, maximum: 10 } }",
            "arguments: { amount: { type: number, maximum: 20 } }",
            Looser,
        ),
        ("    otherwise: require_approval\n", "", Stricter),
        ("quorum: 2", "quorum: 3", Stricter),
        ("expires: 1h", "expires: 2h", Looser),
        (
            "approvers: [role:lead]",
            "approvers: [role:lead, user:ann]",
            Looser,
        ),
        ("expires: 1h", "expires: 1h, independent: true", Stricter),
        ("roles: [support]", "roles: [support, sales]", Looser),
        (
            "tools: [payments.transfer]",
            "tools: [payments.transfer, 'payments.pay*']",
            Looser,
        ),
        ("maximum: 1000", "maximum: 900", Stricter),
        (
            "note: { type: string }",
            "note: { type: string }, more: {}",
            Looser,
        ),
        ("required: [amount]", "required: [amount, note]", Stricter),
        (
            "  - id: any-export\n",
            "  - id: any-export\n    not_after: '2030-01-01T00:00:00Z'\n",
            Stricter,
        ),
        (
            "  - id: export\n",
            "  - id: export\n    mode: shadow\n",
            Looser,
        ),
        (
            "effect: require_approval\n    arguments",
            "effect: require_approval\n    only_if_allowed: true\n    arguments",
            Stricter,
        ),
    ] {
        assert_eq!(direction(from, to), Some(wanted), "{from} → {to}");
        let (old, new) = (BASE.replacen(from, to, 1), BASE);
        let back = differ(&[source(&old)], &[source(new)]);
        let turned = if wanted == Looser { Stricter } else { Looser };
        let all = back.changes.iter().all(|change| change.direction == turned);
        assert!(all && !back.is_empty(), "{from} ← {to}: {}", back.to_text());
    }
}

#[test]
fn what_opens_here_and_closes_there_is_different() {
    for (from, to) in [
        // Between both, what the approval no longer asks for is denied to other teams.
        ("exclusiveMinimum: 20 }", "exclusiveMinimum: 30 }"),
        // A name that is required too.
        ("      currency: {", "      note: true\n      currency: {"),
        (
            "exclusiveMinimum: 0, maximum: 50 }",
            "exclusiveMinimum: 10, maximum: 60 }",
        ),
        ("pattern: '^O-[0-9]{6}$'", "pattern: '^O-[0-9]{1,6}$'"),
        ("agent.labels.team == 'money'", "agent.labels.team == 'law'"),
        ("enum: [EUR, USD]", "enum: [EUR, GBP]"),
        (
            "approvers: [role:lead], quorum: 2",
            "approvers: [role:boss], quorum: 1",
        ),
    ] {
        assert_eq!(
            direction(from, to),
            Some(Direction::Different),
            "{from} → {to}"
        );
    }
}

#[test]
fn what_means_the_same_is_no_change() {
    for (from, to) in [
        ("id: small", "id: tiny"),
        ("name: refunds", "name: money"),
        ("maximum: 50 }", "maximum: 5.0e1 }"),
        ("enum: [EUR, USD]", "enum: [USD, EUR]"),
        (
            "{ type: number, exclusiveMinimum: 0, maximum: 50 }",
            "{ allOf: [{ maximum: 50, exclusiveMinimum: 0 }, { type: number }] }",
        ),
        (
            "args.amount < 500 && agent.labels.team == 'money'",
            "(agent.labels.team == 'money') && args.amount < 500.0",
        ),
        (
            "DE89370400440532013000, GB29",
            "'de89 3704 0044 0532 0130 00', GB29",
        ),
        (
            "rules:\n",
            "rules:\n  - { id: never, tools: ['**.export'], effect: deny, when: false }\n",
        ),
        (
            "rules:\n",
            "rules:\n  - { id: idle, tools: ['**'], effect: deny, mode: shadow }\n",
        ),
        (
            "effect: deny\n",
            "effect: deny\n    severity: high\n    reason: No.\n    redact: [rows]\n",
        ),
        // The same rule twice.
        (
            "  - id: export\n",
            "  - { id: again, tools: ['**.export'], effect: deny, arguments: { rows: { type: integer, minimum: 200 } } }\n  - id: export\n",
        ),
    ] {
        assert_eq!(direction(from, to), None, "{from} → {to}");
    }
}

#[test]
fn a_list_that_changes_shows_its_values_and_the_cells_that_read_it() {
    let new = BASE.replace("DE89370400440532013000, ", "FR1420041010050500013M02606, ");
    let text = differ(&[source(BASE)], &[source(&new)]).to_text();
    insta::assert_snapshot!(text);
}

#[test]
fn changes_of_many_kinds_read_well() {
    let new = BASE
        .replace("maximum: 50", "maximum: 80")
        .replace("  - id: export\n", "  - id: exports\n")
        .replace("minimum: 100", "minimum: 10")
        .replace("maximum: 1000", "maximum: 900")
        .replace("roles: [support]", "roles: [support, sales]")
        .replace("quorum: 2", "quorum: 1");
    let changes = differ(&[source(BASE)], &[source(&new)]);
    insta::assert_snapshot!(changes.to_text());
    let json = changes.to_json();
    assert_eq!(
        json["changes"].as_array().unwrap().len(),
        changes.changes.len()
    );
    assert_eq!(json["changes"][0]["direction"], "looser");
}

#[test]
fn a_set_beside_nothing_is_looser_wherever_it_allows() {
    let changes = differ(&[], &[source(POLICY)]);
    let [looser, different, stricter] = changes.counts();
    assert!(
        looser > 0 && different + stricter == 0,
        "{}",
        changes.to_text()
    );
    let back = differ(&[source(POLICY)], &[]);
    assert_eq!(back.counts(), [0, 0, looser]);
}

#[test]
fn equal_changes_of_a_large_set_stand_together() {
    let old = large(300, 40);
    let new: Vec<Source> = old
        .iter()
        .map(|source| Source {
            path: source.path.clone(),
            text: source
                .text
                .replace("id: t7,", "mode: shadow, id: t7,")
                .replace("[s8.t8]", "[s8.t8, s9.t9]"),
        })
        .collect();
    let changes = differ(&old, &new);
    assert_eq!(changes.counts(), [0, 0, 40]);
    let text = changes.to_text();
    assert!(text.len() < 60_000, "{}", text.len());
}

#[test]
fn too_many_cells_are_refused() {
    let set = PolicySet::default();
    let side = Side {
        set: &set,
        sources: &[],
    };
    let tools = (0..1_000).map(|n| format!("t{n}").parse().unwrap());
    let agents = super::agents(&mut super::Random::new(1));
    let wanted = Wanted {
        agents: agents.into_iter().cycle().take(300).collect(),
        tools: tools.collect(),
    };
    let refused = semantic(side, side, &wanted);
    assert!(matches!(refused, Err(TooLarge::Cells { .. })));
}
