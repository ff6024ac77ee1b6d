//! Who may ask at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tonic::Request;
use veto_core::{Code, Timestamp};
use veto_identity::{Audience, Claims, ClusterSecret};
use veto_proto::authorization::v1 as proto;
use veto_wire::status::code_of;

use crate::control_plane::CLUSTER;
use crate::fixture::{Fixture, NOON, claims, refund};

const REFUSED: &str = "the credential is not valid here";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_credential_is_refused() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let body = proto::AuthorizeRequest {
        call: Some(refund(20)),
        at_least_revision: 0,
    };
    let status = node
        .client
        .clone()
        .authorize(Request::new(body))
        .await
        .unwrap_err();
    assert_eq!(code_of(&status), Some(Code::CredentialMissing));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_token_is_refused_in_the_same_words() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let tokens = &fixture.control_plane.tokens;
    let changed = |change: fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        fixture.mint(claims)
    };
    let foreign = ClusterSecret::new([8; 32]);
    let foreign_signer = foreign.token_signer(CLUSTER).unwrap();
    let other_issuer = ClusterSecret::new([7; 32])
        .token_signer("cluster-2")
        .unwrap();
    let good = fixture.token();
    let (body, signature) = good.rsplit_once('.').unwrap();
    let spliced = {
        let other = changed(|claims| claims.agent = Some("boss".into()));
        let payload = other.split('.').nth(1).unwrap();
        let header = good.split('.').next().unwrap();
        format!("{header}.{payload}.{signature}")
    };
    let bad = [
        ("garbage", "garbage".to_owned()),
        ("no signature", format!("{body}.")),
        (
            "alg none",
            by_hand(r#"{"alg":"none","typ":"veto-agent+jwt"}"#, &filled(), ""),
        ),
        (
            "HS256 with the public key",
            hs256(tokens.key_id(), &tokens.public_key()),
        ),
        (
            "another signer",
            foreign_signer.mint(Audience::DataPlane, claims()).unwrap(),
        ),
        (
            "another signer, this key id",
            relabelled(&foreign_signer, tokens.key_id()),
        ),
        (
            "another issuer",
            other_issuer.mint(Audience::DataPlane, claims()).unwrap(),
        ),
        (
            "for the ledger",
            tokens.mint(Audience::Ledger, claims()).unwrap(),
        ),
        ("spliced", spliced),
        (
            "of a node key",
            changed(|claims| claims.kind = "node".into()),
        ),
        ("no agent", changed(|claims| claims.agent = None)),
        ("no environment", changed(|claims| claims.env = None)),
        ("lives for a day", changed(|claims| claims.exp += 86_400)),
        ("lives for ever", changed(|claims| claims.exp = i64::MAX)),
        (
            "malformed role",
            changed(|claims| claims.roles = vec!["Not A Role".into()]),
        ),
    ];
    for (what, token) in bad {
        let refusal = node.refusal(&token).await;
        assert_eq!(
            refusal,
            (Code::CredentialInvalid, REFUSED.to_owned()),
            "{what}"
        );
    }
    node.ask(&good, refund(20)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_within_its_time_alone_even_when_it_is_remembered() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    node.ask(&token, refund(20)).await.unwrap();

    let mut early = claims();
    (early.nbf, early.exp) = (NOON.seconds() + 100, NOON.seconds() + 200);
    assert_eq!(
        node.refusal(&fixture.mint(early)).await.0,
        Code::TokenExpired
    );

    // Past the token's end and the leeway for clocks.
    let later = Timestamp::from_seconds(NOON.seconds() + 300 + 31);
    fixture.clock.set(later);
    assert_eq!(node.refusal(&token).await.0, Code::TokenExpired);
    fixture.clock.set(NOON);
    assert_eq!(
        node.refusal(&token).await.0,
        Code::TokenExpired,
        "the clock was set back"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_as_soon_as_the_delta_is_in_force() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let (token, other) = (fixture.token(), {
        let mut claims = claims();
        claims.key = "key-2".into();
        fixture.mint(claims)
    });
    node.ask(&token, refund(20)).await.unwrap();

    let (base, mut next) = (fixture.bundle(10), fixture.bundle(11));
    next.revoked_keys = vec!["key-1".into()];
    fixture.control_plane.publish_delta(&base, &next, NOON);
    fixture.control_plane.hears_ack(11).await;
    assert_eq!(
        node.refusal(&token).await,
        (Code::CredentialInvalid, REFUSED.to_owned())
    );
    assert_eq!(
        node.refusal(&fixture.token()).await.0,
        Code::CredentialInvalid,
        "a new token"
    );
    node.ask(&other, refund(20)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_key_that_is_retired_is_refused_even_for_remembered_tokens() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    node.ask(&token, refund(20)).await.unwrap();

    let new = ClusterSecret::new([9; 32]).token_signer(CLUSTER).unwrap();
    let mut next = fixture.bundle(11);
    next.token_keys[0].id = new.key_id().to_owned();
    next.token_keys[0].ed25519 = new.public_key().to_vec();
    fixture.control_plane.publish(&next, NOON);
    fixture.control_plane.hears_ack(11).await;
    assert_eq!(node.refusal(&token).await.0, Code::CredentialInvalid);
    let renewed = new.mint(Audience::DataPlane, claims()).unwrap();
    node.ask(&renewed, refund(20)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_not_tell_which_environments_there_are() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let elsewhere = |organization: &str, environment: &str| {
        let mut claims = claims();
        claims.org = organization.into();
        claims.env = Some(environment.into());
        claims
    };
    let forger = ClusterSecret::new([8; 32]).token_signer(CLUSTER).unwrap();
    for claims in [elsewhere("acme", "production"), elsewhere("globex", "dev")] {
        let forged = forger.mint(Audience::DataPlane, claims.clone()).unwrap();
        assert_eq!(
            node.refusal(&forged).await,
            (Code::CredentialInvalid, REFUSED.to_owned())
        );
        let refusal = node.refusal(&fixture.mint(claims)).await;
        assert_eq!(
            refusal,
            (Code::NoBundle, "no bundle for this environment".to_owned())
        );
    }
    // A forged token of the environment that is held is told nothing else.
    let forged = forger.mint(Audience::DataPlane, claims()).unwrap();
    assert_eq!(
        node.refusal(&forged).await,
        (Code::CredentialInvalid, REFUSED.to_owned())
    );
}

fn filled() -> Claims {
    Claims {
        iss: CLUSTER.into(),
        aud: Audience::DataPlane.as_str().into(),
        ..claims()
    }
}

fn by_hand(header: &str, claims: &Claims, signature: &str) -> String {
    let payload = serde_json::to_vec(claims).unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{signature}",
        encode(header.as_bytes()),
        encode(&payload)
    )
}

fn hs256(key_id: &str, secret: &[u8]) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(Audience::DataPlane.token_type().into());
    header.kid = Some(key_id.into());
    jsonwebtoken::encode(&header, &filled(), &EncodingKey::from_secret(secret)).unwrap()
}

/// A foreign signature under the key id of the cluster.
fn relabelled(signer: &veto_identity::TokenSigner, key_id: &str) -> String {
    let token = signer.mint(Audience::DataPlane, claims()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let kind = Audience::DataPlane.token_type();
    let header = format!(r#"{{"alg":"EdDSA","typ":"{kind}","kid":"{key_id}"}}"#);
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header))
}
