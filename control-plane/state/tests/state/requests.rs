//! A request id takes effect once: for one request, of one caller, for a day.

use veto_core::Code;
use veto_proto::storage::v1::{CreateKey, RevokeKey, command::Change};
use veto_state::Tables;

use crate::{Replica, command, key, publish, replica};

#[test]
fn a_request_id_takes_effect_once_in_its_day_and_organization() {
    let mut replica = replica();
    let day = 24 * 60 * 60 * 1_000_000;
    let send = |replica: &mut Replica, organization: &str, time| {
        replica
            .run(&command(
                organization,
                time,
                "r-1",
                publish("dev", "x", None),
            ))
            .result
    };
    let first = send(&mut replica, "acme", 2_000);
    let again = send(&mut replica, "acme", 3_000);
    assert!(again.repeated);
    assert_eq!(
        (again.revision, again.policy_version),
        (first.revision, first.policy_version)
    );
    assert!(
        !send(&mut replica, "globex", 3_000).repeated,
        "another organization's id"
    );
    let next_day = send(&mut replica, "acme", 2_000 + day);
    assert_eq!((next_day.policy_version, next_day.repeated), (2, false));
}

#[test]
fn a_request_id_is_good_for_one_request_of_one_caller() {
    let mut replica = replica();
    let revoke = Change::RevokeKey(RevokeKey {
        id: "admin-acme".into(),
        reason: String::new(),
    });
    replica.run(&command("acme", 2_000, "r-1", publish("dev", "x", None)));
    let other = replica.run(&command("acme", 2_000, "r-1", revoke)).result;
    assert_eq!(other.error_code, Code::AlreadyExists.as_str());
    assert!(
        Tables(&replica.rows)
            .key("admin-acme")
            .unwrap()
            .unwrap()
            .revoked
            .is_none()
    );
    let mut stranger = command("acme", 2_000, "r-1", publish("dev", "x", None));
    stranger.actor = "k9".into();
    assert_eq!(
        replica.run(&stranger).result.error_code,
        Code::AlreadyExists.as_str()
    );
}

#[test]
fn a_repeated_key_request_finds_the_key_that_was_made() {
    let mut replica = replica();
    let create = |id: &str| Change::CreateKey(CreateKey { key: Some(key(id)) });
    replica.run(&command("acme", 2_000, "r-1", create("k1")));
    let again = replica
        .run(&command("acme", 2_000, "r-1", create("k2")))
        .result;
    assert_eq!((again.repeated, again.key_id.as_str()), (true, "k1"));
    assert!(Tables(&replica.rows).key("k2").unwrap().is_none());
}

#[test]
fn forgetting_old_requests_never_forgets_a_new_one() {
    let mut replica = replica();
    let day = 24 * 60 * 60 * 1_000_000;
    let mut send = |id: &str, time| {
        replica
            .run(&command("acme", time, id, publish("dev", "x", None)))
            .result
    };
    for number in 0..20 {
        send(&format!("r-{number}"), 2_000);
    }
    assert!(!send("r-15", 2_001 + day).repeated);
    for number in 0..12 {
        send(&format!("s-{number}"), 2_002 + day);
    }
    assert!(send("r-15", 2_003 + day).repeated);
}

#[test]
fn a_refused_request_may_be_sent_again() {
    let mut replica = replica();
    let refused = command("acme", 2_000, "r-1", publish("dev", "x", Some(9)));
    assert_eq!(
        replica.run(&refused).result.error_code,
        Code::VersionConflict.as_str()
    );
    let corrected = command("acme", 2_000, "r-1", publish("dev", "x", Some(0)));
    assert_eq!(replica.run(&corrected).result.policy_version, 1);
}

#[test]
fn a_key_that_is_revoked_or_expired_when_its_command_is_applied_changes_nothing() {
    let mut replica = replica();
    let mut asked = command("acme", 2_000, "", publish("dev", "x", None));
    asked.credential = "admin-acme".into();
    assert_eq!(replica.run(&asked).result.error_code, "");
    let mut short = key("short");
    short.expires_at = 3_000;
    let create = Change::CreateKey(CreateKey { key: Some(short) });
    replica.run(&command("acme", 2_000, "", create));
    asked.credential = "short".into();
    assert_eq!(replica.run(&asked).result.error_code, "", "still good");
    asked.time = 3_000;
    let code = Code::CredentialInvalid.as_str();
    assert_eq!(replica.run(&asked).result.error_code, code);
    // By the log's time, whatever the clock of the replica that was asked says.
    replica.run(&command("acme", 3_000, "", publish("dev", "y", None)));
    asked.time = 2_000;
    assert_eq!(replica.run(&asked).result.error_code, code);
    let revoke = Change::RevokeKey(RevokeKey {
        id: "admin-acme".into(),
        reason: String::new(),
    });
    let mut revoke = command("acme", 3_000, "r-1", revoke);
    revoke.credential = "admin-acme".into();
    assert_eq!(replica.run(&revoke).result.error_code, "");
    asked.credential = "admin-acme".into();
    let refused = replica.run(&asked);
    assert_eq!(refused.result.error_code, code);
    assert!(refused.writes.is_empty() && refused.events.is_empty());
    assert!(
        replica.run(&revoke).result.repeated,
        "its own end is told again"
    );
    asked.credential = "nobody".into();
    assert_eq!(replica.run(&asked).result.error_code, code);
}
