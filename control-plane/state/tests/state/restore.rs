//! A backup becomes a new cluster.

use veto_core::{Code, Revision};
use veto_proto::storage::v1::{AddMember, Restore, command::Change};
use veto_state::{Event, Tables, apply};

use crate::{Replica, command, scope};

const REVISION: u64 = 5_000;

fn restore(from_cluster: &str, cluster: &str, from_revision: u64) -> Change {
    Change::Restore(Restore {
        cluster: cluster.into(),
        from_cluster: from_cluster.into(),
        from_revision,
        from_time: 7,
    })
}

fn restored(replica: &mut Replica, organization: &str, change: Change) -> (String, Vec<Event>) {
    let command = command(organization, 2_000, "", change);
    replica.revision = REVISION - 1;
    let applied = replica.run(&command);
    (applied.result.error_code, applied.events)
}

#[test]
fn the_members_are_forgotten_and_every_bundle_is_newer_than_any_before() {
    let mut replica = crate::replica();
    let add = Change::AddMember(AddMember {
        address: "a:1".into(),
        voter: true,
        replaces: 0,
    });
    replica.change("system", add);
    let old = Tables(&replica.rows).cluster().unwrap().unwrap();
    let from = replica.revision;
    let before = Tables(&replica.rows).bundle(&scope("acme", "dev"));
    let (error, events) = restored(&mut replica, "system", restore(&old, "new", from));
    assert_eq!(error, "");
    let tables = Tables(&replica.rows);
    assert_eq!(tables.cluster().unwrap().unwrap(), "new");
    assert_eq!(tables.members().unwrap(), []);
    let bundle = tables.bundle(&scope("acme", "dev")).unwrap().unwrap();
    let before = before.unwrap().unwrap();
    assert!(before.revision < from);
    assert_eq!(
        (bundle.revision, &bundle.policies),
        (REVISION, &before.policies)
    );
    assert!(events.contains(&Event::BundleChanged {
        scope: scope("acme", "dev"),
        revision: Revision(REVISION),
    }));
    let kept = &tables.restores().unwrap()[0];
    assert_eq!(
        (kept.from_cluster.as_str(), kept.from_revision),
        (old.as_str(), from)
    );
}

#[test]
fn what_is_no_restore_of_this_state_is_refused() {
    let replica = crate::replica();
    let old = Tables(&replica.rows).cluster().unwrap().unwrap();
    let from = replica.revision;
    for (organization, change) in [
        ("acme", restore(&old, "new", from)),
        ("system", restore(&old, &old, from)),
        ("system", restore(&old, "", from)),
        ("system", restore("another", "new", from)),
        ("system", restore(&old, "new", REVISION)),
    ] {
        let command = command(organization, 2_000, "", change);
        let applied = apply(&replica.rows, Revision(REVISION), &command).unwrap();
        let codes = [Code::PermissionDenied, Code::InvalidRequest].map(Code::as_str);
        assert!(codes.contains(&applied.result.error_code.as_str()));
        assert_eq!(applied.writes, []);
    }
}
