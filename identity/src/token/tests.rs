use super::*;
use crate::ClusterSecret;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn claims() -> Claims {
    Claims {
        iss: String::new(),
        aud: String::new(),
        sub: "bot".into(),
        exp: NOW.seconds() + 300,
        nbf: NOW.seconds(),
        iat: NOW.seconds(),
        jti: "t1".into(),
        org: "acme".into(),
        project: Some("shop".into()),
        env: Some("dev".into()),
        agent: Some("bot".into()),
        roles: vec!["support".into()],
        key: "k1".into(),
        kind: "agent".into(),
        act: None,
    }
}

fn signer() -> TokenSigner {
    ClusterSecret::new([1; 32]).token_signer("cluster").unwrap()
}

fn verifier() -> TokenVerifier {
    TokenVerifier::from_jwks(Audience::DataPlane, "cluster", &signer().jwks_json()).unwrap()
}

/// Signs any header and payload with the real key.
fn forge(header: &str, payload: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &signer().key, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn header(extra: &str) -> String {
    format!(
        r#"{{"typ":"veto-agent+jwt","alg":"EdDSA","kid":"{}"{extra}}}"#,
        signer().key_id()
    )
}

fn payload(change: impl FnOnce(&mut serde_json::Map<String, serde_json::Value>)) -> String {
    let mut claims = claims();
    claims.iss = "cluster".into();
    claims.aud = Audience::DataPlane.as_str().into();
    let mut value = serde_json::to_value(claims).unwrap();
    change(value.as_object_mut().unwrap());
    value.to_string()
}

#[test]
fn a_minted_token_verifies_and_keeps_its_claims() {
    let token = signer().mint(Audience::DataPlane, claims()).unwrap();
    let read = verifier().verify(&token, NOW).unwrap();
    assert_eq!((read.org.as_str(), read.iss.as_str()), ("acme", "cluster"));
    assert_eq!(unverified_claims(&token).unwrap(), read);
    assert!(
        verifier()
            .verify(&forge(&header(""), &payload(|_| ())), NOW)
            .is_ok()
    );
}

#[test]
fn a_token_is_good_in_its_time_alone() {
    let token = signer().mint(Audience::DataPlane, claims()).unwrap();
    let at = |offset: i64| Timestamp::from_seconds(NOW.seconds() + offset);
    assert_eq!(verifier().verify(&token, at(330)), Err(Error::Expired));
    assert_eq!(verifier().verify(&token, at(-31)), Err(Error::Expired));
    assert!(verifier().verify(&token, at(329)).is_ok());
}

#[test]
fn a_token_of_another_audience_issuer_or_signer_is_refused() {
    let ledger = signer().mint(Audience::Ledger, claims()).unwrap();
    assert!(verifier().verify(&ledger, NOW).is_err());
    let foreign = ClusterSecret::new([2; 32]).token_signer("cluster").unwrap();
    let token = foreign.mint(Audience::DataPlane, claims()).unwrap();
    assert!(matches!(
        verifier().verify(&token, NOW),
        Err(Error::UnknownSigner(_))
    ));
    let issuer = ClusterSecret::new([1; 32])
        .token_signer("elsewhere")
        .unwrap();
    let token = issuer.mint(Audience::DataPlane, claims()).unwrap();
    assert!(verifier().verify(&token, NOW).is_err());
}

#[test]
fn forged_headers_are_refused() {
    let kid = signer().key_id().to_owned();
    let headers = [
        r#"{"typ":"veto-agent+jwt","alg":"none"}"#.to_owned(),
        format!(r#"{{"typ":"veto-agent+jwt","alg":"none","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"veto-agent+jwt","alg":"nOnE","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"veto-agent+jwt","alg":"HS256","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"veto-agent+jwt","alg":"ES256","kid":"{kid}"}}"#),
        format!(r#"{{"typ":"JWT","alg":"EdDSA","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
        r#"{"typ":"veto-agent+jwt","alg":"EdDSA"}"#.to_owned(),
        r#"{"typ":"veto-agent+jwt","alg":"EdDSA","kid":"../../etc/passwd"}"#.to_owned(),
        header(r#","jku":"https://evil.example/jwks""#),
        header(r#","x5u":"https://evil.example/x""#),
        header(r#","x5c":["AAAA"]"#),
        header(r#","crit":["exp"]"#),
    ];
    for header in headers {
        assert!(
            verifier()
                .verify(&forge(&header, &payload(|_| ())), NOW)
                .is_err(),
            "{header}"
        );
    }
}

#[test]
fn forged_claims_are_refused() {
    for name in [
        "iss", "aud", "sub", "exp", "nbf", "iat", "jti", "org", "key", "kind", "roles",
    ] {
        let token = forge(&header(""), &payload(|claims| drop(claims.remove(name))));
        assert!(verifier().verify(&token, NOW).is_err(), "without {name}");
        let token = forge(
            &header(""),
            &payload(|c| drop(c.insert(name.into(), true.into()))),
        );
        assert!(verifier().verify(&token, NOW).is_err(), "mistyped {name}");
    }
    let odd = [
        ("exp", serde_json::json!("1900000000")),
        ("exp", serde_json::json!(1.9e9)),
        ("exp", serde_json::json!(-1)),
        ("nbf", serde_json::json!(u64::MAX)),
        ("aud", serde_json::json!(["veto:data-plane", "x"])),
    ];
    for (name, value) in odd {
        let shown = value.to_string();
        let token = forge(
            &header(""),
            &payload(|c| drop(c.insert(name.into(), value))),
        );
        assert!(verifier().verify(&token, NOW).is_err(), "{name}: {shown}");
    }
    let twice = payload(|_| ()).replacen('{', r#"{"org":"other","#, 1);
    assert!(verifier().verify(&forge(&header(""), &twice), NOW).is_err());
}

#[test]
fn a_token_that_was_touched_is_refused() {
    let token = signer().mint(Audience::DataPlane, claims()).unwrap();
    let bytes = token.as_bytes();
    for position in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[position] = if changed[position] == b'A' {
            b'B'
        } else {
            b'A'
        };
        let changed = String::from_utf8(changed).unwrap();
        assert!(verifier().verify(&changed, NOW).is_err(), "byte {position}");
    }
    for bad in [
        "",
        ".",
        "..",
        "a.b.c",
        &format!("{token}."),
        &format!("{token}A"),
        &"a".repeat(9000),
    ] {
        assert!(verifier().verify(bad, NOW).is_err());
    }
}
