//! The stream of bundles to a node. What is sent follows from what was sent last and what is newest,
//! so a slow node is never owed more than one bundle for each environment.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};
use veto_core::{Code, NodeId, Revision, Scope, Timestamp};
use veto_proto::sync::v1::sync_service_server::SyncService;
use veto_proto::sync::v1::{
    Ack, Hello, Nack, Snapshot, SubscribeRequest, SubscribeResponse, Withdrawal,
    subscribe_request::Message, subscribe_response::Message as Answer,
};
use veto_wire::bundle;
use veto_wire::status::{code_of, status};

use super::{Control, fields};
use crate::Error;
use crate::access::Caller;
use crate::feed::{Beat, Built};
use crate::rollout::Reporter;

const HELLO: Duration = Duration::from_secs(10);
/// A node that takes nothing for so long is cut off; it comes back and is told what is newest.
const SEND: Duration = Duration::from_secs(10);
/// Messages on the way to a node.
const QUEUE: usize = 16;
/// A refused bundle is not sent again at once.
const AFTER_NACK: Duration = Duration::from_secs(1);

/// What a stream carries. It is large, and most places of a queue are empty: queues hold it by reference.
type Answered = Result<SubscribeResponse, Status>;

#[tonic::async_trait]
impl SyncService for Control {
    type SubscribeStream = Pin<Box<dyn Stream<Item = Answered> + Send>>;

    async fn subscribe(
        &self,
        request: Request<Streaming<SubscribeRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        // Nodes are served also while there is no leader.
        let (caller, _) = self
            .key(&request, "veto.sync.v1.SyncService/Subscribe")
            .await?;
        let incoming = request.into_inner();
        let (sender, receiver) = mpsc::channel(QUEUE);
        let control = self.clone();
        tokio::spawn(async move {
            let meters = control.0.meters.clone();
            let subscribed = meters.subscribed();
            let end = control.serve(caller, incoming, &sender).await;
            drop(subscribed);
            let code = |end: &Status| code_of(end).unwrap_or(Code::Internal);
            meters.ended(end.as_ref().err().map(code));
            if let Err(end) = end {
                let _ = timeout(SEND, sender.send(Box::new(Err(end)))).await;
            }
        });
        let answers = ReceiverStream::new(receiver).map(|answer: Box<Answered>| *answer);
        Ok(Response::new(Box::pin(answers)))
    }
}

/// One node's stream.
struct Subscriber<'a> {
    control: &'a Control,
    caller: Caller,
    reporter: Reporter,
    sender: &'a mpsc::Sender<Box<Answered>>,
    /// What the node has, or was sent.
    sent: BTreeMap<Scope, Arc<Built>>,
    /// Environments whose newest bundle was refused, and when to try again.
    refused: BTreeMap<Scope, Instant>,
}

impl Control {
    async fn serve(
        &self,
        caller: Caller,
        mut incoming: Streaming<SubscribeRequest>,
        sender: &mpsc::Sender<Box<Answered>>,
    ) -> Result<(), Status> {
        let mut stopping = self.0.stopping.clone();
        let first = tokio::select! {
            first = timeout(HELLO, incoming.message()) => first
                .map_err(|_| status(Code::DeadlineExceeded, "no hello in 10 s"))??,
            () = stopped(&mut stopping) => {
                return Err(status(Code::Unreachable, "this replica stops"));
            }
        };
        let Some(Message::Hello(hello)) = first.and_then(|request| request.message) else {
            return Err(status(Code::InvalidRequest, "the first message is a hello"));
        };
        let node = fields::name("hello.node", &hello.node, NodeId::new)?;
        let stream = self.0.rollout.stream();
        let reporter = Reporter {
            stream,
            node: node.clone(),
            region: fields::text("hello.region", &hello.region, 63)?,
            software_version: fields::text("hello.software_version", &hello.software_version, 64)?,
        };
        tracing::info!(%node, key = %caller.key, "node subscribes");
        let (sent, refused) = (BTreeMap::new(), BTreeMap::new());
        let mut subscriber = Subscriber {
            control: self,
            caller,
            reporter,
            sender,
            sent,
            refused,
        };
        let end = match subscriber.held(&hello).await {
            Ok(()) => subscriber.run(&mut incoming).await,
            Err(end) => Err(end),
        };
        self.0.rollout.gone(stream, self.0.clock.now());
        tracing::info!(%node, ended = end.is_ok(), "node is gone");
        end
    }
}

