//! A file per service. Each checks its fields, proposes a command or reads, and answers; what may be
//! called by whom is decided in one place, [`Control::caller`].

mod agents;
mod cluster;
mod fields;
pub(crate) mod fleet;
mod keys;
mod organizations;
mod policies;
mod sync;
mod tokens;

use std::sync::Arc;

use tonic::Request;
use veto_core::{Clock, Code, Entropy};
use veto_identity::{ClusterSecret, TokenSigner};
use veto_proto::administration::v1 as api;
use veto_proto::storage::v1::{self as storage, Command, CommandResult, KeyRow, command::Change};
use veto_raft::{Handle, View};
use veto_state::Tables;
use veto_wire::bundle::Signer;

use crate::Error;
use crate::access::{Access, Caller};
use crate::feed::Feed;
use crate::meters::Meters;
use crate::rollout::Rollout;

/// What all services share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) handle: Handle,
    pub(crate) access: Access,
    pub(crate) secret: ClusterSecret,
    pub(crate) tokens: TokenSigner,
    pub(crate) signer: Arc<Signer>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) rollout: Arc<Rollout>,
    pub(crate) meters: Meters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) stopping: tokio::sync::watch::Receiver<bool>,
}

/// All services of the control plane.
#[derive(Debug, Clone)]
pub(crate) struct Control(pub(crate) Arc<Shared>);

impl Control {
    /// The caller, when its kind may call the RPC, by the state as it is now: from here on what is read
    /// holds all that was acknowledged before the request.
    async fn caller<T>(&self, request: &Request<T>, rpc: &str) -> Result<Caller, tonic::Status> {
        let metadata = request.metadata();
        // What is no key at all is refused without asking the cluster.
        self.0.access.well_formed(metadata)?;
        self.0.handle.confirm().await.map_err(Error::from)?;
        let caller = self.0.access.caller(metadata, rpc, self.0.clock.as_ref())?;
        Ok(caller.0)
    }

    /// The same by what this replica knows, for what must go on without a leader. A key that it does not
    /// know may be new: then it asks.
    async fn key<T>(
        &self,
        request: &Request<T>,
        rpc: &str,
    ) -> Result<(Caller, KeyRow), tonic::Status> {
        let (metadata, clock) = (request.metadata(), self.0.clock.as_ref());
        self.0.access.well_formed(metadata)?;
        match self.0.access.caller(metadata, rpc, clock) {
            Err(_) if self.0.handle.confirm().await.is_ok() => {
                self.0.access.caller(metadata, rpc, clock)
            }
            known => known,
        }
    }

    /// The caller of a change that reads nothing before it is made. Nobody is asked: the key is checked once
    /// more where the change is applied.
    async fn writer<T>(&self, request: &Request<T>, rpc: &str) -> Result<Caller, tonic::Status> {
        Ok(self.key(request, rpc).await?.0)
    }

    /// Reads the state, after [`Self::caller`] and after changes of this very request.
    fn read<T>(
        &self,
        read: impl FnOnce(Tables<'_, View<'_>>) -> Result<T, veto_state::Error>,
    ) -> Result<T, Error> {
        Ok(self.0.handle.read(read)?)
    }

    /// Makes a change in the caller's organization.
    async fn change(
        &self,
        caller: &Caller,
        request_id: &str,
        change: Change,
    ) -> Result<CommandResult, Error> {
        fields::request_id(request_id)?;
        let command = Command {
            actor: caller.key.to_string(),
            time: self.0.clock.now().0,
            request_id: request_id.to_owned(),
            organization: caller.organization.to_string(),
            credential: caller.key.to_string(),
            change: Some(change),
        };
        let result = self.0.handle.propose(command).await?;
        match Code::parse(&result.error_code) {
            Some(code) => Err(Error::Refused {
                code,
                message: result.error_message,
            }),
            None if result.error_code.is_empty() => Ok(result),
            None => Err(Error::Refused {
                code: Code::Internal,
                message: result.error_message,
            }),
        }
    }
}

fn change_message(row: Option<storage::ChangeRow>) -> Option<api::Change> {
    row.map(|row| api::Change {
        revision: row.revision,
        actor: row.actor,
        time: row.time,
    })
}

fn missing(what: &'static str, name: &str) -> Error {
    Error::NotFound {
        what,
        name: name.to_owned(),
    }
}
