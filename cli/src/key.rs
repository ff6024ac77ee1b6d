//! `veto key`: API keys. A secret is printed once, when it is made.

use std::time::Duration;

use serde::Serialize;
use veto_core::{Clock as _, SystemClock, Timestamp};
use veto_proto::administration::v1 as pb;
use veto_proto::administration::v1::key_service_client::KeyServiceClient;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format, Row};
use crate::{connect, value};

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key and print it, this once
    Create(Create),
    /// List the keys that yours covers, without secrets
    List,
    /// Revoke a key; nodes refuse its tokens as soon as the change reaches them
    Revoke {
        /// The key's public id
        id: String,
        /// Why
        #[arg(long, default_value = "", hide_default_value = true)]
        reason: String,
    },
}

/// What a new key is for. It covers --project and --environment, or the whole organization.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What it is for
    #[arg(long, value_enum)]
    kind: Kind,
    /// An agent it may act as; may be repeated; agent keys need at least one
    #[arg(long = "agent", value_name = "ID")]
    agents: Vec<String>,
    /// A role it is narrowed to; may be repeated; without it all roles of the agent
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// When it ends; without it never
    #[arg(long, value_parser = value::duration, value_name = "DURATION")]
    expires: Option<Duration>,
    /// What it is used for, in words
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// An agent's: exchanges for tokens of the data plane.
    Agent,
    /// A data-plane node's: subscribes to bundles, appends records.
    Node,
    /// A pipeline's: validates and publishes policies, reads.
    Ci,
    /// An administrator's: everything within its scope.
    Admin,
}

#[derive(Serialize)]
struct Key {
    id: String,
    kind: &'static str,
    project: String,
    environment: String,
    agents: Vec<String>,
    roles: Vec<String>,
    expires_at: Option<String>,
    revoked: bool,
    created: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
}

impl From<pb::Key> for Key {
    fn from(key: pb::Key) -> Self {
        let kind = match key.kind() {
            pb::KeyKind::Agent => "agent",
            pb::KeyKind::Node => "node",
            pb::KeyKind::Ci => "ci",
            pb::KeyKind::Admin => "admin",
            pb::KeyKind::Unspecified => "unknown",
        };
        let scope = key.scope.unwrap_or_default();
        Self {
            id: key.id,
            kind,
            project: scope.project,
            environment: scope.environment,
            agents: key.agents,
            roles: key.roles,
            expires_at: (key.expires_at != 0).then(|| Timestamp(key.expires_at).to_string()),
            revoked: key.revoked,
            created: Timestamp(key.created.unwrap_or_default().time).to_string(),
            description: key.description,
            secret_key: None,
        }
    }
}

impl Row for Key {
    const COLUMNS: &'static [&'static str] = &[
        "ID",
        "KIND",
        "SCOPE",
        "AGENTS",
        "STATE",
        "EXPIRES",
        "CREATED",
        "DESCRIPTION",
    ];

    fn cells(&self) -> Vec<String> {
        let scope = match (self.project.as_str(), self.environment.as_str()) {
            ("", _) => "all".to_owned(),
            (project, "") => project.to_owned(),
            (project, environment) => format!("{project}/{environment}"),
        };
        vec![
            self.id.clone(),
            self.kind.to_owned(),
            scope,
            self.agents.join(", "),
            (if self.revoked { "revoked" } else { "valid" }).to_owned(),
            self.expires_at
                .clone()
                .unwrap_or_else(|| "never".to_owned()),
            self.created.clone(),
            self.description.clone(),
        ]
    }
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    let mut client = KeyServiceClient::new(connect::control_plane(global).await?);
    match command {
        Command::Create(create) => {
            let answer = client
                .create_key(create.into_request(global)?)
                .await?
                .into_inner();
            let mut key = Key::from(answer.key.unwrap_or_default());
            if global.output != Format::Table {
                key.secret_key = Some(answer.secret_key);
                return global.output.document(&key);
            }
            eprintln!("key `{}` made, shown this once:", key.id);
            output::line(&answer.secret_key)
        }
        Command::List => {
            let answer = client.list_keys(pb::ListKeysRequest {}).await?.into_inner();
            let rows: Vec<_> = answer.keys.into_iter().map(Key::from).collect();
            global.output.rows(&rows)
        }
        Command::Revoke { id, reason } => {
            let request_id = connect::request_id()?;
            let request = pb::RevokeKeyRequest {
                id,
                reason,
                request_id,
            };
            let answer = client.revoke_key(request).await?.into_inner();
            global
                .output
                .row(&Key::from(answer.key.unwrap_or_default()))
        }
    }
}

impl Create {
    fn into_request(self, global: &Global) -> Result<pb::CreateKeyRequest, Error> {
        let kind = match self.kind {
            Kind::Agent => pb::KeyKind::Agent,
            Kind::Node => pb::KeyKind::Node,
            Kind::Ci => pb::KeyKind::Ci,
            Kind::Admin => pb::KeyKind::Admin,
        };
        let (project, environment) = (global.project_if_any(), global.environment_if_any());
        let scope = (!project.is_empty()).then_some(pb::ScopeRef {
            project,
            environment,
        });
        let expires_at = self
            .expires
            .map_or(0, |duration| SystemClock.now().plus(duration).0);
        Ok(pb::CreateKeyRequest {
            kind: kind.into(),
            scope,
            agents: self.agents,
            roles: self.roles,
            expires_at,
            description: self.description,
            request_id: connect::request_id()?,
        })
    }
}
