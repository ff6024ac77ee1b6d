//! Decisions on the wire.

use veto_core::{BootId, NodeId, Revision, Version};
use veto_policy::{Approval, Decision, Outcome};
use veto_proto::authorization::v1 as authorization;

/// What proves that a decision was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The node that decided.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// The place in the boot's gapless sequence.
    pub sequence: u64,
    /// SHA-256 of the record's frame.
    pub hash: [u8; 32],
}

/// Writes a decision, with the bundle that made it and the proof that it was recorded. The answer
/// says less than the record: neither which other rules matched nor which conditions failed.
#[must_use]
pub fn decision(
    decision: &Decision,
    version: Version,
    revision: Revision,
    receipt: &Receipt,
) -> authorization::Decision {
    authorization::Decision {
        outcome: outcome(decision.outcome).into(),
        reason: Some(authorization::Reason {
            code: decision.reason.code.as_str().to_owned(),
            message: decision.reason.message.clone(),
            argument: decision.reason.argument.clone().unwrap_or_default(),
        }),
        policy: decision
            .policy
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        rule: decision
            .rule
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        policy_version: version.0,
        revision: revision.0,
        receipt: Some(authorization::Receipt {
            node: receipt.node.to_string(),
            boot: receipt.boot.0.to_vec(),
            sequence: receipt.sequence,
            hash: receipt.hash.to_vec(),
        }),
        approval: decision.approval.as_ref().map(approval),
    }
}

/// Writes an outcome.
#[must_use]
pub const fn outcome(outcome: Outcome) -> authorization::Outcome {
    match outcome {
        Outcome::Allow => authorization::Outcome::Allow,
        Outcome::Deny => authorization::Outcome::Deny,
        Outcome::Approval => authorization::Outcome::Approval,
    }
}

fn approval(approval: &Approval) -> authorization::Approval {
    let terms = |terms: &veto_policy::ApprovalTerms| authorization::ApprovalTerms {
        policy: terms.policy.to_string(),
        rule: terms.rule.to_string(),
        approvers: terms.approvers.clone(),
        quorum: terms.quorum,
        independent: terms.independent,
    };
    authorization::Approval {
        terms: approval.terms.iter().map(terms).collect(),
        expires_seconds: approval.expires.as_secs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use veto_core::{PolicyName, RuleId};
    use veto_policy::{ApprovalTerms, Reason, ReasonCode};

    fn receipt() -> Receipt {
        Receipt {
            node: NodeId::new("node-1").unwrap(),
            boot: BootId([7; 16]),
            sequence: 9,
            hash: [8; 32],
        }
    }

    fn made(outcome: Outcome) -> Decision {
        Decision {
            outcome,
            reason: Reason {
                code: ReasonCode::ALL[0],
                message: "why".into(),
                argument: Some("/amount".into()),
            },
            policy: None,
            rule: None,
            severity: None,
            matched: Vec::new(),
            errors: vec!["p/r: secret detail".into()],
            approval: None,
            redaction: veto_policy::Redaction::default(),
        }
    }

    #[test]
    fn an_answer_carries_reason_bundle_and_receipt() {
        let answer = decision(&made(Outcome::Deny), Version(3), Revision(12), &receipt());
        assert_eq!(answer.outcome(), authorization::Outcome::Deny);
        assert_eq!((answer.policy_version, answer.revision), (3, 12));
        assert_eq!(answer.reason.as_ref().unwrap().argument, "/amount");
        let receipt = answer.receipt.as_ref().unwrap();
        assert_eq!(
            (receipt.sequence, receipt.boot.len(), receipt.hash.len()),
            (9, 16, 32)
        );
        assert!(!format!("{answer:?}").contains("secret detail"));
    }

    #[test]
    fn an_approval_names_every_group_and_its_terms() {
        let mut asked = made(Outcome::Approval);
        asked.approval = Some(Approval {
            terms: vec![ApprovalTerms {
                policy: PolicyName::new("refunds").unwrap(),
                rule: RuleId::new("large").unwrap(),
                approvers: vec!["role:finance-lead".into()],
                quorum: 2,
                independent: true,
            }],
            expires: Duration::from_secs(900),
        });
        let answer = decision(&asked, Version(1), Revision(1), &receipt());
        assert_eq!(answer.outcome(), authorization::Outcome::Approval);
        let approval = answer.approval.unwrap();
        assert_eq!(
            (approval.expires_seconds, approval.terms[0].quorum),
            (900, 2)
        );
        assert_eq!(approval.terms[0].approvers, ["role:finance-lead"]);
        assert!(approval.terms[0].independent);
    }
}
