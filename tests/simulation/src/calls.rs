//! What a client may ask a replica, and the task in the replica's process that does it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use veto_core::{EnvironmentId, OrganizationId, ProjectId, Scope};
use veto_proto::storage::v1::{Command, CommandResult};
use veto_raft::{Error, Handle};
use veto_wire::status::Coded as _;

use crate::shared::Shared;

/// The organization that clients write to.
pub const ORGANIZATION: &str = "acme";
/// Its project.
pub const PROJECT: &str = "shop";
/// What simulated clocks begin with: microseconds since 1970.
const BEGIN: i64 = 1_800_000_000_000_000;

/// A call that is on its way to a replica.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub call: Call,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Answer>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Call {
    /// Take a command.
    Propose(Box<Command>),
    /// Read a key. Without `confirm` whatever is there.
    Read {
        /// The key.
        key: Key,
        /// Whether the state is confirmed first.
        confirm: bool,
    },
}

/// A key of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// An agent, whose name is the value.
    Agent(u64),
    /// An environment, where the message of its newest version is the value.
    Environment(u64),
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent(number) => write!(f, "agent-{number}"),
            Self::Environment(number) => write!(f, "env-{number}"),
        }
    }
}

/// What a replica answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A command took effect, or was refused by the state.
    Done(Box<CommandResult>),
    /// What a key holds, and in which version.
    Value(Option<String>, u64),
    /// Nothing was done.
    Failed(String),
    /// It may have been done.
    Unknown(String),
}

/// Does what clients ask until the process ends.
pub async fn serve(
    shared: Shared,
    host: usize,
    handle: Handle,
    mut inbox: mpsc::UnboundedReceiver<Request>,
) {
    while let Some(Request { call, reply }) = inbox.recv().await {
        let (shared, handle) = (shared.clone(), handle.clone());
        tokio::spawn(async move {
            let answer = answer(&shared, host, &handle, call).await;
            let _ = reply.send(answer);
        });
    }
}

async fn answer(shared: &Shared, host: usize, handle: &Handle, call: Call) -> Answer {
    match call {
        Call::Propose(mut command) => {
            let skew = shared.with(|state| state.hosts[host].skew);
            command.time = clock(turmoil::sim_elapsed().unwrap_or_default(), skew);
            match handle.propose(*command).await {
                Ok(result) => Answer::Done(Box::new(result)),
                Err(Error::OutcomeUnknown) => Answer::Unknown("OUTCOME_UNKNOWN".into()),
                Err(error) => Answer::Failed(error.code().as_str().to_owned()),
            }
        }
        Call::Read { key, confirm } => {
            if confirm && let Err(error) = handle.confirm().await {
                return Answer::Failed(error.code().as_str().to_owned());
            }
            match handle.read(|tables| read(&tables, &key)) {
                Ok((value, version)) => Answer::Value(value, version),
                Err(error) => Answer::Failed(error.to_string()),
            }
        }
    }
}

/// What a replica's clock shows.
fn clock(elapsed: Duration, skew: i64) -> i64 {
    let elapsed = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
    BEGIN.saturating_add(elapsed).saturating_add(skew)
}

fn read<R: veto_state::Rows>(
    tables: &veto_state::Tables<'_, R>,
    key: &Key,
) -> Result<(Option<String>, u64), veto_state::Error> {
    match key {
        Key::Agent(_) => {
            let agent = tables.agent(ORGANIZATION, PROJECT, &key.to_string())?;
            Ok((agent.map(|row| row.display_name), 0))
        }
        Key::Environment(_) => {
            let id = key.to_string();
            let scope = Scope {
                organization: OrganizationId::new(ORGANIZATION).map_err(unnamed)?,
                project: ProjectId::new(PROJECT).map_err(unnamed)?,
                environment: EnvironmentId::new(&id).map_err(unnamed)?,
            };
            let row = tables.policy_version(&scope, 0)?;
            Ok(row.map_or((None, 0), |row| (Some(row.message), row.version)))
        }
    }
}

fn unnamed(error: veto_core::id::InvalidId) -> veto_state::Error {
    veto_state::Error::Read(error.to_string())
}
