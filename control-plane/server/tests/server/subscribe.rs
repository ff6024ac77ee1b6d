//! How bundles reach the nodes.

use std::time::Duration;

use tokio::time::Instant;
use veto_core::{Code, Scope};
use veto_proto::administration::v1 as api;
use veto_proto::sync::v1::subscribe_request::Message;
use veto_proto::sync::v1::{Ack, Held, Hello};
use veto_wire::bundle::scope_message;
use veto_wire::status::code_of;

use crate::harness::stream::Step;
use crate::harness::{Client, Stream, World, agent, code, good, narrow, wide};

const DEV: &str = "acme/shop/dev";

async fn node(world: &World, admin: &Client) -> Client {
    world.key(admin, wide(api::KeyKind::Node)).await
}

fn revision(answer: api::PublishPoliciesResponse) -> u64 {
    answer.version.unwrap().published.unwrap().revision
}

#[tokio::test]
async fn a_node_gets_a_snapshot_then_deltas_then_proofs_that_they_are_current() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.publish(good()).await.unwrap();
    let node = node(&world, &admin).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    assert_eq!(
        stream.next_change().await.unwrap(),
        (Step::Snapshot, DEV.into())
    );
    let bundle = stream.held[DEV].bundle();
    assert_eq!((bundle.policies.len(), bundle.policy_version), (1, 1));
    assert_eq!(
        (bundle.agents[0].id.as_str(), bundle.token_keys.len()),
        ("bot", 1)
    );
    assert_eq!(bundle.staleness_seconds, 86_400);

    let published = revision(admin.publish(good()).await.unwrap());
    assert_eq!(
        stream.next_change().await.unwrap(),
        (Step::Delta, DEV.into())
    );
    assert_eq!(stream.held[DEV].revision().0, published);
    admin.put_agent(agent("clerk")).await.unwrap();
    assert_eq!(
        stream.next_change().await.unwrap(),
        (Step::Delta, DEV.into())
    );
    assert_eq!(stream.held[DEV].bundle().agents.len(), 2);
    let key = admin
        .create_key(narrow(api::KeyKind::Ci, "shop", "dev"))
        .await
        .unwrap();
    let id = key.key.unwrap().id;
    admin.revoke_key(&id).await.unwrap();
    assert_eq!(
        stream.next_change().await.unwrap(),
        (Step::Delta, DEV.into())
    );
    assert_eq!(stream.held[DEV].bundle().revoked_keys, [id]);

    world.clock.advance(Duration::from_secs(60));
    let changed = stream.held[DEV].revision();
    stream
        .until(DEV, |held| held.fresh_as_of() == world.now())
        .await;
    assert_eq!(stream.held[DEV].revision(), changed);
}

#[tokio::test]
async fn a_node_of_the_system_gets_all_and_others_their_own() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    world.tenant("globex").await;
    acme.create_project("bank").await.unwrap();
    acme.create_environment("bank", "dev").await.unwrap();
    let system = node(&world, &world.root().await).await;
    let own = node(&world, &acme).await;
    let narrow = world
        .key(&acme, narrow(api::KeyKind::Node, "bank", "dev"))
        .await;
    let mut system = Stream::open(&world, &system, "n-1").await;
    let mut own = Stream::open(&world, &own, "n-2").await;
    let mut narrow = Stream::open(&world, &narrow, "n-3").await;
    for (stream, count) in [(&mut system, 3), (&mut own, 2), (&mut narrow, 1)] {
        for _ in 0..count {
            assert_eq!(stream.next_change().await.unwrap().0, Step::Snapshot);
        }
        assert_eq!(stream.next().await.unwrap().0, Step::Heartbeat);
    }
    let names: Vec<_> = narrow.held.keys().map(String::as_str).collect();
    assert_eq!(names, ["acme/bank/dev"]);
    assert!(own.held.keys().all(|name| name.starts_with("acme/")));

    world.tenant("initech").await;
    let new = "initech/shop/dev".to_owned();
    assert_eq!(system.next_change().await.unwrap(), (Step::Snapshot, new));
    for stream in [&mut own, &mut narrow] {
        assert_eq!(stream.next().await.unwrap().0, Step::Heartbeat);
    }
}

