//! Short histories against a judge that tries every order.

use proptest::prelude::*;
use veto_history::{Kind, Operation, Outcome, linearizable};

fn any_operation() -> impl Strategy<Value = Operation> {
    let kind = prop_oneof![
        Just(Kind::Write),
        Just(Kind::Read),
        Just(Kind::Read),
        Just(Kind::Cas)
    ];
    let outcome = prop_oneof![
        4 => Just(Outcome::Ok), 1 => Just(Outcome::Info), 1 => Just(Outcome::Fail)
    ];
    let seen = proptest::option::weighted(0.8, 0_usize..6);
    (kind, outcome, seen, 0_u64..12, 0_u64..8).prop_map(|(kind, outcome, seen, invoke, length)| {
        let seen = seen.map(|value| format!("v{value}"));
        let (value, expected) = match kind {
            Kind::Read => (seen, None),
            Kind::Write => (None, None),
            Kind::Cas => (None, seen),
        };
        Operation {
            client: 0,
            op: 0,
            kind,
            key: "k".to_owned(),
            invoke,
            returned: (outcome != Outcome::Info).then_some(invoke + length),
            outcome,
            value,
            expected,
            revision: None,
            node: 0,
        }
    })
}

fn any_history() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(any_operation(), 1..7).prop_map(|mut history| {
        for (at, operation) in history.iter_mut().enumerate() {
            operation.op = at as u64;
            if operation.kind != Kind::Read {
                operation.value = Some(format!("v{at}"));
            }
        }
        history
    })
}

/// Tries every order of what is left; what is of unknown outcome may be left out.
fn some_order(left: &[&Operation], value: Option<&str>) -> bool {
    if left.iter().all(|o| o.outcome == Outcome::Info) {
        return true;
    }
    (0..left.len()).any(|at| {
        let operation = left[at];
        let late = left.iter().any(|other| other.end() < operation.invoke);
        let fits = match operation.kind {
            Kind::Write => true,
            Kind::Read => operation.value.as_deref() == value,
            Kind::Cas => operation.expected.as_deref() == value,
        };
        let mut rest = left.to_vec();
        rest.remove(at);
        let after = if operation.kind == Kind::Read {
            value
        } else {
            operation.value.as_deref()
        };
        !late && fits && some_order(&rest, after)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_search_agrees_with_trying_every_order(history in any_history()) {
        let counted: Vec<&Operation> = history
            .iter()
            .filter(|o| match (o.kind, o.outcome) {
                (_, Outcome::Fail) | (Kind::Read, Outcome::Info) => false,
                (_, Outcome::Ok | Outcome::Info) => true,
            })
            .collect();
        let found = linearizable::check(&history).is_ok();
        prop_assert_eq!(found, some_order(&counted, None));
    }
}
