//! `veto check --explain`: what each rule of the version that decided said of the call.
//!
//! An agent is told a code and an argument, never what a list or another rule holds. So this reads the version and
//! the agent from the control plane, under a key that may, and decides once more here.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use veto_core::Timestamp;
use veto_policy::{Agent, Arguments, Call, Explanation, RuleReport, Source, User, compile};
use veto_proto::administration::v1 as admin;
use veto_proto::administration::v1::agent_service_client::AgentServiceClient;
use veto_proto::administration::v1::policy_service_client::PolicyServiceClient;
use veto_proto::authorization::v1 as pb;
use veto_wire::limits;

use super::Decision;
use crate::arguments::Global;
use crate::connect;
use crate::error::Error;
use crate::explanation::{self, RuleData};
use crate::output::{self, Format};

/// What a token says of its agent; the node has verified it.
#[derive(Deserialize)]
struct Claims {
    agent: String,
    project: String,
    env: String,
    #[serde(default)]
    roles: Vec<String>,
}

/// A decision with what the rules said.
#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    rules: Vec<RuleData<'a>>,
}

/// Prints the decision and what each rule said.
pub(super) fn print(
    format: Format,
    decision: &Decision,
    rules: &[RuleReport],
) -> Result<(), Error> {
    if format == Format::Table {
        format.row(decision)?;
        return output::line(&format!("\n{}", explanation::rules(rules)));
    }
    let rules = rules.iter().map(RuleData::from).collect();
    format.document(&Explained { decision, rules })
}

/// Decides the call by this version as the node did.
pub(super) async fn explain(
    global: &Global,
    token: &str,
    call: pb::Call,
    version: u64,
    at: Timestamp,
) -> Result<Explanation, Error> {
    let claims = claims(token)?;
    let (sources, agent) =
        tokio::try_join!(files(global, &claims, version), registered(global, &claims))?;
    let compiled = compile(&sources).map_err(|found| {
        Error::Usage(format!(
            "version {version} is for another release of veto: {found}"
        ))
    })?;
    Ok(veto_policy::explain(
        &compiled.set,
        &as_decided(call, &claims, agent)?,
        at,
    ))
}

fn claims(token: &str) -> Result<Claims, Error> {
    let read = || {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&payload).ok()
    };
    read().ok_or_else(|| Error::Usage("the token is not one of an agent".to_owned()))
}

async fn files(global: &Global, claims: &Claims, version: u64) -> Result<Vec<Source>, Error> {
    let scope = Some(admin::ScopeRef {
        project: claims.project.clone(),
        environment: claims.env.clone(),
    });
    let mut policies = PolicyServiceClient::new(connect::control_plane(global).await?)
        .max_decoding_message_size(limits::BUNDLE_MESSAGE);
    let request = admin::GetPolicyVersionRequest { scope, version };
    let files = policies
        .get_policy_version(request)
        .await?
        .into_inner()
        .files;
    let source = |file: admin::PolicyFile| Source {
        path: file.path,
        text: file.text,
    };
    Ok(files.into_iter().map(source).collect())
}

async fn registered(global: &Global, claims: &Claims) -> Result<Option<admin::Agent>, Error> {
    let mut agents = AgentServiceClient::new(connect::control_plane(global).await?);
    let request = admin::ListAgentsRequest {
        project: claims.project.clone(),
    };
    let agents = agents.list_agents(request).await?.into_inner().agents;
    Ok(agents.into_iter().find(|agent| agent.id == claims.agent))
}

/// The call as the node saw it: roles are those that both the token and the registration name.
fn as_decided(call: pb::Call, claims: &Claims, agent: Option<admin::Agent>) -> Result<Call, Error> {
    Ok(Call {
        agent: agent.map(|agent| narrowed(agent, claims)).transpose()?,
        agent_id: read(&claims.agent)?,
        user: call.user.map(user),
        tool: read(&call.tool)?,
        arguments: arguments(&call.arguments_json)?,
        context: arguments(&call.context_json)?,
        environment: read(&claims.env)?,
        request_id: call.request_id,
        trace_id: String::new(),
        session_id: call.session_id,
    })
}

fn narrowed(agent: admin::Agent, claims: &Claims) -> Result<Agent, Error> {
    let counts = |role: &&String| claims.roles.is_empty() || claims.roles.contains(role);
    let roles = agent.roles.iter().filter(counts);
    Ok(Agent {
        id: read(&agent.id)?,
        roles: roles.map(|role| read(role)).collect::<Result<_, _>>()?,
        labels: agent.labels.into_iter().collect(),
        disabled: agent.disabled,
    })
}

fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, Error> {
    text.parse()
        .map_err(|error: T::Err| Error::Usage(error.to_string()))
}

fn arguments(text: &str) -> Result<Arguments, Error> {
    Arguments::parse(text).map_err(|error| Error::Usage(error.to_string()))
}

fn user(user: pb::User) -> User {
    User {
        id: user.id,
        name: user.name,
        email: user.email,
        groups: user.groups,
        labels: user.labels.into_iter().collect(),
    }
}
