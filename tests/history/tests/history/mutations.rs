//! Histories of an ideal system hold; each kind of damage to one is found.

use proptest::prelude::*;
use veto_history::{Kind, Operation, Outcome, Violation, check, parse};

fn steps() -> impl Strategy<Value = Vec<(u8, u8, u16, u16)>> {
    proptest::collection::vec((any::<u8>(), any::<u8>(), 0_u16..40, 0_u16..60), 1..120)
}

proptest! {
    #[test]
    fn an_ideal_system_holds(steps in steps()) {
        let history = super::ideal(&steps);
        prop_assert_eq!(check(&history).map(|found| found.operations), Ok(history.len()));
    }

    #[test]
    fn lines_come_back_as_they_were(steps in steps()) {
        let history = super::ideal(&steps);
        let lines: Vec<_> = history.iter().map(|o| serde_json::to_string(o).unwrap()).collect();
        prop_assert_eq!(parse(&lines.join("\n")).unwrap(), history);
    }
}

fn operation(op: u64, kind: Kind, (invoke, end): (u64, u64), value: &str) -> Operation {
    Operation {
        client: op,
        op,
        kind,
        key: "k".to_owned(),
        invoke,
        returned: Some(end),
        outcome: Outcome::Ok,
        value: Some(value.to_owned()),
        expected: None,
        revision: (kind != Kind::Read).then_some(op),
        node: 1,
    }
}

/// Two writes, one after the other, and a read of the second.
fn three() -> [Operation; 3] {
    [
        operation(1, Kind::Write, (0, 10), "a"),
        operation(2, Kind::Write, (20, 30), "b"),
        operation(3, Kind::Read, (40, 50), "b"),
    ]
}

#[test]
fn three_holds() {
    assert_eq!(
        check(&three()).map(|s| (s.written, s.read, s.keys)),
        Ok((2, 1, 1))
    );
}

#[test]
fn a_lost_acknowledged_write_is_found() {
    let mut history = three();
    history[2].value = Some("a".to_owned());
    assert!(matches!(check(&history), Err(Violation::Stale { .. })));
    history[2].value = None;
    assert!(matches!(check(&history), Err(Violation::Stale { .. })));
}

#[test]
fn a_lost_write_is_found_without_revisions() {
    let mut history = three();
    history[2].value = Some("a".to_owned());
    history.iter_mut().for_each(|o| o.revision = None);
    let Err(Violation::NotLinearizable { left, .. }) = check(&history) else {
        panic!("{:?}", check(&history));
    };
    assert!(left.contains("operation 3"), "{left}");
}

#[test]
fn a_read_that_goes_back_is_found() {
    let mut history = three().to_vec();
    // The second write is under way all the time, so that only the two reads contradict each other.
    history[1].returned = Some(100);
    history[2].returned = Some(45);
    history.push(operation(4, Kind::Read, (60, 70), "a"));
    assert!(matches!(check(&history), Err(Violation::Stale { .. })));
    history.iter_mut().for_each(|o| o.revision = None);
    assert!(matches!(
        check(&history),
        Err(Violation::NotLinearizable { .. })
    ));
}

#[test]
fn an_unknown_write_may_be_seen_or_not_but_not_both_ways() {
    let mut history = three().to_vec();
    history[1].outcome = Outcome::Info;
    history[1].returned = None;
    history[1].revision = None;
    check(&history).unwrap();
    history[2].value = Some("a".to_owned());
    check(&history).unwrap();
    history.push(operation(4, Kind::Read, (60, 70), "b"));
    check(&history).unwrap();
    history.push(operation(5, Kind::Read, (80, 90), "a"));
    assert!(matches!(
        check(&history),
        Err(Violation::NotLinearizable { .. })
    ));
}

#[test]
fn a_value_from_nowhere_from_a_refused_write_or_from_the_future_is_found() {
    let mut history = three();
    history[2].value = Some("c".to_owned());
    assert!(matches!(check(&history), Err(Violation::Phantom(_))));
    let mut history = three();
    history[1].outcome = Outcome::Fail;
    assert!(matches!(check(&history), Err(Violation::Refused(..))));
    let mut history = three();
    (history[1].invoke, history[1].returned) = (60, Some(70));
    assert!(matches!(check(&history), Err(Violation::Future(..))));
}

#[test]
fn revisions_twice_or_backwards_are_found() {
    let mut history = three();
    history[1].revision = Some(1);
    assert!(matches!(check(&history), Err(Violation::SameRevision(..))));
    let mut history = three();
    (history[0].revision, history[1].revision) = (Some(2), Some(1));
    assert!(matches!(
        check(&history),
        Err(Violation::RevisionsBackwards { .. })
    ));
}

#[test]
fn two_that_set_from_one_value_are_found() {
    let mut history = three();
    for set in &mut history[..2] {
        set.kind = Kind::Cas;
    }
    assert!(matches!(
        check(&history[..2]),
        Err(Violation::NotLinearizable { .. })
    ));
    history[1].expected = Some("a".to_owned());
    check(&history).unwrap();
}

#[test]
fn what_is_no_history_is_refused() {
    for line in [
        "{}",
        r#"{"client":1,"op":1,"kind":"write","key":"k","invoke":5,"return":4,"outcome":"ok","value":"a"}"#,
        r#"{"client":1,"op":1,"kind":"read","key":"k","invoke":5,"outcome":"ok"}"#,
        r#"{"client":1,"op":1,"kind":"write","key":"k","invoke":5,"return":6,"outcome":"ok"}"#,
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}
