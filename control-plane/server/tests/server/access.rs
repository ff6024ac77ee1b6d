//! Who may call what, over the wire.

use tonic::Status;
use tonic::client::Grpc;
use tonic_prost::ProstCodec;
use veto_core::Code;
use veto_identity::KeyKind;
use veto_proto::administration::v1 as api;
use veto_server::access::TABLE;
use veto_wire::status::code_of;

use crate::harness::{Client, World, bot, code, wide};

/// Calls an RPC with an empty message and gives the code of the answer.
async fn call(client: &Client, rpc: &str) -> Option<Code> {
    let mut grpc = Grpc::new(client.service());
    grpc.ready().await.unwrap();
    let path = format!("/{rpc}").parse().unwrap();
    let codec = ProstCodec::<(), ()>::default();
    let answer = grpc.unary(tonic::Request::new(()), path, codec).await;
    let refusal = answer.err()?;
    Some(code_of(&refusal).unwrap_or_else(|| panic!("{rpc}: no code: {refusal:?}")))
}

#[tokio::test]
async fn each_kind_of_key_calls_what_the_table_says_and_nothing_else() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let callers = [
        (KeyKind::Agent, world.key(&admin, bot()).await),
        (
            KeyKind::Node,
            world.key(&admin, wide(api::KeyKind::Node)).await,
        ),
        (KeyKind::Ci, world.key(&admin, wide(api::KeyKind::Ci)).await),
        (KeyKind::Admin, admin),
    ];
    let nobody = world.client("").await;
    for (rpc, kinds) in TABLE {
        let open = kinds.is_empty();
        let expected = (!open).then_some(Code::CredentialMissing);
        assert_eq!(call(&nobody, rpc).await, expected, "{rpc} without a key");
        // These ask for more than the kind: the organization `system`, or the audience.
        let more = ["/CreateOrganization", "/ExchangeKey", ".ClusterService/"];
        let more = more.iter().any(|part| rpc.contains(part));
        for (kind, client) in &callers {
            if open || (more && kinds.contains(kind)) {
                continue;
            }
            let answer = call(client, rpc).await;
            let denied = answer == Some(Code::PermissionDenied);
            assert_eq!(
                denied,
                !kinds.contains(kind),
                "{rpc} with {kind:?}: {answer:?}"
            );
            let refused = matches!(answer, Some(Code::CredentialInvalid | Code::Internal));
            assert!(!refused, "{rpc} with {kind:?}: {answer:?}");
        }
    }
}

async fn list(client: &Client) -> Result<(), Status> {
    let mut organizations = client.organizations();
    let request = api::ListProjectsRequest {};
    organizations.list_projects(request).await.map(drop)
}

/// Ends a key's text as its maker does.
fn with_checksum(body: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    let key = format!("{body}_{}", String::from_utf8_lossy(&digits));
    assert!(veto_identity::ApiKey::parse(&key).is_ok());
    key
}

#[tokio::test]
async fn a_bad_credential_is_refused_in_the_same_words_whatever_is_wrong_with_it() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let other = World::seeded(8).await;
    let expiring = api::CreateKeyRequest {
        expires_at: world.now().0 + 1_000_000,
        ..wide(api::KeyKind::Ci)
    };
    let expiring = admin.create_key(expiring).await.unwrap().secret_key;
    let living = admin
        .create_key(wide(api::KeyKind::Ci))
        .await
        .unwrap()
        .secret_key;
    assert!(list(&world.client(&living).await).await.is_ok());
    let revoked = admin.create_key(wide(api::KeyKind::Ci)).await.unwrap();
    assert!(list(&world.client(&revoked.secret_key).await).await.is_ok());
    admin.revoke_key(&revoked.key.unwrap().id).await.unwrap();
    assert!(list(&world.client(&expiring).await).await.is_ok());
    world.clock.advance(std::time::Duration::from_secs(1));

    // The id of a living key with another secret, whole as to its form.
    let forged = {
        let own: Vec<_> = living.split('_').collect();
        let secret: String = own[4].chars().rev().collect();
        with_checksum(&format!("veto_ci_{}_{}_{secret}", own[2], own[3]))
    };
    let (text, last) = living.split_at(living.len() - 1);
    let mistyped = format!("{text}{}", if last == "0" { "1" } else { "0" });
    let foreign = other.root().await.create_organization("acme").await;
    let bad = [
        revoked.secret_key.as_str(),
        &expiring,
        &foreign,
        &forged,
        &mistyped,
        "veto_admin",
        "x",
    ];
    for key in bad {
        let refusal = list(&world.client(key).await).await;
        let refusal = refusal.expect_err(key);
        assert_eq!(refusal.message(), "the credential is not valid");
        assert_eq!(code::<()>(Err(refusal)), Code::CredentialInvalid);
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_by_its_code() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let files = (0..5).map(|n| crate::harness::file(&format!("{n}.yaml"), &"#".repeat(1 << 20)));
    let request = api::ValidatePoliciesRequest {
        files: files.collect(),
    };
    let answer = admin.policies().validate_policies(request).await;
    assert_eq!(code(answer), Code::RequestTooLarge);
}
