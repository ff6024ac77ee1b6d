//! API keys: made within the scope of who asks, shown once, kept as keyed hashes.

use tonic::{Request, Response, Status};
use veto_core::{AgentId, EnvironmentId, KeyId, ProjectId, Role};
use veto_identity::{ApiKey, KeyKind};
use veto_proto::administration::v1 as api;
use veto_proto::administration::v1::key_service_server::KeyService;
use veto_proto::storage::v1::{self as storage, KeyRow, command::Change};

use super::{Control, change_message, fields, missing};
use crate::Error;
use crate::access::Caller;

const MOST_AGENTS: usize = 64;
const MOST_ROLES: usize = 64;

#[tonic::async_trait]
impl KeyService for Control {
    async fn create_key(
        &self,
        request: Request<api::CreateKeyRequest>,
    ) -> Result<Response<api::CreateKeyResponse>, Status> {
        let caller = self
            .writer(&request, "veto.administration.v1.KeyService/CreateKey")
            .await?;
        let request = request.into_inner();
        let mut row = self.new_row(&caller, &request)?;
        let environment = (!row.environment.is_empty()).then_some(row.environment.as_str());
        let environment = environment
            .map(|name| fields::name("scope.environment", name, EnvironmentId::new))
            .transpose()?;
        let kind = kind(request.kind())?;
        let key = ApiKey::generate(kind, environment, self.0.entropy.as_ref())
            .map_err(|e| fields::invalid("kind", e.to_string()))?;
        row.id = key.id.to_string();
        row.secret_hash = self.0.secret.hash_key(&key).map_err(Error::from)?.to_vec();
        let create = Change::CreateKey(storage::CreateKey { key: Some(row) });
        let result = self.change(&caller, &request.request_id, create).await?;
        let row = self.read(|tables| tables.key(&result.key_id))?;
        let secret_key = if result.repeated {
            String::new()
        } else {
            key.reveal()
        };
        Ok(Response::new(api::CreateKeyResponse {
            key: row.map(message),
            secret_key,
        }))
    }

    async fn list_keys(
        &self,
        request: Request<api::ListKeysRequest>,
    ) -> Result<Response<api::ListKeysResponse>, Status> {
        let caller = self
            .caller(&request, "veto.administration.v1.KeyService/ListKeys")
            .await?;
        let rows = self.read(|tables| tables.keys(caller.organization.as_str()))?;
        let keys = rows
            .into_iter()
            .filter(|row| reaches(&caller, row))
            .map(message)
            .collect();
        Ok(Response::new(api::ListKeysResponse { keys }))
    }

    async fn revoke_key(
        &self,
        request: Request<api::RevokeKeyRequest>,
    ) -> Result<Response<api::RevokeKeyResponse>, Status> {
        let caller = self
            .caller(&request, "veto.administration.v1.KeyService/RevokeKey")
            .await?;
        let request = request.into_inner();
        let id = fields::name("id", &request.id, KeyId::new)?;
        let reason = fields::text("reason", &request.reason, 1024)?;
        let found = self.read(|tables| tables.key(id.as_str()))?;
        let own = found.filter(|row| {
            row.organization == caller.organization.as_str() && reaches(&caller, row)
        });
        if own.is_none() {
            return Err(missing("key", id.as_str()).into());
        }
        let revoke = Change::RevokeKey(storage::RevokeKey {
            id: id.to_string(),
            reason,
        });
        self.change(&caller, &request.request_id, revoke).await?;
        let row = self.read(|tables| tables.key(id.as_str()))?;
        let revoked = row
            .as_ref()
            .and_then(|row| change_message(row.revoked.clone()));
        Ok(Response::new(api::RevokeKeyResponse {
            key: row.map(message),
            revoked,
        }))
    }
}

