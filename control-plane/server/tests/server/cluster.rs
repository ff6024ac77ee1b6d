//! Three replicas that are one control plane.

use veto_core::Code;
use veto_identity::Authority;
use veto_proto::administration::v1 as api;
use veto_server::Config;
use veto_wire::status::Coded as _;

use crate::harness::replicas::{Replicas, free, until, voters};
use crate::harness::{Client, Stream, agent, code, good, scope, wide};

/// Publishes until it is acknowledged; the version's number.
async fn publish(client: &Client, request_id: &str) -> u64 {
    let mut version = 0;
    until("an acknowledged publish", async || {
        let request = api::PublishPoliciesRequest {
            request_id: request_id.into(),
            message: request_id.into(),
            ..good()
        };
        match client.publish(request).await {
            Ok(answer) => version = answer.version.unwrap().version,
            Err(_) => return false,
        }
        true
    })
    .await;
    version
}

/// Makes an organization over one replica; its admin key.
async fn tenant(replicas: &Replicas, over: u64) -> String {
    let key = replicas.root(over).await.create_organization("acme").await;
    let admin = replicas.client(over, &key).await;
    admin.create_project("shop").await.unwrap();
    admin.create_environment("shop", "dev").await.unwrap();
    admin.put_agent(agent("bot")).await.unwrap();
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_takes_writes_and_no_acknowledged_one_is_lost_with_the_leader() {
    let mut replicas = Replicas::three().await;
    let ids = replicas.running();
    let key = tenant(&replicas, ids[1]).await;
    let mut acknowledged = Vec::new();
    for id in &ids {
        let client = replicas.client(*id, &key).await;
        let name = format!("before-{id}");
        acknowledged.push((publish(&client, &name).await, name));
        // What one has acknowledged, each of the others shows at once.
        for other in &ids {
            let other = replicas.client(*other, &key).await;
            let newest = other.version(scope("shop", "dev"), 0).await.unwrap();
            let newest = newest.version.unwrap().version;
            assert_eq!(newest, acknowledged.last().unwrap().0);
        }
    }
    let leader = replicas.leader().await;
    replicas.kill(leader).await;
    for id in replicas.running() {
        let client = replicas.client(id, &key).await;
        let name = format!("after-{id}");
        acknowledged.push((publish(&client, &name).await, name));
    }
    replicas.start(leader).await.unwrap();
    assert_ne!(replicas.leader().await, 0);
    for id in ids {
        let client = replicas.client(id, &key).await;
        for (version, name) in &acknowledged {
            let kept = client.version(scope("shop", "dev"), *version).await;
            assert_eq!(&kept.unwrap().version.unwrap().message, name, "on {id}");
        }
        let again = publish(&client, &acknowledged[0].1).await;
        assert_eq!(again, acknowledged[0].0, "a request takes effect once");
    }
    let root = replicas.root(leader).await;
    until("the same state everywhere, by its digest", async || {
        let members = root.members().await.unwrap().members;
        let state = |m: &api::Member| (m.applied, m.digest.clone());
        members.len() == 3
            && members.iter().all(|m| !m.digest.is_empty())
            && members
                .windows(2)
                .all(|two| state(&two[0]) == state(&two[1]))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_learner_is_promoted_a_lost_voter_replaced_and_a_removed_one_told() {
    let mut replicas = Replicas::three().await;
    let ids = replicas.running();
    let learner = replicas.join(false, 0).await;
    assert!(!ids.contains(&learner));
    let root = replicas.root(learner).await;
    let before = root.members().await.unwrap();
    assert_eq!(voters(&before), ids);
    assert!(before.members.iter().all(|m| m.reachable), "{before:?}");
    let promote = api::PromoteMemberRequest {
        id: learner,
        request_id: "promote".into(),
    };
    root.cluster().promote_member(promote).await.unwrap();
    until("four voters", async || {
        voters(&root.members().await.unwrap()).len() == 4
    })
    .await;

    // A lost one, with its disk: another takes its vote, and its id is gone for good.
    let lost = ids[2];
    replicas.kill(lost).await;
    let successor = replicas.join(true, lost).await;
    let root = replicas.root(successor).await;
    until("the successor votes", async || {
        root.members().await.is_ok_and(|cluster| {
            let voters = voters(&cluster);
            voters.contains(&successor) && !voters.contains(&lost) && !cluster.changing
        })
    })
    .await;

    // One that is removed while it runs ends, and says why.
    let remove = |id: u64| api::RemoveMemberRequest {
        id,
        request_id: String::new(),
    };
    root.cluster().remove_member(remove(learner)).await.unwrap();
    let running = replicas.all.iter_mut().find(|r| r.id == learner).unwrap();
    let running = running.running.as_mut().unwrap();
    let failed = tokio::time::timeout(3 * crate::harness::PATIENCE, running.failed()).await;
    assert_eq!(failed.unwrap().code(), Code::MemberRemoved);
    until("three voters again", async || {
        root.members()
            .await
            .is_ok_and(|cluster| voters(&cluster).len() == 3)
    })
    .await;
    assert_eq!(
        code(root.cluster().remove_member(remove(learner)).await),
        Code::NotFound
    );
    assert_eq!(
        code(root.cluster().remove_member(remove(999_999)).await),
        Code::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_removed_is_told_and_ends() {
    let mut replicas = Replicas::three().await;
    let leader = replicas.leader().await;
    let other = replicas.running().into_iter().find(|id| *id != leader);
    let root = replicas.root(other.unwrap()).await;
    let remove = api::RemoveMemberRequest {
        id: leader,
        request_id: String::new(),
    };
    root.cluster().remove_member(remove).await.unwrap();
    let running = replicas.all.iter_mut().find(|r| r.id == leader).unwrap();
    let running = running.running.as_mut().unwrap();
    let failed = tokio::time::timeout(3 * crate::harness::PATIENCE, running.failed()).await;
    assert_eq!(failed.unwrap().code(), Code::MemberRemoved);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_who_it_says_is_refused_by_name() {
    let mut replicas = Replicas::three().await;
    let ids = replicas.running();
    let (second, third) = (ids[1], ids[2]);

    replicas.kill(third).await;
    let elsewhere = Authority::generate("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").unwrap();
    replicas.issue_by(&elsewhere, third, third);
    let config = replicas.config(third);
    let refused = replicas.refused(third, config.clone()).await;
    assert_eq!(refused, Code::ClusterMismatch);
    replicas.issue(second);
    let mut other = config.clone();
    other.peer_certificate = replicas.config(second).peer_certificate;
    other.peer_key = replicas.config(second).peer_key;
    other.peer_authority = replicas.config(second).peer_authority;
    assert_eq!(replicas.refused(third, other).await, Code::MemberMismatch);
    replicas.issue(third);
    let mut moved = config.clone();
    moved.peer_address = Some(free());
    assert_eq!(replicas.refused(third, moved).await, Code::ConfigInvalid);

    // A copy of the directory, while the replica itself runs again.
    let copy = replicas.data(third).with_extension("copy");
    copy_all(&replicas.data(third), &copy);
    replicas.start(third).await.unwrap();
    let mut twin = replicas.config(third);
    twin.data_dir = copy;
    twin.peer_address = twin.peer_listen.map(|listen| listen.to_string());
    twin.peer_listen = Some(free().parse().unwrap());
    let started = tokio::time::timeout(3 * crate::harness::PATIENCE, veto_server::start(twin));
    assert_eq!(
        started.await.unwrap().unwrap_err().code(),
        Code::MemberSuperseded
    );

    // The disk is lost, and the replica comes back as if nothing had been.
    replicas.kill(third).await;
    std::fs::remove_dir_all(replicas.data(third)).unwrap();
    assert_eq!(
        replicas.refused(third, config).await,
        Code::MemberStorageLost
    );
    let root = replicas.root(second).await;
    root.create_organization("still-writable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_is_seen_over_all_replicas_and_only_system_sees_the_members() {
    let replicas = Replicas::three().await;
    let ids = replicas.running();
    let key = tenant(&replicas, ids[0]).await;
    let admin = replicas.client(ids[2], &key).await;
    let node = admin.create_key(wide(api::KeyKind::Node)).await.unwrap();
    // A key that one replica made is known to the next at once.
    let node = replicas.client(ids[1], &node.secret_key).await;
    let mut stream = Stream::open(&replicas, &node, "n-1").await;
    stream.next_change().await.unwrap();
    stream.ack("acme/shop/dev").await;
    until("the node on every replica", async || {
        let nodes = admin.nodes(None).await.unwrap();
        nodes
            .iter()
            .any(|n| n.node == "n-1" && n.connected && n.revision > 0)
    })
    .await;
    assert_eq!(
        code(admin.members().await),
        Code::PermissionDenied,
        "a tenant's admin is none of the cluster"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_control_plane_becomes_the_first_of_a_cluster() {
    let mut replicas = Replicas::none();
    let alone = Config {
        peer_listen: None,
        peer_certificate: None,
        peer_key: None,
        peer_authority: None,
        ..replicas.config(1)
    };
    replicas.start_with(1, alone.clone()).await.unwrap();
    let key = tenant(&replicas, 1).await;
    let refused = replicas.add(&free(), true, 0).await;
    assert_eq!(code(refused), Code::InvalidRequest, "it has no peers yet");
    let cluster = replicas.root(1).await.members().await.unwrap().cluster;
    replicas.kill(1).await;
    let config = replicas.config(1);
    assert_eq!(
        replicas.refused(1, config).await,
        Code::ClusterMismatch,
        "a certificate of another cluster"
    );
    replicas.adopt(&cluster);
    replicas.start(1).await.unwrap();
    let root = replicas.root(1).await;
    until("an address", async || {
        !root.members().await.unwrap().members[0].address.is_empty()
    })
    .await;
    let second = replicas.join(true, 0).await;
    let admin = replicas.client(second, &key).await;
    assert_eq!(admin.environments("").await.unwrap(), ["shop/dev"]);
    until("two voters", async || {
        voters(&root.members().await.unwrap()).len() == 2
    })
    .await;
    for id in [1, second] {
        replicas.kill(id).await;
    }
    assert_eq!(
        replicas.refused(1, alone).await,
        Code::ConfigInvalid,
        "it has peers and must say how it is reached"
    );
}

/// All restart at once: nobody serves before a leader confirms.
#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_was_killed_whole_comes_back_with_all_of_it() {
    let mut replicas = Replicas::three().await;
    let ids = replicas.running();
    let key = tenant(&replicas, ids[0]).await;
    let client = replicas.client(ids[0], &key).await;
    let version = publish(&client, "kept").await;
    for id in &ids {
        replicas.kill(*id).await;
    }
    replicas.start_all(&ids).await;
    for id in &ids {
        let client = replicas.client(*id, &key).await;
        let newest = client.version(scope("shop", "dev"), 0).await.unwrap();
        assert_eq!(newest.version.unwrap().version, version);
    }
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