#[tokio::test]
async fn a_node_that_comes_back_is_sent_only_what_it_lacks() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = node(&world, &admin).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    stream.next_change().await.unwrap();
    let old = stream.held.clone();
    drop(stream);

    let mut current = Stream::resume(&world, &node, "n-1", old.clone()).await;
    assert_eq!(current.next().await.unwrap().0, Step::Heartbeat);
    let newest = revision(admin.publish(good()).await.unwrap());
    let mut behind = Stream::resume(&world, &node, "n-2", old.clone()).await;
    assert_eq!(
        behind.next_change().await.unwrap(),
        (Step::Delta, DEV.into())
    );
    assert_eq!(behind.held[DEV].revision().0, newest);
    for _ in 0..16 {
        admin.publish(good()).await.unwrap();
    }
    let mut far = Stream::resume(&world, &node, "n-3", old).await;
    assert_eq!(
        far.next_change().await.unwrap(),
        (Step::Snapshot, DEV.into())
    );
}

#[tokio::test]
async fn what_a_node_must_not_hold_is_taken_from_it() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let globex = world.tenant("globex").await;
    let system = node(&world, &world.root().await).await;
    let mut all = Stream::open(&world, &system, "n-1").await;
    all.next_change().await.unwrap();
    all.next_change().await.unwrap();
    assert_eq!(all.held.len(), 2);
    let own = node(&world, &globex).await;
    let mut own = Stream::resume(&world, &own, "n-1", all.held.clone()).await;
    assert_eq!(
        own.next_change().await.unwrap(),
        (Step::Withdrawal, DEV.into())
    );
    assert_eq!(own.next().await.unwrap().0, Step::Heartbeat);
    drop(acme);
}

#[tokio::test]
async fn a_node_that_refuses_a_bundle_gets_a_snapshot_but_not_in_haste() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = node(&world, &admin).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    stream.next_change().await.unwrap();
    let scope: Scope = stream.held[DEV].scope().clone();
    let newest = stream.held[DEV].revision().0;
    for _ in 0..2 {
        let before = Instant::now();
        stream.nack(&scope, newest, "BUNDLE_CORRUPT").await;
        assert_eq!(
            stream.next_change().await.unwrap(),
            (Step::Snapshot, DEV.into())
        );
        assert!(before.elapsed() >= Duration::from_millis(900));
    }
}

#[tokio::test]
async fn a_revoked_node_is_cut_off_and_not_let_in_again() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let made = admin.create_key(wide(api::KeyKind::Node)).await.unwrap();
    let node = world.client(&made.secret_key).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    stream.next_change().await.unwrap();
    admin.revoke_key(&made.key.unwrap().id).await.unwrap();
    admin.publish(good()).await.unwrap();
    let end = stream.end().await;
    assert_eq!(code_of(&end), Some(Code::CredentialInvalid));
    assert_eq!(
        stream.held[DEV].bundle().policy_version,
        0,
        "it learns nothing more"
    );
    let again = Stream::silent(&world, &node).await.map(drop);
    assert_eq!(code(again), Code::CredentialInvalid);
}

#[tokio::test]
async fn a_stream_begins_with_one_hello() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = node(&world, &admin).await;
    let nameless = Message::Hello(Hello {
        node: "No Name".into(),
        ..Hello::default()
    });
    for first in [Message::Ack(Ack::default()), nameless] {
        let mut stream = Stream::silent(&world, &node).await.unwrap();
        stream.say(first).await;
        assert_eq!(code_of(&stream.end().await), Some(Code::InvalidRequest));
    }
    let mut stream = Stream::open(&world, &node, "n-1").await;
    stream.say(Message::Hello(Hello::default())).await;
    assert_eq!(code_of(&stream.end().await), Some(Code::InvalidRequest));
}

#[tokio::test]
async fn who_falls_behind_is_sent_what_is_newest() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = node(&world, &admin).await;
    let mut stream = Stream::open(&world, &node, "n-1").await;
    let mut newest = 0;
    for _ in 0..40 {
        newest = revision(admin.publish(good()).await.unwrap());
    }
    stream.until(DEV, |held| held.revision().0 == newest).await;
    assert_eq!(stream.held[DEV].bundle().policy_version, 40);
}

#[tokio::test]
async fn a_node_that_holds_another_bundle_of_the_same_revision_gets_the_whole_one() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let node = node(&world, &admin).await;
    let mut honest = Stream::open(&world, &node, "n-1").await;
    honest.next_change().await.unwrap();
    let held = &honest.held[DEV];
    let odd = Held {
        scope: Some(scope_message(held.scope())),
        revision: held.revision().0,
        digest: vec![0; 32],
    };
    let mut stream = Stream::silent(&world, &node).await.unwrap();
    let hello = Hello {
        node: "n-2".into(),
        held: vec![odd],
        ..Hello::default()
    };
    stream.say(Message::Hello(hello)).await;
    let next = stream.next_change().await.unwrap();
    assert_eq!(next, (Step::Snapshot, DEV.into()));
}
