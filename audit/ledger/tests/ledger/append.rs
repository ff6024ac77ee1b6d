//! What comes in: whole chains, or nothing.

use veto_core::Code;
use veto_identity::KeyKind;
use veto_proto::records::v1::RecordFilter;
use veto_trail::Body;
use veto_wire::status::metadata_of;

use crate::harness::{Grant, Node, World, boot_record, code, sequences};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_is_listed_as_it_was_recorded() {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide_with("acme", |d| {
        d.trace_id = Some([5; 16]);
        d.arguments_json = r#"{"id":9007199254740993,"note":"naïve \u0000"}"#.into();
    });
    let through = world.system_node().await.append(&node, 0).await.unwrap();
    assert_eq!(through, 1);

    let records = world.admin("acme").await.all().await;
    let [record] = &records[..] else {
        panic!("{records:?}")
    };
    assert_eq!((record.node.as_str(), record.sequence), ("node-1", 1));
    assert_eq!(record.hash, node.hash);
    assert_eq!(record.boot, node.boot.0);
    assert_eq!(record.stored_at, crate::harness::NOON.0);
    let decision = record.decision.as_ref().unwrap();
    assert_eq!(decision.trace_id, [5; 16]);
    assert_eq!(
        decision.arguments_json,
        r#"{"id":9007199254740993,"note":"naïve \u0000"}"#
    );
    assert_eq!((decision.policy_version, decision.revision), (3, 41));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_append_is_answered_and_stored_once() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme").decide("acme");
    assert_eq!(client.append(&node, 0).await.unwrap(), 3);
    assert_eq!(client.append(&node, 0).await.unwrap(), 3);
    // A part in the middle is known too; the answer says how far all of it is stored.
    assert_eq!(
        client
            .append_at(&node, 1, node.frames[1..2].to_vec())
            .await
            .unwrap(),
        3
    );
    // An overlap stores what is new.
    node.decide("acme").decide("acme");
    assert_eq!(client.append(&node, 2).await.unwrap(), 5);
    let records = world.admin("acme").await.all().await;
    assert_eq!(sequences(&records), [5, 4, 3, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_refused_with_the_sequence_that_is_expected() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme").decide("acme");
    let expected = |result: Result<u64, tonic::Status>| {
        let status = result.unwrap_err();
        let cause = metadata_of(&status, "cause");
        let expected = metadata_of(&status, "expected_sequence");
        assert_eq!(code(Err::<(), _>(status)), Code::RecordChainBroken);
        (expected.unwrap(), cause.unwrap())
    };
    let gap = |sequence: &str| (sequence.to_owned(), "gap".to_owned());
    assert_eq!(
        expected(client.append(&node, 2).await),
        gap("0"),
        "a boot that is unknown"
    );
    client
        .append_at(&node, 0, node.frames[..2].to_vec())
        .await
        .unwrap();
    assert_eq!(expected(client.append(&node, 3).await), gap("2"));
    // From there on it goes on.
    assert_eq!(client.append(&node, 2).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_frame_is_refused_and_nothing_of_its_append_is_stored() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme");
    for byte in [0, 4, 8, 40, node.frames[2].len() - 1] {
        let mut frames = node.frames.clone();
        frames[2][byte] ^= 1;
        let refused = client.append_at(&node, 0, frames).await;
        assert_eq!(code(refused), Code::RecordCorrupt, "byte {byte}");
    }
    let mut longer = node.frames.clone();
    longer[2].push(0);
    assert_eq!(
        code(client.append_at(&node, 0, longer).await),
        Code::RecordCorrupt
    );
    let mut swapped = node.frames.clone();
    swapped.swap(1, 2);
    assert_eq!(
        code(client.append_at(&node, 0, swapped).await),
        Code::RecordCorrupt
    );
    assert_eq!(world.admin("acme").await.all().await, []);
    assert_eq!(
        client.append(&node, 0).await.unwrap(),
        2,
        "the true frames are taken"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewritten_past_is_refused_and_the_stored_one_stays() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("acme").decide("acme");
    client.append(&node, 0).await.unwrap();
    let stored = world.admin("acme").await.all().await;

    for keep in [3, 2, 1] {
        let mut forged = node.clone();
        forged.rewind(keep);
        while forged.next() < 6 {
            forged.decide_with("acme", |d| d.outcome = "deny".into());
        }
        for first in 0..=forged.next() - 1 {
            let result = client.append(&forged, first).await;
            let status = result.expect_err("a forged frame was taken");
            if first <= 4 {
                assert_eq!(
                    metadata_of(&status, "expected_sequence").as_deref(),
                    Some("4")
                );
                assert_eq!(metadata_of(&status, "cause").as_deref(), Some("fork"));
            }
            assert_eq!(code(Err::<(), _>(status)), Code::RecordChainBroken);
        }
    }
    assert_eq!(world.admin("acme").await.all().await, stored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_must_stand_where_its_append_says() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme");
    let refused = |claimed: Node, first, frames: Vec<Vec<u8>>| {
        let client = client.clone();
        async move { code(client.append_at(&claimed, first, frames).await) }
    };
    let frames = node.frames.clone();
    let other_node = Node::boot("node-2", 1);
    assert_eq!(
        refused(other_node, 0, frames.clone()).await,
        Code::RecordCorrupt
    );
    let other_boot = Node::boot("node-1", 2);
    assert_eq!(
        refused(other_boot, 0, frames.clone()).await,
        Code::RecordCorrupt
    );
    assert_eq!(refused(node.clone(), 1, frames).await, Code::RecordCorrupt);
    assert_eq!(
        refused(node.clone(), 0, Vec::new()).await,
        Code::InvalidRequest
    );

    let mut without_boot_record = Node::empty("node-1", 3);
    without_boot_record.decide("acme");
    let frames = without_boot_record.frames.clone();
    assert_eq!(
        refused(without_boot_record, 0, frames).await,
        Code::RecordCorrupt
    );
    let mut two_boot_records = Node::boot("node-1", 4);
    two_boot_records.write(crate::harness::NOON, boot_record(""));
    let frames = two_boot_records.frames.clone();
    assert_eq!(
        refused(two_boot_records, 0, frames).await,
        Code::RecordCorrupt
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_lie_within_the_scope_of_their_bringer() {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme").decide("globex");
    let acme = world.client(Grant::new(KeyKind::Node, "acme")).await;
    assert_eq!(code(acme.append(&node, 0).await), Code::NotFound);
    let narrow = Grant {
        project: Some("bank"),
        ..Grant::new(KeyKind::Node, "system")
    };
    assert_eq!(
        code(world.client(narrow).await.append(&node, 0).await),
        Code::NotFound
    );
    assert_eq!(world.admin("acme").await.all().await, []);

    assert_eq!(world.system_node().await.append(&node, 0).await.unwrap(), 2);
    let mut own = Node::boot("node-2", 2);
    own.decide("acme");
    assert_eq!(acme.append(&own, 0).await.unwrap(), 1);
    assert_eq!(world.admin("acme").await.all().await.len(), 2);
    assert_eq!(world.admin("globex").await.all().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_continues_or_probes_the_chain_of_another_organization() {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide("acme");
    let acme = world.client(Grant::new(KeyKind::Node, "acme")).await;
    acme.append(&node, 0).await.unwrap();

    // It knows all of the chain and names the same node and boot; it learns nothing and changes
    // nothing.
    let globex = world.client(Grant::new(KeyKind::Node, "globex")).await;
    let mut forged = node.clone();
    forged.write(crate::harness::NOON, Body::Close("bye".into()));
    let status = globex.append(&forged, 2).await.unwrap_err();
    assert_eq!(
        metadata_of(&status, "expected_sequence").as_deref(),
        Some("0")
    );
    node.decide("acme");
    assert_eq!(acme.append(&node, 2).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_another_region_are_refused() {
    let world = World::of_region("eu").await;
    let client = world.system_node().await;
    let american = Node::boot_in("node-1", 1, "us");
    assert_eq!(
        code(client.append(&american, 0).await),
        Code::InvalidRequest
    );
    let european = Node::boot_in("node-2", 2, "eu");
    assert_eq!(client.append(&european, 0).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_append_at_once_and_each_chain_is_whole() {
    let world = World::new().await;
    let mut appends = tokio::task::JoinSet::new();
    for number in 0..16_u8 {
        let client = world.system_node().await;
        appends.spawn(async move {
            let mut node = Node::boot(&format!("node-{number}"), number);
            client.append(&node, 0).await.unwrap();
            for _ in 0..20 {
                let first = node.next();
                node.decide("acme").decide("globex");
                assert_eq!(client.append(&node, first).await.unwrap(), first + 1);
            }
        });
    }
    appends.join_all().await;
    for organization in ["acme", "globex"] {
        let records = world
            .admin(organization)
            .await
            .list(RecordFilter::default(), 37)
            .await;
        assert_eq!(records.len(), 16 * 20);
        let mut places: Vec<_> = records
            .iter()
            .map(|r| (r.node.clone(), r.sequence))
            .collect();
        places.sort();
        places.dedup();
        assert_eq!(places.len(), 16 * 20);
    }
}
