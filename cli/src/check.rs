//! `veto check`: one call, one decision.

mod explain;

use serde::Serialize;
use tonic::Request;
use veto_core::{Clock as _, SystemClock};
use veto_proto::authorization::v1 as pb;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;
use crate::{connect, value};

/// The call to ask about.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The tool, as the agent calls it
    #[arg(long, value_name = "NAME")]
    tool: String,
    /// The arguments as a JSON object, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// What else the caller knows, as a JSON object or `@FILE`
    #[arg(long, value_name = "JSON", default_value = "{}")]
    context: String,
    /// The person on whose behalf the agent acts
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// That person's mail address
    #[arg(long, value_name = "ADDRESS", requires = "user")]
    user_email: Option<String>,
    /// A group of that person; may be repeated
    #[arg(long, value_name = "GROUP", requires = "user")]
    user_group: Vec<String>,
    /// The conversation or run that the call belongs to
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    session: String,
    /// Your own id of this call
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    request_id: String,
    /// W3C trace context
    #[arg(long, env = "TRACEPARENT", value_name = "TEXT")]
    traceparent: Option<String>,
    /// Answer only from this revision on
    #[arg(
        long,
        value_name = "REVISION",
        default_value_t = 0,
        hide_default_value = true
    )]
    at_least_revision: u64,
    /// Tell what every rule about the tool said; needs a key that may read policies (VETO_KEY)
    #[arg(long)]
    explain: bool,
}

/// Asks about one tool and its arguments.
pub(crate) async fn ask(global: &Global, tool: &str, arguments: &str) -> Result<Decision, Error> {
    let (tool, arguments_json) = (tool.to_owned(), arguments.to_owned());
    let call = pb::Call {
        tool,
        arguments_json,
        ..pb::Call::default()
    };
    let request = pb::AuthorizeRequest {
        call: Some(call),
        at_least_revision: 0,
    };
    let answer = connect::data_plane(global)
        .await?
        .authorize(request)
        .await?
        .into_inner();
    Ok(Decision::from(answer.decision.unwrap_or_default()))
}

/// Asks, prints the decision, and fails unless it is allow.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), Error> {
    let at_least_revision = arguments.at_least_revision;
    let (traceparent, explain) = (arguments.traceparent.clone(), arguments.explain);
    let call = arguments.into_call()?;
    let mut request = Request::new(pb::AuthorizeRequest {
        call: Some(call.clone()),
        at_least_revision,
    });
    if let Some(text) = traceparent {
        let bad = |_| Error::Usage(format!("`{text}` is not a traceparent"));
        request
            .metadata_mut()
            .insert("traceparent", text.parse().map_err(bad)?);
    }
    let token = connect::agent_token(global).await?;
    let mut node = connect::data_plane_under(global, &token).await?;
    let at = SystemClock.now();
    let answer = node.authorize(request).await?.into_inner();
    let decision = Decision::from(answer.decision.unwrap_or_default());
    if explain {
        let version = decision.policy_version;
        let rules = explain::explain(global, &token, call, version, at)
            .await?
            .rules;
        explain::print(global.output, &decision, &rules)?;
    } else {
        global.output.row(&decision)?;
    }
    if decision.outcome == "allow" {
        Ok(())
    } else {
        Err(Error::NotAllowed)
    }
}

impl Arguments {
    fn into_call(self) -> Result<pb::Call, Error> {
        let (email, groups) = (self.user_email.unwrap_or_default(), self.user_group);
        Ok(pb::Call {
            tool: self.tool,
            arguments_json: value::text(self.arguments)?,
            user: self.user.map(|id| pb::User {
                id,
                email,
                groups,
                ..pb::User::default()
            }),
            context_json: value::text(self.context)?,
            session_id: self.session,
            request_id: self.request_id,
        })
    }
}

/// A decision as data.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Decision {
    /// allow, deny or approval.
    pub(crate) outcome: &'static str,
    /// Why.
    pub(crate) reason: Reason,
    /// The policy that decided; empty when none matched.
    pub(crate) policy: String,
    /// The rule that decided; empty when none matched.
    pub(crate) rule: String,
    policy_version: u64,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<Approval>,
}

/// Why a call got its outcome.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Reason {
    /// The stable code.
    pub(crate) code: String,
    /// One sentence.
    pub(crate) message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    argument: String,
}

#[derive(Debug, Clone, Serialize)]
struct Receipt {
    node: String,
    boot: String,
    sequence: u64,
    hash: String,
}

#[derive(Debug, Clone, Serialize)]
struct Approval {
    terms: Vec<Terms>,
    expires_seconds: u64,
}

#[derive(Debug, Clone, Serialize)]
struct Terms {
    policy: String,
    rule: String,
    approvers: Vec<String>,
    quorum: u32,
}

impl From<pb::Decision> for Decision {
    fn from(decision: pb::Decision) -> Self {
        let outcome = match decision.outcome() {
            pb::Outcome::Allow => "allow",
            pb::Outcome::Approval => "approval",
            // Whatever a client does not understand is a denial.
            pb::Outcome::Deny | pb::Outcome::Unspecified => "deny",
        };
        let reason = decision.reason.unwrap_or_default();
        Self {
            outcome,
            reason: Reason {
                code: reason.code,
                message: reason.message,
                argument: reason.argument,
            },
            policy: decision.policy,
            rule: decision.rule,
            policy_version: decision.policy_version,
            revision: decision.revision,
            receipt: decision.receipt.map(Receipt::from),
            approval: decision.approval.map(Approval::from),
        }
    }
}

impl From<pb::Receipt> for Receipt {
    fn from(receipt: pb::Receipt) -> Self {
        Self {
            node: receipt.node,
            boot: value::hex(&receipt.boot),
            sequence: receipt.sequence,
            hash: value::hex(&receipt.hash),
        }
    }
}

impl From<pb::Approval> for Approval {
    fn from(approval: pb::Approval) -> Self {
        let terms = approval.terms.into_iter().map(|terms| Terms {
            policy: terms.policy,
            rule: terms.rule,
            approvers: terms.approvers,
            quorum: terms.quorum,
        });
        Self {
            terms: terms.collect(),
            expires_seconds: approval.expires_seconds,
        }
    }
}

impl Row for Decision {
    const COLUMNS: &'static [&'static str] = &[
        "OUTCOME",
        "REASON",
        "CODE",
        "RULE",
        "APPROVERS",
        "VERSION",
        "RECORD",
    ];

    fn cells(&self) -> Vec<String> {
        let rule = if self.rule.is_empty() {
            String::new()
        } else {
            format!("{}/{}", self.policy, self.rule)
        };
        let approvers = self
            .approval
            .as_ref()
            .map(Approval::in_words)
            .unwrap_or_default();
        let record = |r: &Receipt| format!("{} boot {:.8} number {}", r.node, r.boot, r.sequence);
        vec![
            self.outcome.to_owned(),
            self.reason.message.clone(),
            self.reason.code.clone(),
            rule,
            approvers,
            format!("{} (revision {})", self.policy_version, self.revision),
            self.receipt.as_ref().map(record).unwrap_or_default(),
        ]
    }
}

impl Approval {
    fn in_words(&self) -> String {
        let group = |t: &Terms| format!("{} of {}", t.quorum, t.approvers.join(", "));
        let groups: Vec<_> = self.terms.iter().map(group).collect();
        format!(
            "{}, within {} s",
            groups.join("; and "),
            self.expires_seconds
        )
    }
}
