//! Calls and their answers.

use tonic::Request;
use veto_core::Code;
use veto_proto::authorization::v1::{self as proto, Outcome, batch_result::Result as Item};
use veto_wire::metadata::authorize;
use veto_wire::status::{code_of, metadata_of};

use crate::fixture::{Fixture, call, claims, refund};

#[tokio::test(flavor = "multi_thread")]
async fn an_allowed_call_names_rule_bundle_and_receipt() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let first = node.ask(&fixture.token(), refund(20)).await.unwrap();
    assert_eq!(first.outcome(), Outcome::Allow, "{first:?}");
    assert_eq!(
        (first.policy.as_str(), first.rule.as_str()),
        ("refunds", "small")
    );
    assert_eq!((first.policy_version, first.revision), (3, 10));
    let receipt = first.receipt.unwrap();
    assert_eq!(
        (
            receipt.node.as_str(),
            receipt.boot.len(),
            receipt.hash.len()
        ),
        ("node-1", 16, 32)
    );

    let second = node
        .ask(&fixture.token(), refund(20))
        .await
        .unwrap()
        .receipt
        .unwrap();
    assert_eq!(
        (second.sequence, &second.boot),
        (receipt.sequence + 1, &receipt.boot)
    );
    assert_ne!(second.hash, receipt.hash);
    node.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_says_why() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    let denied = node
        .ask(&token, call("customers.export", "{}"))
        .await
        .unwrap();
    assert_eq!(denied.outcome(), Outcome::Deny);
    assert_eq!(
        (denied.policy.as_str(), denied.rule.as_str()),
        ("refunds", "never-export")
    );
    let reason = denied.reason.unwrap();
    assert_eq!(reason.code, "denied_by_rule");
    assert!(reason.message.contains("data team"), "{reason:?}");
    assert!(denied.receipt.is_some() && denied.approval.is_none());

    let unknown = node
        .ask(&token, call("rockets.launch", "{}"))
        .await
        .unwrap();
    assert_eq!(unknown.outcome(), Outcome::Deny);
    assert_eq!(unknown.reason.unwrap().code, "unknown_tool");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_needs_approval_says_whose() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let asked = node.ask(&fixture.token(), refund(51)).await.unwrap();
    assert_eq!(asked.outcome(), Outcome::Approval, "{asked:?}");
    let approval = asked.approval.unwrap();
    assert_eq!(approval.expires_seconds, 900);
    assert_eq!(approval.terms.len(), 1);
    assert_eq!(
        (approval.terms[0].rule.as_str(), approval.terms[0].quorum),
        ("large", 2)
    );
    assert_eq!(approval.terms[0].approvers, ["role:finance-lead"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unregistered_disabled_and_narrowed_agents_are_denied() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    for (agent, roles, code) in [
        ("ghost", vec![], "unknown_agent"),
        ("idle", vec![], "agent_disabled"),
        ("bot", vec!["research"], "role_mismatch"),
    ] {
        let mut claims = claims();
        claims.agent = Some(agent.into());
        claims.roles = roles.into_iter().map(str::to_owned).collect();
        let denied = node.ask(&fixture.mint(claims), refund(20)).await.unwrap();
        assert_eq!(denied.outcome(), Outcome::Deny, "{agent}");
        assert_eq!(denied.reason.unwrap().code, code, "{agent}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_answered_in_order_and_a_bad_call_fails_alone() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let calls = vec![
        refund(20),
        call("payments.refund", "{"),
        call("customers.export", "{}"),
        call("not a tool", "{}"),
        refund(51),
    ];
    let results = batch(&fixture, &node, calls).await.unwrap();
    let seen: Vec<_> = results
        .into_iter()
        .map(|result| match result.result.unwrap() {
            Item::Decision(decision) => {
                assert_eq!(decision.revision, 10);
                assert!(
                    decision
                        .receipt
                        .as_ref()
                        .is_some_and(|receipt| receipt.sequence > 0)
                );
                format!("{:?}", decision.outcome())
            }
            Item::Error(error) => error.code,
        })
        .collect();
    assert_eq!(
        seen,
        [
            "Allow",
            "INVALID_ARGUMENTS",
            "Deny",
            "INVALID_REQUEST",
            "Approval"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_none_or_too_many_is_refused() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    for size in [0, 65] {
        let status = batch(&fixture, &node, vec![refund(1); size])
            .await
            .unwrap_err();
        assert_eq!(code_of(&status), Some(Code::InvalidRequest), "{size}");
    }
    let results = batch(&fixture, &node, vec![refund(1); 64]).await.unwrap();
    let mut sequences: Vec<_> = results
        .into_iter()
        .map(|result| match result.result.unwrap() {
            Item::Decision(decision) => decision.receipt.unwrap().sequence,
            Item::Error(error) => panic!("{error:?}"),
        })
        .collect();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_not_held_is_refused_and_the_held_one_named() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    for (at_least_revision, held) in [(10, true), (11, false)] {
        let body = proto::AuthorizeRequest {
            call: Some(refund(20)),
            at_least_revision,
        };
        let mut request = Request::new(body);
        authorize(&mut request, &fixture.token()).unwrap();
        match node.client.clone().authorize(request).await {
            Ok(_) => assert!(held),
            Err(status) => {
                assert!(!held);
                assert_eq!(code_of(&status), Some(Code::RevisionNotReached));
                assert_eq!(metadata_of(&status, "held_revision").as_deref(), Some("10"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_by_name() {
    let fixture = Fixture::new();
    let node = fixture.start_synced().await;
    let token = fixture.token();
    for (bad, code, field) in [
        (
            call("payments.refund", "[]"),
            Code::InvalidArguments,
            "arguments_json",
        ),
        (
            call("payments.refund", r#"{"a":1,"a":1}"#),
            Code::InvalidArguments,
            "arguments_json",
        ),
        (call("", "{}"), Code::InvalidRequest, "tool"),
    ] {
        let status = node.ask(&token, bad).await.unwrap_err();
        assert_eq!(code_of(&status), Some(code));
        assert!(status.message().contains(field), "{status:?}");
    }
}

async fn batch(
    fixture: &Fixture,
    node: &crate::fixture::Node,
    calls: Vec<proto::Call>,
) -> Result<Vec<proto::BatchResult>, tonic::Status> {
    let mut request = Request::new(proto::AuthorizeBatchRequest {
        calls,
        at_least_revision: 0,
    });
    authorize(&mut request, &fixture.token()).unwrap();
    Ok(node
        .client
        .clone()
        .authorize_batch(request)
        .await?
        .into_inner()
        .results)
}
