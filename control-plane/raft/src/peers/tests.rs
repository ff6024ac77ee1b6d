//! Two replicas over real sockets: what a new one lacks comes as a snapshot.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use veto_core::{Clock as _, SystemClock};
use veto_identity::Authority;
use veto_proto::storage::v1::{
    AddMember, Bootstrap, Command, CreateOrganization, CreateProject, KeyRow, command::Change,
};

use crate::{Config, Credentials, Handle, Peers};

const CLUSTER: &str = "000102030405060708090a0b0c0d0e0f";
/// Far fewer than there are entries: the log before is gone.
const SNAPSHOT_AFTER: u64 = 20;
const PROJECTS: usize = 300;

fn credentials(authority: &Authority, node: u64, directory: &Path) -> Credentials {
    let now = SystemClock.now();
    let issued = authority.issue(node, now, 1).unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    Credentials::read(
        &file("authority.pem", &authority.root(now).unwrap().certificate),
        &file("peer.pem", &issued.certificate),
        &file("peer.key", issued.key.expose()),
    )
    .unwrap()
}

/// A configuration and the address that it listens on.
async fn config(authority: &Authority, node: u64, directory: &TempDir) -> (Config, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let credentials = credentials(authority, node, directory.path());
    let peers = Peers::tls(listener, address.clone(), credentials);
    let config = Config {
        bootstrap: (node == 1).then(|| CLUSTER.to_owned()),
        peers: Some(peers),
        patience: Duration::from_secs(60),
        snapshot_after: SNAPSHOT_AFTER,
        ..Config::new(directory.path().join("data"))
    };
    (config, address)
}

async fn change(handle: &Handle, organization: &str, change: Change) -> u64 {
    let command = Command {
        organization: organization.into(),
        change: Some(change),
        ..Command::default()
    };
    let result = handle.propose(command).await.unwrap();
    assert_eq!(result.error_code, "", "{}", result.error_message);
    result.revision
}

fn key(id: &str) -> Option<KeyRow> {
    Some(KeyRow {
        id: id.into(),
        ..KeyRow::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_replica_gets_what_the_log_has_no_more_as_a_snapshot() {
    let authority = Authority::generate(CLUSTER).unwrap();
    let (first_kept, second_kept) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (first, _) = config(&authority, 1, &first_kept).await;
    let first = Handle::start(first).await.unwrap();
    assert_eq!((first.cluster().as_str(), first.node()), (CLUSTER, 1));
    let bootstrap = Bootstrap {
        cluster: CLUSTER.into(),
        key: key("root"),
    };
    change(&first, "system", Change::Bootstrap(bootstrap)).await;
    let create = CreateOrganization {
        id: "acme".into(),
        display_name: String::new(),
        admin_key: key("admin"),
    };
    change(&first, "system", Change::CreateOrganization(create)).await;
    for number in 0..PROJECTS {
        let create = CreateProject {
            id: format!("p{number}"),
            ..CreateProject::default()
        };
        change(&first, "acme", Change::CreateProject(create)).await;
    }

    // The id is only known once it was asked for; the address must be known before.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let add = AddMember {
        address: address.clone(),
        voter: true,
        replaces: 0,
    };
    let id = change(&first, "system", Change::AddMember(add)).await;
    let (mut second, _) = config(&authority, id, &second_kept).await;
    let shown = credentials(&authority, id, second_kept.path());
    second.peers = Some(Peers::tls(listener, address, shown));
    let second = Handle::start(second).await.unwrap();
    assert_eq!(second.node(), id);
    let projects = |handle: &Handle| handle.read(|tables| tables.projects("acme").unwrap());
    assert_eq!(projects(&second), projects(&first));
    assert_eq!(projects(&second).len(), PROJECTS);
    let status = second.statuses().await;
    let snapshot = |node: u64| {
        let found = status.iter().find(|(id, _)| *id == node).unwrap();
        found.1.as_ref().unwrap().snapshot
    };
    assert!(snapshot(id) > 0, "it came by a snapshot: {status:?}");

    // Written over the new one, read over the first.
    let create = CreateProject {
        id: "last".into(),
        ..CreateProject::default()
    };
    change(&second, "acme", Change::CreateProject(create)).await;
    first.confirm().await.unwrap();
    assert_eq!(projects(&first).len(), PROJECTS + 1);
    second.stop().await;
    first.stop().await;
}
