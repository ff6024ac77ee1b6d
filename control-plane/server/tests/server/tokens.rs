//! Keys in, short-lived tokens out.

use veto_core::{Code, Timestamp};
use veto_identity::{Audience, TokenVerifier};
use veto_proto::administration::v1 as api;
use veto_proto::tokens::v1::{Audience as Asked, ExchangeKeyRequest, GetJwksRequest};
use veto_wire::bundle::verify_jwks;

use crate::harness::{World, agent, bot, code, narrow, not_found, wide};

fn ask(audience: Asked) -> ExchangeKeyRequest {
    ExchangeKeyRequest {
        audience: audience.into(),
        ..ExchangeKeyRequest::default()
    }
}

async fn verifier(world: &World, audience: Audience) -> TokenVerifier {
    let nobody = world.client("").await;
    let jwks = nobody.tokens().get_jwks(GetJwksRequest {}).await.unwrap();
    let jwks = jwks.into_inner();
    let trust = world.trust();
    verify_jwks(&jwks.jwks_json, &jwks.signature, &trust).unwrap();
    TokenVerifier::from_jwks(audience, &trust.cluster, &jwks.jwks_json).unwrap()
}

#[tokio::test]
async fn an_agents_token_carries_its_scope_and_verifies_by_the_signed_keys() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let request = api::CreateKeyRequest {
        roles: vec!["support".into()],
        ..bot()
    };
    let made = admin.create_key(request).await.unwrap();
    let client = world.client(&made.secret_key).await;
    let verifier = verifier(&world, Audience::DataPlane).await;
    for audience in [Asked::Unspecified, Asked::DataPlane] {
        let answer = client.exchange(ask(audience)).await.unwrap();
        let claims = verifier.verify(&answer.token, world.now()).unwrap();
        assert_eq!(
            (claims.sub.as_str(), claims.agent.as_deref()),
            ("bot", Some("bot"))
        );
        assert_eq!(claims.org, "acme");
        assert_eq!(claims.project.as_deref(), Some("shop"));
        assert_eq!(claims.env.as_deref(), Some("dev"));
        assert_eq!(
            (claims.roles, claims.kind.as_str()),
            (vec!["support".into()], "agent")
        );
        assert_eq!(claims.key, made.key.as_ref().unwrap().id);
        assert_eq!(claims.exp - world.now().seconds(), 300);
        assert_eq!(Timestamp(answer.expires_at).seconds(), claims.exp);
    }
    let ids = [
        client.exchange(ask(Asked::DataPlane)),
        client.exchange(ask(Asked::DataPlane)),
    ];
    let mut tokens = Vec::new();
    for id in ids {
        let answer = id.await.unwrap();
        tokens.push(verifier.verify(&answer.token, world.now()).unwrap().jti);
    }
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test]
async fn a_token_lives_as_long_as_asked_but_not_beyond_its_key() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let request = api::CreateKeyRequest {
        expires_at: world.now().plus(std::time::Duration::from_secs(600)).0,
        ..bot()
    };
    let client = world.key(&admin, request).await;
    for (asked, lives) in [(0, 300), (1, 1), (599, 599), (900, 600)] {
        let request = ExchangeKeyRequest {
            lifetime_seconds: asked,
            ..ExchangeKeyRequest::default()
        };
        let answer = client.exchange(request).await.unwrap();
        let life = Timestamp(answer.expires_at).since(world.now());
        assert_eq!(life.as_secs(), lives, "{asked} asked");
    }
    let request = ExchangeKeyRequest {
        lifetime_seconds: 901,
        ..ExchangeKeyRequest::default()
    };
    assert_eq!(code(client.exchange(request).await), Code::InvalidRequest);
}

#[tokio::test]
async fn each_kind_of_key_has_its_audience() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let verifier = verifier(&world, Audience::Ledger).await;
    for kind in [api::KeyKind::Node, api::KeyKind::Ci, api::KeyKind::Admin] {
        let client = world.key(&admin, narrow(kind, "shop", "")).await;
        let answer = client.exchange(ask(Asked::Ledger)).await.unwrap();
        let claims = verifier.verify(&answer.token, world.now()).unwrap();
        assert_eq!(
            (claims.org.as_str(), claims.project.as_deref()),
            ("acme", Some("shop"))
        );
        assert_eq!((claims.env, claims.agent), (None, None));
        for other in [Asked::Unspecified, Asked::DataPlane] {
            assert_eq!(
                code(client.exchange(ask(other)).await),
                Code::PermissionDenied
            );
        }
    }
    let client = world.key(&admin, bot()).await;
    assert_eq!(
        code(client.exchange(ask(Asked::Ledger)).await),
        Code::PermissionDenied
    );
    let node = world
        .key(&world.root().await, wide(api::KeyKind::Node))
        .await;
    let answer = node.exchange(ask(Asked::Ledger)).await.unwrap();
    assert_eq!(
        verifier.verify(&answer.token, world.now()).unwrap().org,
        "system"
    );
}

#[tokio::test]
async fn a_key_of_several_agents_says_which() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.put_agent(agent("clerk")).await.unwrap();
    let disabled = api::Agent {
        disabled: true,
        ..agent("clerk")
    };
    admin.put_agent(disabled).await.unwrap();
    let request = api::CreateKeyRequest {
        agents: vec!["clerk".into(), "bot".into()],
        ..bot()
    };
    let client = world.key(&admin, request).await;
    let of = |agent: &str| ExchangeKeyRequest {
        agent: agent.into(),
        ..ExchangeKeyRequest::default()
    };
    assert_eq!(code(client.exchange(of("")).await), Code::InvalidRequest);
    not_found(client.exchange(of("other")).await);
    let verifier = verifier(&world, Audience::DataPlane).await;
    // A disabled agent gets its token; the nodes deny it, and record that.
    let answer = client.exchange(of("clerk")).await.unwrap();
    assert_eq!(
        verifier.verify(&answer.token, world.now()).unwrap().sub,
        "clerk"
    );
}
