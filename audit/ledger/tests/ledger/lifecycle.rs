//! Stops, crashes, and control planes that do not answer: what was acknowledged stays.

mod process;

use std::time::Duration;

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use veto_core::Code;
use veto_core::clock::SeededEntropy;
use veto_identity::KeyKind;
use veto_ledger::{Config, start_with};
use veto_proto::records::v1::RecordFilter;

use crate::harness::{Grant, Node, PATIENCE, Signers, World, code, sequences};

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_records_chains_and_page_tokens() {
    let mut world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme").decide("acme");
    world.system_node().await.append(&node, 0).await.unwrap();
    let before = world.admin("acme").await.all().await;
    let page = world
        .admin("acme")
        .await
        .page(RecordFilter::default(), 1, "")
        .await
        .unwrap();

    world.stop().await;
    world.start().await;
    let admin = world.admin("acme").await;
    assert_eq!(admin.all().await, before);
    let next = admin
        .page(RecordFilter::default(), 5, &page.next_page_token)
        .await
        .unwrap();
    assert_eq!(sequences(&next.records), [2, 1]);
    node.decide("acme");
    assert_eq!(world.system_node().await.append(&node, 4).await.unwrap(), 4);
    assert_eq!(admin.all().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_dropped_without_a_word_keeps_what_it_acknowledged() {
    let mut world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme");
    world.system_node().await.append(&node, 0).await.unwrap();
    world.drop_ledger();
    world.start().await;
    assert_eq!(sequences(&world.admin("acme").await.all().await), [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_key_set_carries_a_start_without_a_control_plane() {
    let mut world = World::new().await;
    // The first answer over a token shows that the key set was fetched, hence kept.
    world.admin("acme").await.all().await;
    world.stop().await;
    world.control_plane.stop();
    world.start().await;
    world.admin("acme").await.all().await;

    // A key set that nobody signed is not taken from the disk either.
    world.stop().await;
    let mut forged = world.signers.key_set();
    forged.jwks_json = Signers::new(2).tokens.jwks_json();
    std::fs::write(
        world.data_dir().join("key-set.pb"),
        prost::Message::encode_to_vec(&forged),
    )
    .unwrap();
    world.start().await;
    let listed = world
        .admin("acme")
        .await
        .page(RecordFilter::default(), 1, "")
        .await;
    assert_eq!(code(listed), Code::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_set_that_the_cluster_did_not_sign_is_not_taken() {
    let world = World::new().await;
    world.admin("acme").await.all().await;
    let stranger = Signers::new(2);
    world.control_plane.give(stranger.key_set());
    let claims = Grant::new(KeyKind::Admin, "acme").claims(crate::harness::NOON);
    let token = stranger
        .tokens
        .mint(veto_identity::Audience::Ledger, claims)
        .unwrap();
    let client = crate::harness::Client::new(&world.url(), &token).await;
    let until = tokio::time::Instant::now() + Duration::from_secs(6);
    while tokio::time::Instant::now() < until {
        let listed = client.page(RecordFilter::default(), 1, "").await;
        assert_eq!(code(listed), Code::CredentialInvalid);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(
        world
            .admin("acme")
            .await
            .page(RecordFilter::default(), 1, "")
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_signing_key_is_fetched_when_a_token_needs_it() {
    let world = World::new().await;
    world.admin("acme").await.all().await;
    let rotated = Signers {
        bundles: Signers::new(1).bundles,
        tokens: Signers::new(3).tokens,
    };
    world.control_plane.give(rotated.key_set());
    let claims = Grant::new(KeyKind::Admin, "acme").claims(crate::harness::NOON);
    let token = rotated
        .tokens
        .mint(veto_identity::Audience::Ledger, claims)
        .unwrap();
    let client = crate::harness::Client::new(&world.url(), &token).await;
    let until = tokio::time::Instant::now() + PATIENCE;
    while client.page(RecordFilter::default(), 1, "").await.is_err() {
        assert!(
            tokio::time::Instant::now() < until,
            "the new key was never fetched"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let retired = world
        .admin("acme")
        .await
        .page(RecordFilter::default(), 1, "")
        .await;
    assert_eq!(
        code(retired),
        Code::CredentialInvalid,
        "the retired key is gone"
    );
}

async fn health(url: &str) -> ServingStatus {
    let channel = tonic::transport::Channel::from_shared(url.to_owned()).unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    let service = "veto.records.v1.RecordService".into();
    client
        .check(HealthCheckRequest { service })
        .await
        .unwrap()
        .into_inner()
        .status()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_is_healthy_once_it_can_verify_tokens() {
    let mut world = World::new().await;
    world.admin("acme").await.all().await;
    let until = tokio::time::Instant::now() + PATIENCE;
    while health(&world.url()).await != ServingStatus::Serving {
        assert!(tokio::time::Instant::now() < until, "never healthy");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.stop().await;
    world.control_plane.stop();
    std::fs::remove_file(world.data_dir().join("key-set.pb")).unwrap();
    world.start().await;
    assert_eq!(health(&world.url()).await, ServingStatus::NotServing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_cannot_be_right_is_refused() {
    let world = World::new().await;
    let refused = |config: Config| {
        let clock = world.clock.clone();
        async move {
            start_with(config, clock, &SeededEntropy::new(1))
                .await
                .unwrap_err()
                .code()
        }
    };
    let elsewhere = || Config {
        data_dir: world.directory.path().join("other"),
        ..world.config()
    };
    assert_eq!(
        refused(world.config()).await,
        Code::ConfigInvalid,
        "the directory is in use"
    );
    let open = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..elsewhere()
    };
    assert_eq!(refused(open).await, Code::ConfigInvalid);
    let trust_file = world.directory.path().join("nothing.json");
    assert_eq!(
        refused(Config {
            trust_file,
            ..elsewhere()
        })
        .await,
        Code::ConfigInvalid
    );
    let listen = world.url().trim_start_matches("http://").parse().unwrap();
    assert_eq!(
        refused(Config {
            listen,
            ..elsewhere()
        })
        .await,
        Code::Unreachable
    );

    let foreign = world.directory.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    let database = rusqlite::Connection::open(foreign.join("ledger.sqlite")).unwrap();
    database.execute_batch("CREATE TABLE t (x)").unwrap();
    let config = Config {
        data_dir: foreign,
        ..elsewhere()
    };
    assert_eq!(
        refused(config).await,
        Code::ConfigInvalid,
        "a database of another program"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_the_disk_has_changed_are_never_served() {
    let mut world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme");
    world.system_node().await.append(&node, 0).await.unwrap();
    world.stop().await;
    let database = rusqlite::Connection::open(world.data_dir().join("ledger.sqlite")).unwrap();
    let mut bytes = node.frames[1].clone();
    let at = bytes.windows(5).position(|w| w == b"allow").unwrap();
    bytes[at..at + 5].copy_from_slice(b"denyy");
    let changed = database.execute("UPDATE frames SET frame = ?1 WHERE sequence = 1", [bytes]);
    assert_eq!(changed.unwrap(), 1);
    drop(database);
    world.start().await;
    let listed = world
        .admin("acme")
        .await
        .page(RecordFilter::default(), 1, "")
        .await;
    assert_eq!(code(listed), Code::StorageCorrupt);
}
