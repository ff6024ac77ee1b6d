//! What people follow: each decision once, in order, for as long as their token lives.

use std::time::Duration;

use tonic::{Status, Streaming};
use veto_core::Code;
use veto_proto::records::v1::{RecordFilter, StoredRecord, TailRecordsResponse};

use crate::harness::{Node, PATIENCE, World, code};

async fn next(stream: &mut Streaming<TailRecordsResponse>) -> Result<StoredRecord, Status> {
    let message = tokio::time::timeout(PATIENCE, stream.message())
        .await
        .expect("nothing came");
    Ok(message?.expect("the stream ended").record.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_are_followed_as_they_are_stored() {
    let world = World::new().await;
    let system = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme");
    system.append(&node, 0).await.unwrap();

    let admin = world.admin("acme").await;
    let mut all = admin.tail(RecordFilter::default()).await.unwrap();
    let denied = RecordFilter {
        outcome: "deny".into(),
        ..RecordFilter::default()
    };
    let mut denied = admin.tail(denied).await.unwrap();
    let mut globex = world
        .admin("globex")
        .await
        .tail(RecordFilter::default())
        .await
        .unwrap();

    node.decide("acme")
        .decide("globex")
        .decide_with("acme", |d| d.outcome = "deny".into());
    system.append(&node, 2).await.unwrap();
    assert_eq!(
        next(&mut all).await.unwrap().sequence,
        2,
        "not what was stored before"
    );
    assert_eq!(next(&mut all).await.unwrap().sequence, 4);
    assert_eq!(next(&mut denied).await.unwrap().sequence, 4);
    assert_eq!(next(&mut globex).await.unwrap().sequence, 3);

    // What is followed is what is listed.
    node.decide("acme");
    system.append(&node, 5).await.unwrap();
    let followed = next(&mut all).await.unwrap();
    assert_eq!(Some(&followed), admin.all().await.first());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_misses_nothing() {
    let world = World::new().await;
    let system = world.system_node().await;
    let admin = world.admin("acme").await;
    let mut stream = admin.tail(RecordFilter::default()).await.unwrap();

    // Far more than the feed, the channel and the window of the connection hold.
    let mut node = Node::boot("node-1", 1);
    let total = 3000;
    while node.next() <= total {
        let first = if node.next() == 1 { 0 } else { node.next() };
        for _ in 0..100 {
            node.decide_with("acme", |d| d.reason_message = "x".repeat(8000));
            node.decide("globex");
        }
        system.append(&node, first).await.unwrap();
    }
    let last = node.next() - 2;
    let mut expected = 1;
    loop {
        let record = next(&mut stream).await.unwrap();
        assert_eq!(record.sequence, expected, "each once and in order");
        if record.sequence == last {
            break;
        }
        expected += 2;
    }
    // And back to what comes.
    node.decide("acme");
    system.append(&node, node.next() - 1).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap().sequence, node.next() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let world = World::new().await;
    let mut stream = world
        .admin("acme")
        .await
        .tail(RecordFilter::default())
        .await
        .unwrap();
    world.clock.advance(Duration::from_secs(301));
    assert_eq!(code(next(&mut stream).await), Code::TokenExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_ledger() {
    let mut world = World::new().await;
    let mut stream = world
        .admin("acme")
        .await
        .tail(RecordFilter::default())
        .await
        .unwrap();
    world.stop().await;
    assert_eq!(code(next(&mut stream).await), Code::Unreachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_organization_never_takes_the_places_of_the_others() {
    let world = World::new().await;
    let admin = world.admin("acme").await;
    let mut streams = Vec::new();
    let refused = loop {
        match admin.tail(RecordFilter::default()).await {
            Ok(stream) => streams.push(stream),
            Err(status) => break status,
        }
        assert!(streams.len() < 1000, "followers without bound");
    };
    assert_eq!(code(Err::<(), _>(refused)), Code::Overloaded);
    assert!(
        world
            .admin("globex")
            .await
            .tail(RecordFilter::default())
            .await
            .is_ok()
    );
    // A follower that leaves makes room.
    streams.clear();
    let until = tokio::time::Instant::now() + PATIENCE;
    while admin.tail(RecordFilter::default()).await.is_err() {
        assert!(tokio::time::Instant::now() < until, "no place came free");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
