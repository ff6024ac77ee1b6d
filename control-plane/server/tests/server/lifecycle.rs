//! First start, restart, and what keeps a replica from starting.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use tokio::time::Instant;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use veto_core::Code;
use veto_proto::administration::v1 as api;
use veto_server::Config;
use veto_wire::status::{Coded as _, code_of};

use crate::harness::stream::Step;
use crate::harness::{Stream, World, good, scope, wide};

const DEV: &str = "acme/shop/dev";

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut world = World::new().await;
    let admin = world.tenant("acme").await;
    let request = api::PublishPoliciesRequest {
        request_id: "r-1".into(),
        ..good()
    };
    let published = admin.publish(request.clone()).await.unwrap();
    let ci = admin.create_key(wide(api::KeyKind::Ci)).await.unwrap();
    let revoked = admin.create_key(wide(api::KeyKind::Ci)).await.unwrap();
    let revoked_id = revoked.key.unwrap().id;
    admin.revoke_key(&revoked_id).await.unwrap();
    let made = admin.create_key(wide(api::KeyKind::Admin)).await.unwrap();
    let node = admin.create_key(wide(api::KeyKind::Node)).await.unwrap();
    let mut stream = Stream::open(&world, &world.client(&node.secret_key).await, "n-1").await;
    stream.next_change().await.unwrap();
    let held = stream.held.clone();
    drop(stream);
    let (trust, keys) = (world.trust(), admin.list_keys().await);
    let version = admin.version(scope("shop", "dev"), 0).await.unwrap();

    world.stop().await;
    let later = Config {
        bootstrap: false,
        ..world.config()
    };
    world.try_start(later).await.unwrap();
    assert_eq!(world.trust(), trust);
    let again = world.client(&made.secret_key).await;
    assert_eq!(again.list_keys().await, keys);
    assert_eq!(
        again.version(scope("shop", "dev"), 0).await.unwrap(),
        version
    );
    assert!(world.root().await.list_keys().await.len() == 1);
    assert!(
        world
            .client(&ci.secret_key)
            .await
            .environments("")
            .await
            .is_ok()
    );
    let refused = world
        .client(&revoked.secret_key)
        .await
        .environments("")
        .await;
    assert_eq!(
        code_of(&refused.unwrap_err()),
        Some(Code::CredentialInvalid)
    );
    let node = world.client(&node.secret_key).await;
    let mut stream = Stream::resume(&world, &node, "n-1", held).await;
    assert_eq!(
        stream.next().await.unwrap().0,
        Step::Heartbeat,
        "it holds what is newest"
    );
    let nodes = again.nodes(None).await.unwrap();
    assert_eq!(nodes[0].revision, stream.held[DEV].revision().0);
    assert_eq!(published.version, version.version);
    let first = world
        .client(&made.secret_key)
        .await
        .publish(good())
        .await
        .unwrap();
    assert_eq!(first.version.unwrap().version, 2);
}

#[tokio::test]
async fn a_node_that_comes_back_after_a_restart_has_no_made_up_delay() {
    let mut world = World::new().await;
    let admin = world.tenant("acme").await;
    let made = admin.create_key(wide(api::KeyKind::Admin)).await.unwrap();
    let node = admin.create_key(wide(api::KeyKind::Node)).await.unwrap();
    let mut stream = Stream::open(&world, &world.client(&node.secret_key).await, "n-1").await;
    stream.next_change().await.unwrap();
    let held = stream.held.clone();
    drop(stream);
    world.stop().await;
    world.clock.advance(Duration::from_secs(3600));
    world.start().await;
    let node = world.client(&node.secret_key).await;
    let mut stream = Stream::resume(&world, &node, "n-1", held).await;
    stream.next().await.unwrap();
    let nodes = world
        .client(&made.secret_key)
        .await
        .nodes(None)
        .await
        .unwrap();
    assert_eq!(
        nodes[0].propagation_micros, 0,
        "nobody saw when it came into force"
    );
}

#[tokio::test]
async fn secrets_are_their_owners_alone_and_a_lost_anchor_is_written_again() {
    let mut world = World::new().await;
    let mode = |name: &str| {
        let metadata = std::fs::metadata(world.data_dir().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("root.key"), mode("cluster.secret")), (0o600, 0o600));
    let trust = world.trust();
    world.stop().await;
    std::fs::remove_file(world.data_dir().join("trust.json")).unwrap();
    world.start().await;
    assert_eq!(world.trust(), trust);
}

#[tokio::test]
async fn a_root_key_that_was_written_before_a_crash_is_the_one_that_counts() {
    let mut world = World::empty();
    std::fs::create_dir_all(world.data_dir()).unwrap();
    let entropy = veto_core::clock::SeededEntropy::new(3);
    let key = veto_identity::ApiKey::generate(veto_identity::KeyKind::Admin, None, &entropy);
    let key = key.unwrap().reveal();
    std::fs::write(world.data_dir().join("root.key"), &key).unwrap();
    world.start().await;
    let root = world.client(&key).await;
    assert!(
        root.create_organization("acme")
            .await
            .starts_with("veto_admin_")
    );
}

#[tokio::test]
async fn nothing_is_made_where_no_cluster_was_asked_for() {
    let mut world = World::empty();
    let no = Config {
        bootstrap: false,
        ..world.config()
    };
    let refused = world.try_start(no.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConfigInvalid);
    assert!(!world.data_dir().join("cluster.secret").exists());
    std::fs::create_dir_all(world.data_dir()).unwrap();
    std::fs::write(world.data_dir().join("cluster.secret"), [7; 32]).unwrap();
    let refused = world.try_start(no).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConfigInvalid);
    assert!(!world.data_dir().join("root.key").exists());
    world.start().await;
    world.root().await.create_organization("acme").await;
}

#[tokio::test]
async fn a_taken_address_is_told_and_leaves_the_store_closed() {
    let mut world = World::empty();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = Config {
        listen: taken.local_addr().unwrap(),
        ..world.config()
    };
    let refused = world.try_start(config.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConfigInvalid);
    drop(taken);
    world.try_start(config).await.unwrap();
    world.root().await.create_organization("acme").await;
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_does_not_wait_for_the_silent() {
    let mut world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = world.key(&admin, wide(api::KeyKind::Node)).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    stream.next_change().await.unwrap();
    let mut silent = Stream::silent(&world, &node).await.unwrap();
    let before = Instant::now();
    let ends = async { (stream.end().await, silent.end().await) };
    let ((), (end, silent_end)) = tokio::join!(world.stop(), ends);
    assert!(
        before.elapsed() < Duration::from_secs(3),
        "{:?}",
        before.elapsed()
    );
    assert_eq!(code_of(&end), Some(Code::Unreachable), "{end:?}");
    assert_eq!(
        code_of(&silent_end),
        Some(Code::Unreachable),
        "{silent_end:?}"
    );
}

#[tokio::test]
async fn its_health_is_served() {
    let world = World::new().await;
    let mut health = HealthClient::new(world.client("").await.service());
    let answer = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
}