impl Control {
    /// Checks what is asked for; nobody grants what they lack.
    fn new_row(&self, caller: &Caller, request: &api::CreateKeyRequest) -> Result<KeyRow, Error> {
        let kind = kind(request.kind())?;
        let scope = request.scope.clone().unwrap_or_default();
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (project, environment) = (given(&scope.project), given(&scope.environment));
        if let Some(project) = &project {
            fields::name("scope.project", project, ProjectId::new)?;
        }
        if let Some(environment) = &environment {
            fields::name("scope.environment", environment, EnvironmentId::new)?;
            if project.is_none() {
                return Err(fields::invalid(
                    "scope.project",
                    "is required with an environment",
                ));
            }
        }
        if !caller.covers(project.as_deref(), environment.as_deref()) {
            return Err(missing(
                "scope",
                &format!("{}/{}", scope.project, scope.environment),
            ));
        }
        if caller.organization.is_system() && !matches!(kind, KeyKind::Admin | KeyKind::Node) {
            return Err(fields::invalid(
                "kind",
                "`system` has keys of kind admin and node alone",
            ));
        }
        let is_agent = kind == KeyKind::Agent;
        if is_agent && (environment.is_none() || request.agents.is_empty()) {
            let problem = "an agent key needs project, environment and at least one agent";
            return Err(fields::invalid("agents", problem));
        }
        let narrows = !request.agents.is_empty() || !request.roles.is_empty();
        if narrows && !is_agent {
            return Err(fields::invalid(
                "agents",
                "only an agent key has agents and roles",
            ));
        }
        if request.expires_at != 0 && request.expires_at <= self.0.clock.now().0 {
            return Err(fields::invalid("expires_at", "lies in the past"));
        }
        Ok(KeyRow {
            kind: kind.as_str().to_owned(),
            project: scope.project,
            environment: scope.environment,
            agents: names("agents", &request.agents, MOST_AGENTS, AgentId::new)?,
            roles: names("roles", &request.roles, MOST_ROLES, Role::new)?,
            expires_at: request.expires_at,
            description: fields::text("description", &request.description, 256)?,
            ..KeyRow::default()
        })
    }
}

/// Checks names, sorts them, and takes each once.
fn names<T>(
    field: &'static str,
    texts: &[String],
    most: usize,
    make: fn(&str) -> Result<T, veto_core::id::InvalidId>,
) -> Result<Vec<String>, Error> {
    fields::count(field, texts.len(), most)?;
    for text in texts {
        fields::name(field, text, make)?;
    }
    let mut names = texts.to_vec();
    names.sort();
    names.dedup();
    Ok(names)
}

fn kind(kind: api::KeyKind) -> Result<KeyKind, Error> {
    match kind {
        api::KeyKind::Unspecified => Err(fields::invalid("kind", "is required")),
        api::KeyKind::Agent => Ok(KeyKind::Agent),
        api::KeyKind::Node => Ok(KeyKind::Node),
        api::KeyKind::Ci => Ok(KeyKind::Ci),
        api::KeyKind::Admin => Ok(KeyKind::Admin),
    }
}

fn reaches(caller: &Caller, row: &KeyRow) -> bool {
    let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    caller.covers(
        given(&row.project).as_deref(),
        given(&row.environment).as_deref(),
    )
}

fn message(row: KeyRow) -> api::Key {
    let kind = match KeyKind::parse(&row.kind) {
        Some(KeyKind::Agent) => api::KeyKind::Agent,
        Some(KeyKind::Node) => api::KeyKind::Node,
        Some(KeyKind::Ci) => api::KeyKind::Ci,
        Some(KeyKind::Admin) => api::KeyKind::Admin,
        None => api::KeyKind::Unspecified,
    };
    let narrowed = !row.project.is_empty();
    api::Key {
        id: row.id,
        kind: kind.into(),
        scope: narrowed.then_some(api::ScopeRef {
            project: row.project,
            environment: row.environment,
        }),
        agents: row.agents,
        roles: row.roles,
        expires_at: row.expires_at,
        revoked: row.revoked.is_some(),
        created: change_message(row.created),
        description: row.description,
    }
}
