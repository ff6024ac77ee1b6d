//! The judge itself: what it must accept, what it must not, and that it agrees with trying every order.

mod every_order;
mod mutations;

use veto_history::{Kind, Operation, Outcome};

/// A system without faults: each operation takes effect at one moment between question and answer.
fn ideal(steps: &[(u8, u8, u16, u16)]) -> Vec<Operation> {
    let mut clock = [0_u64; 4];
    let mut planned = Vec::new();
    for (at, (client, what, wait, last)) in steps.iter().enumerate() {
        let client = usize::from(*client) % clock.len();
        let invoke = clock[client] + 1 + u64::from(*wait);
        let end = invoke + 1 + u64::from(*last);
        clock[client] = end;
        let moment = invoke + (end - invoke) / 2;
        planned.push((moment, at, client, *what, invoke, end));
    }
    planned.sort_unstable();
    let mut values: [Option<String>; 2] = [None, None];
    let mut history = Vec::new();
    for (revision, (_, at, client, what, invoke, end)) in planned.into_iter().enumerate() {
        let key = usize::from(what) % 2;
        let new = Some(format!("v{at}"));
        let held = values[key].clone();
        let (kind, outcome, value, expected) = match what / 2 % 5 {
            0 | 1 => (Kind::Read, Outcome::Ok, held, None),
            2 => (Kind::Cas, Outcome::Ok, new, held),
            3 => (Kind::Cas, Outcome::Fail, new, Some("never".to_owned())),
            _ => (Kind::Write, Outcome::Ok, new, None),
        };
        let mut operation = Operation {
            client: client as u64,
            op: at as u64,
            kind,
            key: format!("k{key}"),
            invoke,
            returned: Some(end),
            outcome,
            value,
            expected,
            revision: None,
            node: 1,
        };
        if operation.sets() {
            values[key].clone_from(&operation.value);
            operation.revision = Some(revision as u64 + 1);
            // Some answers are lost, of operations that took effect.
            if what > 230 {
                operation.outcome = Outcome::Info;
                operation.returned = None;
                operation.revision = None;
            }
        }
        history.push(operation);
    }
    history
}
