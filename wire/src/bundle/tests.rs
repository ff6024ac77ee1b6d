use proptest::prelude::*;

use super::*;
use veto_core::Secret;

fn signer() -> Signer {
    Signer::from_seed("cluster".into(), &Secret::new([1; 32])).unwrap()
}

fn bundle(revision: u64, policies: &[(&str, &str)], agents: &[&str]) -> storage::Bundle {
    let policy = |(path, text): &(&str, &str)| storage::BundlePolicy {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    };
    let agent = |id: &&str| storage::BundleAgent {
        id: (*id).to_owned(),
        ..Default::default()
    };
    storage::Bundle {
        scope: Some(storage::Scope {
            organization: "acme".into(),
            project: "shop".into(),
            environment: "dev".into(),
        }),
        revision,
        policies: policies.iter().map(policy).collect(),
        agents: agents.iter().map(agent).collect(),
        staleness_seconds: 60,
        ..Default::default()
    }
}

fn verified(revision: u64, policies: &[(&str, &str)], agents: &[&str]) -> VerifiedBundle {
    let signed = signer().sign(&bundle(revision, policies, agents), Timestamp(5));
    VerifiedBundle::verify(signed, &signer().trust()).unwrap()
}

#[test]
fn a_signed_bundle_verifies_and_names_its_scope() {
    let bundle = verified(3, &[("a.yaml", "x")], &["bot"]);
    assert_eq!(bundle.scope().to_string(), "acme/shop/dev");
    assert_eq!(
        (bundle.revision(), bundle.fresh_as_of()),
        (Revision(3), Timestamp(5))
    );
}

#[test]
fn every_flipped_byte_is_refused() {
    let signed = signer().sign(&bundle(3, &[("a.yaml", "x")], &["bot"]), Timestamp(5));
    let bytes = signed.encode_to_vec();
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let Ok(decoded) = storage::SignedBundle::decode(changed.as_slice()) else {
            continue;
        };
        assert!(
            VerifiedBundle::verify(decoded, &signer().trust()).is_err(),
            "byte {position}"
        );
    }
}

#[test]
fn another_signer_or_cluster_is_refused_by_code() {
    let other = Signer::from_seed("cluster".into(), &Secret::new([2; 32])).unwrap();
    let elsewhere = Signer::from_seed("elsewhere".into(), &Secret::new([1; 32])).unwrap();
    for signer_of in [other, elsewhere] {
        let signed = signer_of.sign(&bundle(3, &[], &[]), Timestamp(5));
        let error = VerifiedBundle::verify(signed, &signer().trust()).unwrap_err();
        assert_eq!(error.code(), Code::BundleSignatureInvalid);
    }
}

#[test]
fn a_delta_on_another_base_is_refused() {
    let old = verified(3, &[("a", "1")], &[]);
    let new = verified(4, &[("a", "2")], &[]);
    let change = delta(old.signed(), new.signed()).unwrap();
    let other = verified(3, &[("a", "other")], &[]);
    let error = other.apply(&change, &signer().trust()).unwrap_err();
    assert_eq!(error.code(), Code::BundleBaseMismatch);
}

#[test]
fn a_forged_delta_is_refused() {
    let old = verified(3, &[("a", "1")], &[]);
    let new = verified(4, &[("a", "2")], &[]);
    let mut change = delta(old.signed(), new.signed()).unwrap();
    change.put_policies[0].text = "allow all".into();
    assert_eq!(
        old.apply(&change, &signer().trust()).unwrap_err().code(),
        Code::BundleCorrupt
    );
}

#[test]
fn a_heartbeat_makes_the_same_bundle_fresher_and_never_older() {
    let held = verified(3, &[], &[]);
    let beat = |at| signer().sign_header(held.header(), Timestamp(at));
    let fresher = held.refresh(&beat(9), &signer().trust()).unwrap();
    assert_eq!(fresher.fresh_as_of(), Timestamp(9));
    assert_eq!(
        fresher
            .refresh(&beat(7), &signer().trust())
            .unwrap()
            .fresh_as_of(),
        Timestamp(9)
    );
    VerifiedBundle::verify(fresher.signed().clone(), &signer().trust()).unwrap();

    let other = verified(4, &[], &[]);
    assert!(other.refresh(&beat(9), &signer().trust()).is_err());
    let mut forged = beat(9);
    forged.header.as_mut().unwrap().fresh_as_of = i64::MAX;
    let error = held.refresh(&forged, &signer().trust()).unwrap_err();
    assert_eq!(error.code(), Code::BundleSignatureInvalid);
}

#[test]
fn a_key_set_is_verified_against_the_pinned_key() {
    let signature = signer().sign_jwks("{}");
    assert!(verify_jwks("{}", &signature, &signer().trust()).is_ok());
    assert!(verify_jwks("{ }", &signature, &signer().trust()).is_err());
}

fn items() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[a-d]{1,2}", "[x-z]{0,2}", 0..8)
}

use std::collections::BTreeMap;

proptest! {
    #[test]
    fn a_delta_leads_to_the_very_same_bundle(old in items(), new in items()) {
        let make = |revision, items: &BTreeMap<String, String>| {
            let pairs: Vec<_> = items.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            let agents: Vec<_> = items.keys().map(String::as_str).collect();
            verified(revision, &pairs, &agents)
        };
        let (old, new) = (make(3, &old), make(4, &new));
        let change = delta(old.signed(), new.signed()).unwrap();
        prop_assert_eq!(old.apply(&change, &signer().trust()).unwrap(), new);
    }
}
