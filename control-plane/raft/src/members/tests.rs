//! Which step follows from what is and what shall be.

use std::sync::Arc;

use openraft::{CommittedLeaderId, StoredMembership};

use super::*;
use crate::types::LogId;

fn at(index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(1, 1), index)
}

/// A leader 1 at entry 500, whose learners have all up to what is said.
fn metrics(configs: &[&[u64]], nodes: &[u64], matching: u64) -> Metrics {
    let node = |id: &u64| (*id, BasicNode::new(format!("h{id}:1")));
    let configs = configs
        .iter()
        .map(|set| set.iter().copied().collect())
        .collect();
    let members = Membership::new(configs, nodes.iter().map(node).collect::<BTreeMap<_, _>>());
    let mut metrics = Metrics::new_initial(1);
    metrics.current_leader = Some(1);
    metrics.last_log_index = Some(500);
    metrics.last_applied = Some(at(500));
    metrics.membership_config = Arc::new(StoredMembership::new(Some(at(1)), members));
    metrics.replication = Some(nodes.iter().map(|id| (*id, Some(at(matching)))).collect());
    metrics
}

fn row(id: u64, voter: bool, replaces: u64, removed: bool) -> MemberRow {
    MemberRow {
        id,
        address: format!("h{id}:1"),
        voter,
        replaces,
        added: None,
        removed: removed.then(Default::default),
    }
}

fn voters(ids: &[u64]) -> Option<Step> {
    Some(Step::Vote(ids.iter().copied().collect()))
}

#[test]
fn a_new_member_learns_and_votes_once_it_has_caught_up() {
    let rows = [row(7, true, 0, false)];
    let step = |metrics: &Metrics| next(metrics, &rows, 1, "h1:1");
    assert_eq!(
        step(&metrics(&[&[1]], &[1], 500)),
        Some(Step::Learn(7, "h7:1".into()))
    );
    assert_eq!(step(&metrics(&[&[1]], &[1, 7], 400)), None, "it lacks 100");
    assert_eq!(step(&metrics(&[&[1]], &[1, 7], 401)), voters(&[1, 7]));
    assert_eq!(step(&metrics(&[&[1, 7]], &[1, 7], 500)), None);
    let learner = [row(7, false, 0, false)];
    assert_eq!(
        next(&metrics(&[&[1]], &[1, 7], 500), &learner, 1, "h1:1"),
        None,
        "nobody asked for its vote"
    );
}

#[test]
fn a_change_that_was_left_half_done_is_finished_before_anything_else() {
    let rows = [row(9, true, 0, false)];
    let joint = metrics(&[&[1, 2], &[1, 3]], &[1, 2, 3], 500);
    assert_eq!(next(&joint, &rows, 1, "h1:1"), voters(&[1, 3]));
    let mut unapplied = joint;
    unapplied.last_applied = None;
    assert_eq!(next(&unapplied, &rows, 1, "h1:1"), None);
}

#[test]
fn who_is_removed_loses_vote_and_replication() {
    let rows = [row(3, true, 0, true)];
    let voter = metrics(&[&[1, 2, 3]], &[1, 2, 3], 500);
    assert_eq!(next(&voter, &rows, 1, "h1:1"), voters(&[1, 2]));
    let learner = metrics(&[&[1, 2]], &[1, 2, 3], 500);
    assert_eq!(
        next(&learner, &rows, 1, "h1:1"),
        Some(Step::Forget(BTreeSet::from([3])))
    );
    let first = [row(1, true, 0, true)];
    let two = metrics(&[&[1, 2]], &[1, 2], 500);
    assert_eq!(next(&two, &first, 1, "h1:1"), voters(&[2]));
    let last = metrics(&[&[1]], &[1], 500);
    assert_eq!(next(&last, &first, 1, "h1:1"), None, "never to no voter");
}

#[test]
fn a_replaced_member_votes_until_its_successor_does() {
    let rows = [row(7, true, 2, false)];
    let learning = metrics(&[&[1, 2, 3]], &[1, 2, 3, 7], 100);
    assert_eq!(next(&learning, &rows, 1, "h1:1"), None);
    let ready = metrics(&[&[1, 2, 3]], &[1, 2, 3, 7], 500);
    assert_eq!(next(&ready, &rows, 1, "h1:1"), voters(&[1, 3, 7]));
    let done = metrics(&[&[1, 3, 7]], &[1, 3, 7], 500);
    assert_eq!(next(&done, &rows, 1, "h1:1"), Some(Step::Replaced(2)));
    // A member that was added once has a row of its own; it does not come back before that is removed.
    let rows = [row(2, true, 0, false), row(7, true, 2, false)];
    assert_eq!(next(&done, &rows, 1, "h1:1"), Some(Step::Replaced(2)));
    let rows = [row(2, true, 0, true), row(7, true, 2, false)];
    assert_eq!(next(&done, &rows, 1, "h1:1"), None);
}

#[test]
fn who_is_replaced_twice_before_it_is_noted_does_not_come_back() {
    // 7 replaced 2, and 9 replaces 7 already; nobody noted that 2 is gone.
    let rows = [
        row(2, true, 0, false),
        row(7, true, 2, false),
        row(9, true, 7, false),
    ];
    let done = metrics(&[&[1, 3, 9]], &[1, 3, 9], 500);
    assert_eq!(next(&done, &rows, 1, "h1:1"), Some(Step::Replaced(2)));
    let rows = [row(2, true, 0, true), rows[1].clone(), rows[2].clone()];
    assert_eq!(next(&done, &rows, 1, "h1:1"), Some(Step::Replaced(7)));
    let rows = [
        row(2, true, 0, true),
        row(7, true, 2, true),
        rows[2].clone(),
    ];
    assert_eq!(next(&done, &rows, 1, "h1:1"), None);
    let both = metrics(&[&[1, 2, 7]], &[1, 2, 7, 9], 500);
    let rows = [
        row(2, true, 0, false),
        row(7, true, 2, false),
        row(9, true, 7, false),
    ];
    assert_eq!(next(&both, &rows, 1, "h1:1"), voters(&[1, 9]));
}

#[test]
fn only_a_member_without_peers_is_given_an_address() {
    let mut alone = metrics(&[&[1]], &[1], 500);
    assert_eq!(next(&alone, &[], 1, "other:1"), None, "it has one");
    let members = Membership::new(
        vec![BTreeSet::from([1])],
        BTreeMap::from([(1, BasicNode::default())]),
    );
    alone.membership_config = Arc::new(StoredMembership::new(Some(at(1)), members));
    assert_eq!(
        next(&alone, &[], 1, "h1:1"),
        Some(Step::Address(1, "h1:1".into()))
    );
    assert_eq!(next(&alone, &[], 1, ""), None, "it has no peers");
}

#[test]
fn a_leader_that_was_removed_asks_and_one_that_waits_to_be_added_does_not() {
    let mut removed = metrics(&[&[2, 3]], &[2, 3], 500);
    assert!(is_out(&removed, 1));
    removed.current_leader = None;
    assert!(is_out(&removed, 1));
    removed.current_leader = Some(2);
    assert!(!is_out(&removed, 1), "it hears a leader");
    assert!(!is_out(&metrics(&[&[1, 2]], &[1, 2], 500), 1));
    assert!(!is_out(&Metrics::new_initial(7), 7));
}
