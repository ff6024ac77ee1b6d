//! The token with which this node's records go to the ledger: exchanged for the node's key, and kept
//! until a minute before it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tonic::Request;
use veto_core::{Clock, Secret, Timestamp};
use veto_proto::tokens::v1 as proto;
use veto_proto::tokens::v1::token_service_client::TokenServiceClient;
use veto_wire::status::{code_of, from_error};

use crate::Error;
use crate::record::ship::TokenSource;
use crate::upstream::{ControlPlane, Upstream};

const LIFETIME_SECONDS: u32 = 15 * 60;
const MARGIN: Duration = Duration::from_secs(60);
/// Time for one control plane to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// Exchanges the node's key for tokens of the ledger.
#[derive(Debug)]
pub(crate) struct LedgerTokens {
    upstream: Arc<Upstream>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug)]
struct Kept {
    token: Secret<String>,
    until: Timestamp,
}

impl LedgerTokens {
    /// Asks these control planes.
    pub(crate) fn new(upstream: Arc<Upstream>, clock: Arc<dyn Clock>) -> Self {
        Self {
            upstream,
            clock,
            kept: Mutex::new(None),
        }
    }

    /// The kept token, or a new one. Those who ask meanwhile wait for the same answer.
    async fn get(&self) -> Result<Secret<String>, Error> {
        let mut kept = self.kept.lock().await;
        if let Some(kept) = kept.as_ref()
            && self.clock.now().plus(MARGIN) < kept.until
        {
            return Ok(kept.token.clone());
        }
        let mut refusal = None;
        for control_plane in self.upstream.all() {
            match self.exchange(control_plane).await {
                Ok(new) => {
                    let token = new.token.clone();
                    *kept = Some(new);
                    return Ok(token);
                }
                Err(error) => refusal = Some(error),
            }
        }
        Err(refusal.unwrap_or_else(|| Error::Internal("no control plane is configured".into())))
    }

    async fn exchange(&self, control_plane: &ControlPlane) -> Result<Kept, Error> {
        let mut request = Request::new(proto::ExchangeKeyRequest {
            audience: proto::Audience::Ledger.into(),
            lifetime_seconds: LIFETIME_SECONDS,
            agent: String::new(),
        });
        self.upstream.authorize(&mut request)?;
        let mut client = TokenServiceClient::new(control_plane.channel());
        let response = timeout(ANSWER, client.exchange_key(request))
            .await
            .map_err(|_| control_plane.failed("the key exchange takes too long".into()))?
            .map_err(|status| {
                let code = code_of(&status).map_or("no code", |code| code.as_str());
                control_plane.failed(format!("key exchange: {code}: {}", status.message()))
            })?
            .into_inner();
        Ok(Kept {
            token: Secret::new(response.token),
            until: Timestamp(response.expires_at),
        })
    }
}

#[tonic::async_trait]
impl TokenSource for LedgerTokens {
    async fn token(&self) -> Result<String, tonic::Status> {
        match self.get().await {
            Ok(token) => Ok(token.expose().clone()),
            Err(error) => Err(from_error(&error)),
        }
    }
}
