//! What the members of the cluster shall be.

use veto_core::Code;
use veto_proto::storage::v1::{
    AddMember, CommandResult, MemberRow, PromoteMember, RemoveMember, command::Change,
};
use veto_state::Tables;

use crate::{Replica, command};

fn add(replica: &mut Replica, address: &str, replaces: u64) -> CommandResult {
    replica.change(
        "system",
        Change::AddMember(AddMember {
            address: address.into(),
            voter: false,
            replaces,
        }),
    )
}

fn remove(replica: &mut Replica, id: u64) -> CommandResult {
    replica.change("system", Change::RemoveMember(RemoveMember { id }))
}

fn rows(replica: &Replica) -> Vec<MemberRow> {
    Tables(&replica.rows).members().unwrap()
}

#[track_caller]
fn refused(result: &CommandResult, code: Code) {
    assert_eq!(result.error_code, code.as_str(), "{}", result.error_message);
}

#[test]
fn an_id_is_the_revision_and_is_never_used_twice() {
    let mut replica = crate::replica();
    let first = add(&mut replica, "a:1", 0).revision;
    assert_eq!(remove(&mut replica, first).error_code, "");
    let second = add(&mut replica, "a:1", 0).revision;
    assert!(second > first);
    let rows = rows(&replica);
    assert_eq!(
        rows.iter().map(|r| r.id).collect::<Vec<_>>(),
        [first, second]
    );
    assert!(rows[0].removed.is_some() && rows[1].removed.is_none());
    refused(&remove(&mut replica, first), Code::NotFound);
    let promote = |id| Change::PromoteMember(PromoteMember { id });
    refused(&replica.change("system", promote(first)), Code::NotFound);
    refused(&replica.change("system", promote(77)), Code::NotFound);
    assert_eq!(replica.change("system", promote(second)).error_code, "");
    assert!(self::rows(&replica)[1].voter);
}

#[test]
fn an_address_and_a_place_are_taken_once() {
    let mut replica = crate::replica();
    add(&mut replica, "a:1", 0);
    refused(&add(&mut replica, "a:1", 0), Code::AlreadyExists);
    refused(&add(&mut replica, "", 0), Code::InvalidRequest);
    let successor = add(&mut replica, "b:1", 1).revision;
    assert!(rows(&replica).iter().any(|r| r.id == successor && r.voter));
    refused(&add(&mut replica, "c:1", 1), Code::AlreadyExists);
    refused(&add(&mut replica, "c:1", 99), Code::NotFound);
}

#[test]
fn the_last_voter_stays() {
    let mut replica = crate::replica();
    refused(&remove(&mut replica, 1), Code::LastVoter);
    add(&mut replica, "learner:1", 0);
    refused(&remove(&mut replica, 1), Code::LastVoter);
    let successor = add(&mut replica, "b:1", 1).revision;
    assert_eq!(remove(&mut replica, 1).error_code, "");
    refused(&remove(&mut replica, successor), Code::LastVoter);
    refused(&remove(&mut replica, 1), Code::NotFound);
}

#[test]
fn only_system_changes_the_members_and_a_request_does_it_once() {
    let mut replica = crate::replica();
    let add = Change::AddMember(AddMember {
        address: "a:1".into(),
        ..AddMember::default()
    });
    refused(&replica.change("acme", add.clone()), Code::PermissionDenied);
    let asked = command("system", 1_000, "r-1", add);
    let first = replica.run(&asked).result;
    let again = replica.run(&asked).result;
    assert!(again.repeated);
    assert_eq!(again.revision, first.revision, "the same member");
    assert_eq!(rows(&replica).len(), 1);
}
