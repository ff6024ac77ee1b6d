//! Who gets in: tokens of this cluster, for this audience, in their time, of the right kind.

use std::time::Duration;

use tonic::Request;
use veto_core::Code;
use veto_identity::{Audience, KeyKind};
use veto_proto::records::v1::record_service_client::RecordServiceClient;
use veto_proto::records::v1::{ExportRecordsRequest, ListRecordsRequest, RecordFilter};

use crate::harness::{Client, Grant, NOON, Node, Signers, World, code};

async fn list_with(world: &World, token: &str) -> Code {
    let client = Client::new(&world.url(), token).await;
    code(client.page(RecordFilter::default(), 1, "").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_of_the_wrong_kind_is_denied_each_call() {
    let world = World::new().await;
    let node = Node::boot("node-1", 1);
    for kind in [KeyKind::Admin, KeyKind::Ci, KeyKind::Agent] {
        let client = world.client(Grant::new(kind, "acme")).await;
        assert_eq!(
            code(client.append(&node, 0).await),
            Code::PermissionDenied,
            "{kind:?}"
        );
    }
    for kind in [KeyKind::Node, KeyKind::Agent] {
        let client = world.client(Grant::new(kind, "acme")).await;
        let listed = client.page(RecordFilter::default(), 1, "").await;
        assert_eq!(code(listed), Code::PermissionDenied, "{kind:?}");
        let followed = client.tail(RecordFilter::default()).await;
        assert_eq!(
            code(followed.map(|_| ())),
            Code::PermissionDenied,
            "{kind:?}"
        );
        let exported = client
            .0
            .clone()
            .export_records(ExportRecordsRequest::default())
            .await;
        assert_eq!(
            code(exported.map(|_| ())),
            Code::PermissionDenied,
            "{kind:?}"
        );
    }
    let ci = world.client(Grant::new(KeyKind::Ci, "acme")).await;
    assert!(ci.page(RecordFilter::default(), 1, "").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_in_its_time_alone() {
    let world = World::new().await;
    let token = world.token(Grant::new(KeyKind::Admin, "acme"));
    let client = Client::new(&world.url(), &token).await;
    assert!(client.page(RecordFilter::default(), 1, "").await.is_ok());
    world.clock.advance(Duration::from_secs(331));
    assert_eq!(list_with(&world, &token).await, Code::TokenExpired);
    world.clock.set(veto_core::Timestamp(NOON.0 - 60_000_000));
    assert_eq!(list_with(&world, &token).await, Code::TokenExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_others_and_for_others_are_refused() {
    let world = World::new().await;
    let claims = Grant::new(KeyKind::Admin, "acme").claims(NOON);
    let foreign = Signers::new(2)
        .tokens
        .mint(Audience::Ledger, claims.clone())
        .unwrap();
    assert_eq!(list_with(&world, &foreign).await, Code::CredentialInvalid);
    let for_nodes = world
        .signers
        .tokens
        .mint(Audience::DataPlane, claims)
        .unwrap();
    assert_eq!(list_with(&world, &for_nodes).await, Code::CredentialInvalid);
    assert_eq!(list_with(&world, "nonsense").await, Code::CredentialInvalid);
    let good = world.token(Grant::new(KeyKind::Admin, "acme"));
    let (head, signature) = good.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    assert_eq!(
        list_with(&world, &format!("{head}.{turned}")).await,
        Code::CredentialInvalid
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_credential_is_refused() {
    let world = World::new().await;
    let mut client = RecordServiceClient::connect(world.url()).await.unwrap();
    let result = client
        .list_records(Request::new(ListRecordsRequest::default()))
        .await;
    assert_eq!(code(result), Code::CredentialMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_refusal_of_a_credential_does_not_say_what_is_wrong_with_it() {
    let world = World::new().await;
    let claims = Grant::new(KeyKind::Admin, "acme").claims(NOON);
    let foreign = Signers::new(2)
        .tokens
        .mint(Audience::Ledger, claims)
        .unwrap();
    let mut messages = Vec::new();
    for token in [foreign.as_str(), "nonsense"] {
        let client = Client::new(&world.url(), token).await;
        let status = client
            .page(RecordFilter::default(), 1, "")
            .await
            .unwrap_err();
        messages.push(status.message().to_owned());
    }
    assert_eq!(messages[0], messages[1]);
}
