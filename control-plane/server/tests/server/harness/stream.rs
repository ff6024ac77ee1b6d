//! The node's side of a stream of bundles: verifies what comes and keeps it, as a node does.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use veto_core::Scope;
use veto_identity::Trust;
use veto_proto::sync::v1::subscribe_request::Message;
use veto_proto::sync::v1::subscribe_response::Message as Answer;
use veto_proto::sync::v1::{Ack, Held, Hello, Nack, SubscribeRequest, SubscribeResponse};
use veto_wire::bundle::{VerifiedBundle, scope_message};

use super::{Client, PATIENCE, World};
use crate::harness::replicas::Replicas;

/// How a bundle came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Snapshot,
    Delta,
    Heartbeat,
    Withdrawal,
}

/// Whoever has a trust file.
pub(crate) trait Trusted {
    fn anchor(&self) -> Trust;
}

impl Trusted for World {
    fn anchor(&self) -> Trust {
        self.trust()
    }
}

impl Trusted for Replicas {
    fn anchor(&self) -> Trust {
        Trust::read(&self.data(1).join("trust.json")).unwrap()
    }
}

pub(crate) struct Stream {
    requests: mpsc::Sender<SubscribeRequest>,
    answers: Streaming<SubscribeResponse>,
    trust: Trust,
    /// What the node holds, by `organization/project/environment`.
    pub(crate) held: BTreeMap<String, VerifiedBundle>,
}

impl Stream {
    /// Opens a stream and says nothing.
    pub(crate) async fn silent(world: &impl Trusted, client: &Client) -> Result<Self, Status> {
        let (requests, receiver) = mpsc::channel(16);
        let answers = client
            .sync()
            .subscribe(ReceiverStream::new(receiver))
            .await?;
        Ok(Self {
            requests,
            answers: answers.into_inner(),
            trust: world.anchor(),
            held: BTreeMap::new(),
        })
    }

    /// Opens a stream as a node that holds nothing.
    pub(crate) async fn open(world: &impl Trusted, client: &Client, node: &str) -> Self {
        Self::resume(world, client, node, BTreeMap::new()).await
    }

    /// Opens a stream as a node that holds these bundles.
    pub(crate) async fn resume(
        world: &impl Trusted,
        client: &Client,
        node: &str,
        held: BTreeMap<String, VerifiedBundle>,
    ) -> Self {
        let mut stream = Self::silent(world, client).await.unwrap();
        let row = |bundle: &VerifiedBundle| Held {
            scope: Some(scope_message(bundle.scope())),
            revision: bundle.revision().0,
            digest: bundle.header().digest.clone(),
        };
        let hello = Hello {
            node: node.into(),
            region: "eu".into(),
            software_version: "0.1.0".into(),
            boot: vec![1; 16],
            held: held.values().map(row).collect(),
        };
        stream.held = held;
        stream.say(Message::Hello(hello)).await;
        stream
    }

    pub(crate) async fn say(&self, message: Message) {
        let message = Some(message);
        self.requests
            .send(SubscribeRequest { message })
            .await
            .unwrap();
    }

    pub(crate) async fn ack(&self, scope: &str) {
        let held = &self.held[scope];
        let ack = Ack {
            scope: Some(scope_message(held.scope())),
            revision: held.revision().0,
        };
        self.say(Message::Ack(ack)).await;
    }

    pub(crate) async fn nack(&self, scope: &Scope, revision: u64, code: &str) {
        let nack = Nack {
            scope: Some(scope_message(scope)),
            revision,
            code: code.into(),
            message: String::new(),
            held_revision: 0,
        };
        self.say(Message::Nack(nack)).await;
    }

    /// Takes the next message, verified; for heartbeats the scope is empty.
    pub(crate) async fn next(&mut self) -> Result<(Step, String), Status> {
        let answer = timeout(PATIENCE, self.answers.message()).await;
        let answer = answer
            .expect("no message in time")?
            .expect("the stream ended");
        Ok(match answer.message.expect("an empty message") {
            Answer::Snapshot(snapshot) => {
                let bundle = VerifiedBundle::verify(snapshot.bundle.unwrap(), &self.trust);
                (Step::Snapshot, self.keep(bundle.unwrap()))
            }
            Answer::Delta(delta) => {
                let scope = delta.header.as_ref().unwrap().scope.clone().unwrap();
                let bundle = self.held[&name(&scope)].apply(&delta, &self.trust);
                (Step::Delta, self.keep(bundle.unwrap()))
            }
            Answer::Heartbeat(beat) => {
                for header in &beat.headers {
                    let scope = header.header.as_ref().unwrap().scope.as_ref().unwrap();
                    let held = self.held.get_mut(&name(scope)).unwrap();
                    *held = held.refresh(header, &self.trust).unwrap();
                }
                (Step::Heartbeat, String::new())
            }
            Answer::Withdrawal(withdrawal) => {
                let scope = name(&withdrawal.scope.unwrap());
                self.held.remove(&scope);
                (Step::Withdrawal, scope)
            }
        })
    }

    /// Takes the next message that is no heartbeat.
    pub(crate) async fn next_change(&mut self) -> Result<(Step, String), Status> {
        let change = async {
            loop {
                let next = self.next().await?;
                if next.0 != Step::Heartbeat {
                    return Ok(next);
                }
            }
        };
        timeout(PATIENCE, change).await.expect("only heartbeats")
    }

    /// Takes messages until the bundle is as it must be.
    pub(crate) async fn until(&mut self, scope: &str, fits: impl Fn(&VerifiedBundle) -> bool) {
        let wait = async {
            while !self.held.get(scope).is_some_and(&fits) {
                self.next().await.unwrap();
            }
        };
        timeout(PATIENCE, wait).await.expect("not in time");
    }

    /// Takes messages until the server ends the stream.
    pub(crate) async fn end(&mut self) -> Status {
        let end = async {
            loop {
                if let Err(end) = self.next().await {
                    return end;
                }
            }
        };
        timeout(PATIENCE, end).await.expect("the stream goes on")
    }

    fn keep(&mut self, bundle: VerifiedBundle) -> String {
        let scope = bundle.scope().to_string();
        self.held.insert(scope.clone(), bundle);
        scope
    }
}

fn name(scope: &veto_proto::storage::v1::Scope) -> String {
    veto_wire::bundle::scope(scope).unwrap().to_string()
}