impl Subscriber<'_> {
    async fn run(&mut self, incoming: &mut Streaming<SubscribeRequest>) -> Result<(), Status> {
        let shared = Arc::clone(&self.control.0);
        let (mut changes, mut beats) = (shared.feed.changes(), shared.feed.beats());
        let mut stopping = shared.stopping.clone();
        self.bring().await?;
        loop {
            tokio::select! {
                request = incoming.message() => match request? {
                    Some(request) => self.take(request)?,
                    None => return Ok(()),
                },
                changed = changes.changed() => {
                    changed.map_err(|_| status(Code::Unreachable, "stopping"))?;
                    self.bring().await?;
                }
                beat = beats.changed() => {
                    beat.map_err(|_| status(Code::Unreachable, "stopping"))?;
                    let beat = Arc::clone(&beats.borrow_and_update());
                    self.beat(&beat).await?;
                }
                () = stopped(&mut stopping) => {
                    return Err(status(Code::Unreachable, "this replica stops"));
                }
            }
        }
    }

    fn sees(&self, scope: &Scope) -> bool {
        let narrow = self.caller.covers(
            Some(scope.project.as_str()),
            Some(scope.environment.as_str()),
        );
        self.caller.organization.is_system()
            || (self.caller.organization == scope.organization && narrow)
    }

    /// What the node says it holds counts as sent, when it is the very same bundle; an environment
    /// that it must not see, or that is gone, is taken from it.
    async fn held(&mut self, hello: &Hello) -> Result<(), Status> {
        for held in &hello.held {
            let Some(scope) = held.scope.as_ref().and_then(bundle::scope) else {
                continue;
            };
            let feed = &self.control.0.feed;
            if !self.sees(&scope) || feed.newest(|known| *known == scope).is_empty() {
                let scope = held.scope.clone();
                self.send(Answer::Withdrawal(Withdrawal { scope })).await?;
            } else if let Some(built) = feed.earlier(&scope, Revision(held.revision), &held.digest)
            {
                // Nobody saw when it came into force.
                self.enforces(&scope, &built, |_| Duration::ZERO);
                self.sent.insert(scope, built);
            }
        }
        Ok(())
    }

    /// Sends whatever is newer than what was sent, as long as the node's key is good.
    async fn bring(&mut self) -> Result<(), Status> {
        let shared = &self.control.0;
        if !shared
            .access
            .is_alive(&self.caller.key, shared.clock.as_ref())
        {
            return Err(Error::Credential("the node's key was revoked or expired").into());
        }
        let newest = self.control.0.feed.newest(|scope| self.sees(scope));
        let gone = |scope: &&Scope| !newest.iter().any(|(known, _)| known == *scope);
        let gone: Vec<_> = self.sent.keys().filter(gone).cloned().collect();
        for scope in gone {
            self.sent.remove(&scope);
            let scope = Some(bundle::scope_message(&scope));
            self.send(Answer::Withdrawal(Withdrawal { scope })).await?;
        }
        for (scope, built) in newest {
            let waits = self
                .refused
                .get(&scope)
                .is_some_and(|until| *until > Instant::now());
            let answer = match self.sent.get(&scope) {
                _ if waits => continue,
                Some(sent) if sent.revision >= built.revision => continue,
                Some(sent) => built.since(sent).map(Answer::Delta),
                None => Ok(snapshot(&built)),
            };
            let answer = answer.map_err(Error::from)?;
            self.refused.remove(&scope);
            self.send(answer).await?;
            self.sent.insert(scope, built);
        }
        Ok(())
    }

    async fn beat(&mut self, beat: &Beat) -> Result<(), Status> {
        self.bring().await?;
        let current = |scope: &Scope| {
            let header = beat.get(scope)?;
            let sent = self.sent.get(scope)?;
            let same = header.header.as_ref()?.revision == sent.revision.0;
            same.then(|| header.clone())
        };
        let headers: Vec<_> = self.sent.keys().filter_map(current).collect();
        self.send(Answer::Heartbeat(veto_proto::sync::v1::Heartbeat {
            headers,
        }))
        .await
    }

    fn take(&mut self, request: SubscribeRequest) -> Result<(), Status> {
        match request.message {
            Some(Message::Ack(ack)) => self.acknowledged(&ack),
            Some(Message::Nack(nack)) => self.refused(&nack),
            Some(Message::Hello(_)) | None => {
                return Err(status(
                    Code::InvalidRequest,
                    "after the hello come acks and nacks",
                ));
            }
        }
        Ok(())
    }

    fn acknowledged(&self, ack: &Ack) {
        let Some(scope) = ack.scope.as_ref().and_then(bundle::scope) else {
            return;
        };
        let Some(sent) = self.sent.get(&scope) else {
            return;
        };
        if sent.revision.0 == ack.revision {
            self.enforces(&scope, sent, |now| {
                let took = now.since(sent.committed);
                self.control.0.meters.propagated(took);
                took
            });
        }
    }

    fn enforces(&self, scope: &Scope, built: &Built, took: impl FnOnce(Timestamp) -> Duration) {
        let shared = &self.control.0;
        let now = shared.clock.now();
        shared.rollout.report(&self.reporter, scope, now, |row| {
            if row.revision < built.revision {
                row.propagation = took(now);
            }
            row.revision = built.revision;
            row.policy_version = built.policy_version;
            row.last_refusal.clear();
        });
    }

    fn refused(&mut self, nack: &Nack) {
        let Some(scope) = nack.scope.as_ref().and_then(bundle::scope) else {
            return;
        };
        // Rows are made for what there is, not for whatever a node may name.
        let newest = self.control.0.feed.newest(|known| *known == scope);
        if !self.sees(&scope) || newest.is_empty() {
            return;
        }
        let code = Code::parse(&nack.code).map_or("UNKNOWN", Code::as_str);
        tracing::warn!(node = %self.reporter.node, %scope, revision = nack.revision, code, "refused");
        let shared = &self.control.0;
        shared.meters.refused();
        shared
            .rollout
            .report(&self.reporter, &scope, shared.clock.now(), |row| {
                row.last_refusal = code.to_owned();
            });
        self.sent.remove(&scope);
        self.refused.insert(scope, Instant::now() + AFTER_NACK);
    }

    async fn send(&self, answer: Answer) -> Result<(), Status> {
        let message = SubscribeResponse {
            message: Some(answer),
        };
        match timeout(SEND, self.sender.send(Box::new(Ok(message)))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(status(Code::Unreachable, "the node is gone")),
            Err(_) => Err(status(Code::Overloaded, "the node takes nothing")),
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn snapshot(built: &Built) -> Answer {
    Answer::Snapshot(Snapshot {
        bundle: Some(built.signed.clone()),
    })
}
