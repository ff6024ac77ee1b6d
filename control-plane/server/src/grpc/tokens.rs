//! Keys in, short-lived tokens out.

use tonic::{Request, Response, Status};
use veto_core::Timestamp;
use veto_identity::{Audience, Claims, KeyKind};
use veto_proto::storage::v1::KeyRow;
use veto_proto::tokens::v1 as api;
use veto_proto::tokens::v1::token_service_server::TokenService;

use super::{Control, fields};
use crate::Error;
use crate::access::Caller;

const LIFETIME: u32 = 300;
const MOST_LIFETIME: u32 = 900;

#[tonic::async_trait]
impl TokenService for Control {
    async fn exchange_key(
        &self,
        request: Request<api::ExchangeKeyRequest>,
    ) -> Result<Response<api::ExchangeKeyResponse>, Status> {
        let (caller, row) = self
            .key(&request, "veto.tokens.v1.TokenService/ExchangeKey")
            .await?;
        let request = request.into_inner();
        let audience = match request.audience() {
            api::Audience::Unspecified | api::Audience::DataPlane => Audience::DataPlane,
            api::Audience::Ledger => Audience::Ledger,
        };
        if (caller.kind == KeyKind::Agent) != (audience == Audience::DataPlane) {
            return Err(Error::NotAllowed {
                kind: caller.kind.as_str(),
            }
            .into());
        }
        let claims = self.claims(&caller, &row, &request)?;
        let expires_at = Timestamp::from_seconds(claims.exp).0;
        let token = self.0.tokens.mint(audience, claims).map_err(Error::from)?;
        Ok(Response::new(api::ExchangeKeyResponse {
            token,
            expires_at,
        }))
    }

    async fn get_jwks(
        &self,
        _request: Request<api::GetJwksRequest>,
    ) -> Result<Response<api::GetJwksResponse>, Status> {
        let jwks_json = self.0.tokens.jwks_json();
        let signature = self.0.signer.sign_jwks(&jwks_json);
        Ok(Response::new(api::GetJwksResponse {
            jwks_json,
            signature,
        }))
    }
}

impl Control {
    fn claims(
        &self,
        caller: &Caller,
        row: &KeyRow,
        request: &api::ExchangeKeyRequest,
    ) -> Result<Claims, Error> {
        let lifetime = match request.lifetime_seconds {
            0 => LIFETIME,
            seconds if seconds <= MOST_LIFETIME => seconds,
            seconds => {
                let problem = format!("{seconds} is above {MOST_LIFETIME}");
                return Err(fields::invalid("lifetime_seconds", problem));
            }
        };
        let agent = agent(caller, row, &request.agent)?;
        let now = self.0.clock.now().seconds();
        let mut exp = now + i64::from(lifetime);
        if row.expires_at != 0 {
            exp = exp.min(Timestamp(row.expires_at).seconds());
        }
        let mut id = [0; 16];
        self.0.entropy.fill(&mut id).map_err(|e| Error::File {
            path: "entropy".into(),
            problem: e.to_string(),
        })?;
        Ok(Claims {
            iss: String::new(),
            aud: String::new(),
            sub: agent.clone().unwrap_or_else(|| caller.key.to_string()),
            exp,
            nbf: now,
            iat: now,
            jti: id.iter().map(|byte| format!("{byte:02x}")).collect(),
            org: caller.organization.to_string(),
            project: caller.project.as_ref().map(ToString::to_string),
            env: caller.environment.as_ref().map(ToString::to_string),
            agent,
            roles: row.roles.clone(),
            key: caller.key.to_string(),
            kind: caller.kind.as_str().to_owned(),
            act: None,
        })
    }
}

/// The agent that a token stands for: the key's only one, or the one that is asked for.
fn agent(caller: &Caller, row: &KeyRow, asked: &str) -> Result<Option<String>, Error> {
    if caller.kind != KeyKind::Agent {
        return Ok(None);
    }
    if asked.is_empty() {
        return match row.agents.as_slice() {
            [only] => Ok(Some(only.clone())),
            _ => Err(fields::invalid(
                "agent",
                "is required: the key has several agents",
            )),
        };
    }
    if row.agents.iter().any(|agent| agent == asked) {
        return Ok(Some(asked.to_owned()));
    }
    Err(Error::NotFound {
        what: "agent",
        name: asked.to_owned(),
    })
}
