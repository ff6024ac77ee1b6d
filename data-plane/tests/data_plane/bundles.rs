//! Which bundles a node takes, keeps and serves.

use std::time::Duration;

use veto_core::{Code, Secret, Timestamp};
use veto_proto::authorization::v1::Outcome;
use veto_proto::storage::v1 as storage;
use veto_proto::sync::v1::{Withdrawal, subscribe_response::Message as ToNode};
use veto_wire::bundle::Signer;

use crate::control_plane::{CLUSTER, eventually, snapshot};
use crate::fixture::{BOUND, Fixture, NOON, Node, refund};

/// A bundle that denies what the first one allows.
fn stricter(fixture: &Fixture, revision: u64) -> storage::Bundle {
    let mut bundle = fixture.bundle(revision);
    bundle.policies[0].text = bundle.policies[0].text.replace("maximum: 50", "maximum: 5");
    bundle
}

async fn revision(fixture: &Fixture, node: &Node) -> u64 {
    node.ask(&fixture.token(), refund(20))
        .await
        .unwrap()
        .revision
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_bundle_is_in_force_once_it_is_acknowledged() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    assert_eq!(
        node.ask(&fixture.token(), refund(20))
            .await
            .unwrap()
            .outcome(),
        Outcome::Allow
    );

    fixture.control_plane.publish(&stricter(&fixture, 11), NOON);
    fixture.control_plane.hears_ack(11).await;
    let decision = node.ask(&fixture.token(), refund(20)).await.unwrap();
    assert_eq!((decision.outcome(), decision.revision), (Outcome::Deny, 11));

    fixture
        .control_plane
        .publish_delta(&stricter(&fixture, 11), &fixture.bundle(12), NOON);
    fixture.control_plane.hears_ack(12).await;
    let decision = node.ask(&fixture.token(), refund(20)).await.unwrap();
    assert_eq!(
        (decision.outcome(), decision.revision),
        (Outcome::Allow, 12)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_shows_its_key_and_says_what_it_holds() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let hello = fixture.control_plane.hears_hello().await;
    assert_eq!(
        (hello.node.as_str(), hello.region.as_str()),
        ("node-1", "eu")
    );
    assert_eq!((hello.boot.len(), hello.held.len()), (16, 0));
    node.running.stop().await;

    fixture.control_plane.forget();
    let node = fixture.start().await;
    let again = fixture.control_plane.hears_hello().await;
    assert_eq!((again.held.len(), again.held[0].revision), (1, 10));
    assert_eq!(again.held[0].digest.len(), 32);
    assert_ne!(again.boot, hello.boot, "a boot is never used twice");
    let key = std::fs::read_to_string(&fixture.config.key_file).unwrap();
    assert!(
        fixture
            .control_plane
            .credentials()
            .iter()
            .all(|shown| shown == &key)
    );
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_key_signed_is_refused_and_the_last_good_one_stays() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let forger = Signer::from_seed(CLUSTER.into(), &Secret::new([1; 32])).unwrap();
    fixture
        .control_plane
        .send(snapshot(forger.sign(&fixture.bundle(11), NOON)));
    let nack = fixture
        .control_plane
        .hears_nack("BUNDLE_SIGNATURE_INVALID")
        .await;
    assert_eq!((nack.revision, nack.held_revision), (11, 10));
    assert_eq!(nack.scope.unwrap().environment, "dev");
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_is_refused_and_the_last_good_one_stays() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let mut signed = fixture.control_plane.signer.sign(&fixture.bundle(11), NOON);
    signed.bundle[40] ^= 1;
    fixture.control_plane.send(snapshot(signed));
    fixture.control_plane.hears_nack("BUNDLE_CORRUPT").await;
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_revision_is_refused_even_after_a_restart_and_a_withdrawal() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    fixture.control_plane.publish(&fixture.bundle(9), NOON);
    let nack = fixture.control_plane.hears_nack("BUNDLE_ROLLBACK").await;
    assert_eq!((nack.revision, nack.held_revision), (9, 10));
    assert_eq!(revision(&fixture, &node).await, 10);

    let scope = fixture.bundle(10).scope;
    fixture
        .control_plane
        .send(ToNode::Withdrawal(Withdrawal { scope }));
    node.comes_to(&fixture.token(), Some(Code::NoBundle)).await;
    node.running.stop().await;

    fixture.control_plane.forget();
    let older = fixture.control_plane.signer.sign(&fixture.bundle(9), NOON);
    fixture.control_plane.greet_with([snapshot(older)]);
    let node = fixture.start().await;
    let nack = fixture.control_plane.hears_nack("BUNDLE_ROLLBACK").await;
    assert_eq!((nack.revision, nack.held_revision), (9, 0));
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_on_another_base_is_refused_and_a_snapshot_heals() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    fixture
        .control_plane
        .publish_delta(&fixture.bundle(11), &fixture.bundle(12), NOON);
    let nack = fixture
        .control_plane
        .hears_nack("BUNDLE_BASE_MISMATCH")
        .await;
    assert_eq!((nack.revision, nack.held_revision), (12, 10));
    assert_eq!(revision(&fixture, &node).await, 10);
    fixture.control_plane.publish(&fixture.bundle(12), NOON);
    fixture.control_plane.hears_ack(12).await;
    assert_eq!(revision(&fixture, &node).await, 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_do_not_compile_are_refused_and_the_last_good_one_stays() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let mut bad = fixture.bundle(11);
    bad.policies[0].text = "apiVersion: veto/v1\nkind: Polizei\n".into();
    fixture.control_plane.publish(&bad, NOON);
    fixture.control_plane.hears_nack("INVALID_POLICY").await;
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_got_lost_is_asked_for() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    for _ in 0..3 {
        fixture.control_plane.beat(&fixture.bundle(11), NOON);
    }
    let nack = fixture
        .control_plane
        .hears_nack("BUNDLE_BASE_MISMATCH")
        .await;
    assert_eq!((nack.revision, nack.held_revision), (11, 10));
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_refusal_is_told_once_and_newer_bundles_are_still_taken() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    for _ in 0..5 {
        fixture.control_plane.publish(&fixture.bundle(9), NOON);
    }
    fixture.control_plane.publish(&fixture.bundle(11), NOON);
    fixture.control_plane.hears_ack(11).await;
    assert_eq!(fixture.control_plane.nacks(), 1);
    assert_eq!(revision(&fixture, &node).await, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_replica_is_left_for_another() {
    let mut fixture = Fixture::new();
    let twice = fixture.config.control_planes[0].clone();
    fixture.config.control_planes.push(twice);
    let node = fixture.start_synced().await;
    for _ in 0..2 {
        fixture.control_plane.publish(&fixture.bundle(9), NOON);
    }
    let held = async || {
        let hello = fixture.control_plane.hears_hello().await;
        (!hello.held.is_empty()).then_some(())
    };
    eventually("a second stream", held).await;
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_without_control_plane_serves_the_last_good_bundle() {
    let fixture = Fixture::new();
    fixture.start_synced().await.running.stop().await;
    let node = fixture.start_alone().await;
    let decision = node.ask(&fixture.token(), refund(20)).await.unwrap();
    assert_eq!(
        (decision.outcome(), decision.revision),
        (Outcome::Allow, 10)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_on_the_disk_is_put_aside_and_not_served_until_synced() {
    let fixture = Fixture::new();
    fixture.start_synced().await.running.stop().await;
    let file = fixture.bundle_file();
    let good = std::fs::read(&file).unwrap();
    for position in [0, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[position] ^= 0x10;
        std::fs::write(&file, bytes).unwrap();
        let node = fixture.start_alone().await;
        assert_eq!(
            node.refusal(&fixture.token()).await.0,
            Code::NoBundle,
            "byte {position}"
        );
        assert!(!file.exists() && file.with_extension("bundle.refused").exists());
        node.running.stop().await;
    }
    fixture.control_plane.forget();
    let node = fixture.start_synced().await;
    assert_eq!(revision(&fixture, &node).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_file_put_back_on_the_disk_is_not_served() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let old = std::fs::read(fixture.bundle_file()).unwrap();
    fixture.control_plane.publish(&stricter(&fixture, 11), NOON);
    fixture.control_plane.hears_ack(11).await;
    node.running.stop().await;

    std::fs::write(fixture.bundle_file(), &old).unwrap();
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_under_the_name_of_another_environment_is_not_served() {
    let fixture = Fixture::new();
    fixture.start_synced().await.running.stop().await;
    let elsewhere = fixture
        .bundle_file()
        .with_file_name("acme+shop+production.bundle");
    std::fs::rename(fixture.bundle_file(), &elsewhere).unwrap();
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
    assert!(!elsewhere.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_with_a_damaged_floor_is_not_served() {
    let fixture = Fixture::new();
    fixture.start_synced().await.running.stop().await;
    let floor = fixture.bundle_file().with_extension("floor");
    let text = std::fs::read_to_string(&floor).unwrap();
    std::fs::write(&floor, text.replacen("10", "09", 1)).unwrap();
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_beyond_its_bound_is_stale_until_a_heartbeat_and_no_clock_hides_it() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    let bound = Duration::from_secs(BOUND);
    // The node's time moves on by itself a little, so the edge is not asked for.
    fixture
        .clock
        .set(NOON.plus(bound - Duration::from_secs(20)));
    node.ask(&token, refund(20)).await.unwrap();
    fixture.clock.set(NOON.plus(bound + Duration::from_secs(1)));
    let (code, message) = node.refusal(&token).await;
    assert_eq!(code, Code::BundleStale);
    assert!(message.contains("60 s"), "{message}");
    fixture.clock.set(NOON);
    assert_eq!(
        node.refusal(&token).await.0,
        Code::BundleStale,
        "the clock was set back"
    );

    let fresh = NOON.plus(bound);
    fixture.control_plane.beat(&fixture.bundle(10), fresh);
    node.comes_to(&token, None).await;
    // One that was under way for long makes nothing older.
    fixture.control_plane.beat(&fixture.bundle(10), NOON);
    fixture.control_plane.publish(&fixture.bundle(10), NOON);
    fixture.control_plane.forget();
    fixture.control_plane.publish(&fixture.bundle(10), NOON);
    fixture.control_plane.hears_ack(10).await;
    node.ask(&token, refund(20)).await.unwrap();
    node.running.stop().await;

    // Neither freshness nor age is forgotten over a restart, whatever the clock says.
    fixture.clock.set(NOON);
    let node = fixture.start_alone().await;
    node.ask(&token, refund(20)).await.unwrap();
    fixture
        .clock
        .set(fresh.plus(bound + Duration::from_secs(1)));
    assert_eq!(node.refusal(&token).await.0, Code::BundleStale);
    node.running.stop().await;
    fixture.clock.set(NOON);
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&token).await.0, Code::BundleStale);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_heartbeat_makes_nothing_fresher() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let forger = Signer::from_seed(CLUSTER.into(), &Secret::new([1; 32])).unwrap();
    let header = fixture
        .control_plane
        .signer
        .sign(&fixture.bundle(10), NOON)
        .header
        .unwrap();
    let forged = forger.sign_header(&header, Timestamp(i64::MAX));
    let heartbeat = veto_proto::sync::v1::Heartbeat {
        headers: vec![forged],
    };
    fixture.control_plane.send(ToNode::Heartbeat(heartbeat));
    fixture
        .control_plane
        .hears_nack("BUNDLE_SIGNATURE_INVALID")
        .await;
    fixture.clock.set(NOON.plus(Duration::from_secs(BOUND + 1)));
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::BundleStale);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_environment_is_served_no_more_not_even_after_a_restart() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let scope = fixture.bundle(10).scope;
    fixture
        .control_plane
        .send(ToNode::Withdrawal(Withdrawal { scope }));
    node.comes_to(&fixture.token(), Some(Code::NoBundle)).await;
    let gone = async || (!fixture.bundle_file().exists()).then_some(());
    eventually("the file is gone", gone).await;
    node.running.stop().await;
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_control_plane_is_asked_when_one_does_not_answer() {
    let mut fixture = Fixture::new();
    fixture
        .config
        .control_planes
        .insert(0, "http://127.0.0.1:1".into());
    let node = fixture.start_synced().await;
    assert_eq!(revision(&fixture, &node).await, 10);
}
