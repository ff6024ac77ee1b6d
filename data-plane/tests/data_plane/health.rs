//! What a load balancer sees, and how a node starts and stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use veto_core::{Code, OsEntropy};
use veto_data_plane::{Machine, start_on};
use veto_wire::status::Coded as _;

use crate::control_plane::eventually;
use crate::fixture::{BOUND, Fixture, NOON, Node, channel, refund};

/// Waits until the node's health is this.
pub(crate) async fn comes_to(node: &Node, expected: ServingStatus) {
    for service in ["", "veto.authorization.v1.AuthorizationService"] {
        let matches = async || {
            let mut client = HealthClient::new(channel(node.running.address));
            let request = HealthCheckRequest {
                service: service.into(),
            };
            let status = client.check(request).await.ok()?.into_inner().status();
            (status == expected).then_some(())
        };
        eventually(&format!("`{service}` {expected:?}"), matches).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_only_with_a_bundle_that_is_fresh_enough() {
    let fixture = Fixture::empty();
    let node = fixture.start().await;
    fixture.control_plane.hears_hello().await;
    comes_to(&node, ServingStatus::NotServing).await;
    fixture.control_plane.publish(&fixture.bundle(10), NOON);
    comes_to(&node, ServingStatus::Serving).await;
    fixture.clock.set(NOON.plus(Duration::from_secs(BOUND + 1)));
    comes_to(&node, ServingStatus::NotServing).await;
    fixture
        .control_plane
        .beat(&fixture.bundle(10), NOON.plus(Duration::from_secs(BOUND)));
    comes_to(&node, ServingStatus::Serving).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_bundle_says_so() {
    let fixture = Fixture::empty();
    let node = fixture.start_alone().await;
    assert_eq!(node.refusal(&fixture.token()).await.0, Code::NoBundle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_stops_in_time_while_others_watch_its_health() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    comes_to(&node, ServingStatus::Serving).await;
    let mut client = HealthClient::new(channel(node.running.address));
    let request = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );

    let began = Instant::now();
    node.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5));
    let last = watch.message().await.unwrap().unwrap();
    assert_eq!(last.status(), ServingStatus::NotServing);
    assert!(watch.message().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_is_answered_before_the_node_stops() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    let (client, address) = (node.client.clone(), node.running.address);
    let node = Arc::new(node);
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (node, token) = (node.clone(), token.clone());
            tokio::spawn(async move { node.ask(&token, refund(20)).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let Ok(node) = Arc::try_unwrap(node) else {
        panic!("still shared")
    };
    node.running.stop().await;
    drop(client);
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "it still listens"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_never_share_a_directory() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let machine = Machine {
        clock: fixture.clock.clone(),
        entropy: Arc::new(OsEntropy),
    };
    let error = start_on(fixture.config.clone(), machine).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
    assert!(error.to_string().contains("in use"), "{error}");
    node.running.stop().await;
    fixture.start().await.running.stop().await;
}
