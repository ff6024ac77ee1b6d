//! Clients: each asks one thing after the other, of any replica, and notes what it saw. An answer that is
//! late or lost is asked for again with the same request id, at another replica.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use veto_history::{Kind, Operation, Outcome};
use veto_proto::storage::v1::{AgentRow, Command, PublishPolicies, PutAgent, command::Change};

use crate::calls::{Answer, Call, Key, ORGANIZATION, PROJECT, Request};
use crate::dice::Dice;
use crate::plan::{Mutation, Plan};
use crate::shared::Shared;
use crate::trace::What;

/// Keys of each kind.
pub const KEYS: u64 = 3;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often a client asks for the same.
const TRIES: u64 = 4;

/// One client.
#[derive(Debug)]
pub struct Client {
    /// Its number.
    pub number: u64,
    /// What is shared.
    pub shared: Shared,
    /// Its chance.
    pub dice: Dice,
    /// What it is to do.
    pub plan: Plan,
}

impl Client {
    /// Asks until it is told to stop.
    pub async fn run(self) {
        let mut op = 0;
        while !self.shared.with(|state| state.quiet) {
            sleep(self.dice.millis(5, self.plan.pause)).await;
            op += 1;
            match self.dice.below(10) {
                0..4 => self.read(op).await,
                4..8 => self.write(op).await,
                _ => self.set(op).await,
            }
        }
        self.shared.with(|state| state.busy -= 1);
    }

    async fn read(&self, op: u64) {
        let key = match self.dice.below(3) {
            0 => Key::Environment(self.dice.below(KEYS)),
            _ => Key::Agent(self.dice.below(KEYS)),
        };
        let mut operation = self.begin(op, Kind::Read, &key);
        if let Some((Some(value), _)) = self.look(&key, &mut operation.node).await {
            operation.value = value;
            operation.outcome = Outcome::Ok;
        }
        self.end(operation);
    }

    /// What a key holds and in which version; `None` inside when it is not known.
    async fn look(&self, key: &Key, node: &mut u64) -> Option<(Option<Option<String>>, u64)> {
        let confirm = self.plan.mutation != Some(Mutation::UnconfirmedReads);
        let call = Call::Read {
            key: key.clone(),
            confirm,
        };
        match self.ask(call, node).await {
            Some(Answer::Value(value, version)) => Some((Some(value), version)),
            Some(Answer::Done(_) | Answer::Failed(_) | Answer::Unknown(_)) | None => None,
        }
    }

    async fn write(&self, op: u64) {
        let key = Key::Agent(self.dice.below(KEYS));
        let mut operation = self.begin(op, Kind::Write, &key);
        let agent = AgentRow {
            project: PROJECT.into(),
            id: key.to_string(),
            display_name: operation.value.clone().unwrap_or_default(),
            ..AgentRow::default()
        };
        let change = Change::PutAgent(PutAgent { agent: Some(agent) });
        self.change(op, change, &mut operation).await;
        self.end(operation);
    }

    /// Reads, and builds on what it read.
    async fn set(&self, op: u64) {
        let key = Key::Environment(self.dice.below(KEYS));
        let Some((Some(expected), version)) = self.look(&key, &mut 0).await else {
            return;
        };
        let mut operation = self.begin(op, Kind::Cas, &key);
        operation.expected = expected;
        let change = Change::PublishPolicies(PublishPolicies {
            project: PROJECT.into(),
            environment: key.to_string(),
            parent: Some(version),
            message: operation.value.clone().unwrap_or_default(),
            ..PublishPolicies::default()
        });
        self.change(op, change, &mut operation).await;
        self.end(operation);
    }

    /// Has a command taken, once, however often it is asked for.
    async fn change(&self, op: u64, change: Change, operation: &mut Operation) {
        let mut maybe = false;
        for attempt in 0..TRIES {
            let call = Call::Propose(Box::new(self.command(op, attempt, change.clone())));
            match self.ask(call, &mut operation.node).await {
                Some(Answer::Done(result)) if result.error_code.is_empty() => {
                    operation.revision = Some(result.revision);
                    operation.outcome = Outcome::Ok;
                    return;
                }
                // A version never comes back: an earlier try of the same cannot take effect any more.
                Some(Answer::Done(_)) => {
                    operation.outcome = Outcome::Fail;
                    return;
                }
                Some(Answer::Failed(_)) if !maybe => {
                    operation.outcome = Outcome::Fail;
                    return;
                }
                Some(Answer::Failed(_) | Answer::Unknown(_) | Answer::Value(..)) | None => {
                    maybe = true;
                }
            }
            if self.shared.with(|state| state.quiet) {
                return;
            }
        }
    }

    fn command(&self, op: u64, attempt: u64, change: Change) -> Command {
        let mut request_id = format!("c{}-{op}", self.number);
        if self.plan.mutation == Some(Mutation::NewRequestIds) {
            // The state knows it by this name, and so do its rows; the trace tells them apart again.
            request_id += &format!("/{attempt}");
        }
        let actor = match self.plan.mutation {
            Some(Mutation::NoActor) => String::new(),
            Some(_) | None => format!("client-{}", self.number),
        };
        Command {
            actor,
            request_id,
            organization: ORGANIZATION.into(),
            change: Some(change),
            ..Command::default()
        }
    }

    /// Asks any replica that serves; `None` when no answer comes. Some answers are lost on the way.
    async fn ask(&self, call: Call, node: &mut u64) -> Option<Answer> {
        let inboxes = self.shared.with(|state| {
            let hosts = state.hosts.iter().enumerate();
            let serving = hosts.filter_map(|(number, host)| Some((number, host.inbox.clone()?)));
            serving.collect::<Vec<_>>()
        });
        let (host, inbox) = self.dice.pick(&inboxes)?;
        *node = host as u64;
        let (reply, answer) = oneshot::channel();
        if inbox.send(Request { call, reply }).is_err() {
            return None;
        }
        let patience = match self.dice.below(self.plan.impatience) {
            0 => self.dice.millis(1, 60),
            _ => PATIENCE,
        };
        timeout(patience, answer).await.ok()?.ok()
    }

    fn begin(&self, op: u64, kind: Kind, key: &Key) -> Operation {
        let value = (kind != Kind::Read).then(|| format!("v{}-{op}", self.number));
        let operation = Operation {
            client: self.number,
            op,
            kind,
            key: key.to_string(),
            invoke: self.shared.tick(),
            returned: None,
            outcome: Outcome::Info,
            value,
            expected: None,
            revision: None,
            node: 0,
        };
        self.shared.push(0, 0, What::Asks(operation.to_string()));
        operation
    }

    fn end(&self, mut operation: Operation) {
        operation.returned = Some(self.shared.tick());
        let heard = format!("{:?} {operation}", operation.outcome);
        self.shared.push(0, 0, What::Hears(heard));
        self.shared.with(|state| state.history.push(operation));
    }
}
