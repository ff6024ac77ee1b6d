//! Which node enforces what, as its operators see it.

use std::time::Duration;

use tokio::time::Instant;
use veto_core::{EnvironmentId, OrganizationId, ProjectId, Scope};
use veto_proto::administration::v1 as api;

use crate::harness::{Client, PATIENCE, Stream, World, good, narrow, not_found, scope, wide};

const DEV: &str = "acme/shop/dev";

/// Asks until the nodes are as they must be.
async fn until(
    client: &Client,
    what: &str,
    fits: impl Fn(&[api::NodeStatus]) -> bool,
) -> Vec<api::NodeStatus> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let nodes = client.nodes(None).await.unwrap();
        if fits(&nodes) {
            return nodes;
        }
        assert!(Instant::now() < deadline, "not {what}: {nodes:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A node that enforces what it was sent.
async fn enforcing(world: &World, admin: &Client, name: &str, held: &str) -> Stream {
    let node = world.key(admin, wide(api::KeyKind::Node)).await;
    let mut stream = Stream::open(world, &node, name).await;
    stream.next_change().await.unwrap();
    stream.ack(held).await;
    until(admin, "enforced", |nodes| {
        nodes
            .iter()
            .any(|n| n.node == name && n.revision > 0 && n.connected)
    })
    .await;
    stream
}

#[tokio::test]
async fn what_a_node_enforces_is_seen_by_its_organization_alone() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let globex = world.tenant("globex").await;
    let mut stream = enforcing(&world, &acme, "n-1", DEV).await;
    let published = acme.publish(good()).await.unwrap().version.unwrap();
    let newest = published.published.unwrap();
    let behind = acme.nodes(scope("shop", "dev")).await.unwrap();
    assert_eq!(behind[0].policy_version, 0);
    stream
        .until(DEV, |held| held.revision().0 == newest.revision)
        .await;
    world.clock.advance(Duration::from_micros(1_500));
    stream.ack(DEV).await;
    let nodes = until(&acme, "caught up", |n| n[0].revision == newest.revision).await;
    let row = &nodes[0];
    assert_eq!((row.node.as_str(), row.region.as_str()), ("n-1", "eu"));
    assert_eq!(row.software_version, "0.1.0");
    assert_eq!(
        (row.policy_version, row.newest_revision),
        (1, newest.revision)
    );
    assert_eq!(row.propagation_micros, 1_500);
    assert_eq!(row.last_contact, world.now().0);
    assert_eq!(row.scope, scope("shop", "dev"));
    assert!(globex.nodes(None).await.unwrap().is_empty());
    acme.create_project("bank").await.unwrap();
    let other = world.key(&acme, narrow(api::KeyKind::Ci, "bank", "")).await;
    assert!(other.nodes(None).await.unwrap().is_empty());
    not_found(other.nodes(scope("shop", "dev")).await);
}

#[tokio::test]
async fn a_refusal_is_shown_until_a_bundle_is_enforced_again() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let mut stream = enforcing(&world, &acme, "n-1", DEV).await;
    let (place, revision) = (
        stream.held[DEV].scope().clone(),
        stream.held[DEV].revision().0,
    );
    stream.nack(&place, revision, "BUNDLE_CORRUPT").await;
    until(&acme, "refused", |n| n[0].last_refusal == "BUNDLE_CORRUPT").await;
    stream.nack(&place, revision, "<script>").await;
    until(&acme, "refused", |n| n[0].last_refusal == "UNKNOWN").await;
    stream.next_change().await.unwrap();
    stream.ack(DEV).await;
    until(&acme, "healed", |n| n[0].last_refusal.is_empty()).await;
}

#[tokio::test]
async fn a_refusal_of_what_is_not_there_is_not_kept() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let stream = enforcing(&world, &acme, "n-1", DEV).await;
    let nowhere = Scope {
        organization: OrganizationId::new("acme").unwrap(),
        project: ProjectId::new("shop").unwrap(),
        environment: EnvironmentId::new("nowhere").unwrap(),
    };
    stream.nack(&nowhere, 1, "BUNDLE_CORRUPT").await;
    let (place, revision) = (
        stream.held[DEV].scope().clone(),
        stream.held[DEV].revision().0,
    );
    stream.nack(&place, revision, "BUNDLE_CORRUPT").await;
    let nodes = until(&acme, "refused", |nodes| {
        nodes
            .iter()
            .any(|n| n.last_refusal == "BUNDLE_CORRUPT" && n.scope == scope("shop", "dev"))
    })
    .await;
    assert_eq!(nodes.len(), 1, "{nodes:?}");
}

#[tokio::test]
async fn a_node_that_left_is_shown_as_gone_and_for_a_day() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let stream = enforcing(&world, &acme, "n-1", DEV).await;
    // It was quiet for long: nothing changed.
    world.clock.advance(Duration::from_secs(3 * 24 * 60 * 60));
    drop(stream);
    until(&acme, "gone", |n| n.iter().all(|n| !n.connected)).await;
    let nodes = acme.nodes(None).await.unwrap();
    assert_eq!(nodes.len(), 1, "it left just now");
    world.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(acme.nodes(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_node_of_the_same_name_elsewhere_changes_nothing() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let globex = world.tenant("globex").await;
    let _ours = enforcing(&world, &acme, "n-1", DEV).await;
    let theirs = enforcing(&world, &globex, "n-1", "globex/shop/dev").await;
    drop(theirs);
    until(&globex, "gone", |n| n.iter().all(|n| !n.connected)).await;
    let nodes = acme.nodes(None).await.unwrap();
    assert!(nodes[0].connected, "{nodes:?}");
}

#[tokio::test]
async fn a_node_that_is_back_before_its_old_stream_ends_stays_connected() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let old = enforcing(&world, &acme, "n-1", DEV).await;
    let watched = enforcing(&world, &acme, "n-2", DEV).await;
    let _new = enforcing(&world, &acme, "n-1", DEV).await;
    drop(old);
    drop(watched);
    until(&acme, "gone", |n| {
        n.iter().any(|n| n.node == "n-2" && !n.connected)
    })
    .await;
    let nodes = acme.nodes(None).await.unwrap();
    assert!(nodes[0].connected, "{nodes:?}");
}
