//! The stream from the control plane: hello with what is held, then snapshots, deltas and heartbeats
//! in; acknowledgements and refusals out. When it ends, for whatever reason, the next control plane
//! is asked, and the bundles in force stay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};
use veto_core::{BootId, Code, Entropy, NodeId, Scope};
use veto_proto::sync::v1::sync_service_client::SyncServiceClient;
use veto_proto::sync::v1::{
    self as proto, subscribe_request::Message as Out, subscribe_response::Message as In,
};
use veto_wire::bundle::scope_message;
use veto_wire::limits::BUNDLE_MESSAGE;
use veto_wire::status::Coded as _;

use super::Bundles;
use super::apply::{Applier, Enforced, Refused, refused};
use crate::Error;
use crate::upstream::{ControlPlane, Upstream};

/// Time for the stream to open.
const OPEN: Duration = Duration::from_secs(5);
/// A control plane beats every second; silence for so long means that it is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// Time for a control plane to take an answer.
const ANSWER: Duration = Duration::from_secs(5);
/// A stream that lasted so long was a good one: back-off starts anew.
const GOOD_STREAM: Duration = Duration::from_secs(10);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Answers that wait for the stream; beyond it the task waits, at most [`ANSWER`].
const ANSWERS: usize = 64;
/// Refusals that are remembered.
const REMEMBERED: usize = 10_000;

/// Who this node says it is.
#[derive(Debug, Clone)]
pub(crate) struct Introduction {
    /// Its name.
    pub(crate) node: NodeId,
    /// Its region.
    pub(crate) region: String,
    /// This run of its process.
    pub(crate) boot: BootId,
}

/// The task that keeps the bundles current.
#[derive(Debug)]
pub(crate) struct Sync {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) introduction: Introduction,
    pub(crate) bundles: Arc<Bundles>,
    pub(crate) applier: Arc<Mutex<Applier>>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Sync {
    /// Subscribes, again and again, until told to stop.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        tokio::select! {
            () = self.subscribe_forever() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn subscribe_forever(&self) {
        let mut wait = FIRST_WAIT;
        for turn in 0_usize.. {
            let control_plane = self.upstream.in_turn(turn);
            let began = Instant::now();
            if let Err(error) = self.subscribe(control_plane).await {
                tracing::warn!(
                    address = control_plane.address(),
                    code = error.code().as_str(),
                    error = &error as &dyn std::error::Error,
                    "no bundles from this control plane; those in force stay"
                );
            }
            if began.elapsed() >= GOOD_STREAM {
                wait = FIRST_WAIT;
            }
            sleep(self.jitter(wait)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Half of the wait to all of it, so that a fleet does not come back in one moment.
    fn jitter(&self, wait: Duration) -> Duration {
        let mut byte = [0];
        // No randomness is no reason not to connect.
        let _ = self.entropy.fill(&mut byte);
        wait / 2 + wait / 2 * u32::from(byte[0]) / 256
    }

    /// One stream, from hello to its end. The end is an error, whichever side made it.
    async fn subscribe(&self, control_plane: &ControlPlane) -> Result<(), Error> {
        let failed = |problem: String| control_plane.failed(problem);
        let (answers, outgoing) = mpsc::channel(ANSWERS);
        let mut session = Session {
            sync: self,
            answers,
            refused: HashMap::new(),
        };
        session
            .send(Out::Hello(self.hello()))
            .await
            .map_err(&failed)?;

        let mut request = Request::new(ReceiverStream::new(outgoing));
        self.upstream.authorize(&mut request)?;
        let mut client = SyncServiceClient::new(control_plane.channel())
            .max_decoding_message_size(BUNDLE_MESSAGE)
            .max_encoding_message_size(BUNDLE_MESSAGE);
        let response = timeout(OPEN, client.subscribe(request))
            .await
            .map_err(|_| failed("the stream does not open".into()))?
            .map_err(|status| failed(text(&status)))?;
        tracing::info!(address = control_plane.address(), "subscribed");
        session.listen(response.into_inner()).await.map_err(failed)
    }

    fn hello(&self) -> proto::Hello {
        let held = |active: &Arc<super::Active>| {
            let header = active.verified().header();
            proto::Held {
                scope: header.scope.clone(),
                revision: header.revision,
                digest: header.digest.clone(),
            }
        };
        proto::Hello {
            node: self.introduction.node.to_string(),
            region: self.introduction.region.clone(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            boot: self.introduction.boot.0.to_vec(),
            held: self.bundles.all().iter().map(held).collect(),
        }
    }

    /// Runs on a thread where compiling and writing to the disk stop no call.
    async fn apply<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Applier) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let applier = self.applier.clone();
        // The applier changes itself last, so one whose thread died is still whole.
        let task = move || work(&mut applier.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(task)
            .await
            .map_err(|_| Error::Internal("a bundle could not be taken in".into()))
    }
}

/// What one stream remembers.
struct Session<'a> {
    sync: &'a Sync,
    answers: mpsc::Sender<proto::SubscribeRequest>,
    /// The last refusal of each scope: the same one twice means that this control plane has
    /// nothing better to give, so it is not told again; an older replica is left for another.
    refused: HashMap<Option<Scope>, (u64, Code)>,
}

impl Session<'_> {
    async fn listen(
        &mut self,
        mut incoming: Streaming<proto::SubscribeResponse>,
    ) -> Result<(), String> {
        loop {
            let message = timeout(SILENCE, incoming.message())
                .await
                .map_err(|_| "silent for too long".to_owned())?
                .map_err(|status| text(&status))?
                .ok_or("the stream ended")?;
            let message = message.message.ok_or("an empty message")?;
            self.take(message).await?;
        }
    }

    async fn take(&mut self, message: In) -> Result<(), String> {
        match message {
            In::Snapshot(snapshot) => {
                let header = snapshot
                    .bundle
                    .as_ref()
                    .and_then(|bundle| bundle.header.clone());
                let result = self.sync.apply(|applier| applier.snapshot(snapshot)).await;
                self.answer(result.unwrap_or_else(|error| Err(refused(header.as_ref(), error))))
                    .await
            }
            In::Delta(delta) => {
                let header = delta.header.clone();
                let result = self.sync.apply(move |applier| applier.delta(&delta)).await;
                self.answer(result.unwrap_or_else(|error| Err(refused(header.as_ref(), error))))
                    .await
            }
            In::Heartbeat(heartbeat) => {
                let work = move |applier: &mut Applier| applier.heartbeat(&heartbeat);
                let news = self.sync.apply(work).await.map_err(|e| e.to_string())?;
                for refused in news {
                    self.nack(refused).await?;
                }
                Ok(())
            }
            In::Withdrawal(withdrawal) => {
                let scope = withdrawal.scope.as_ref().and_then(veto_wire::bundle::scope);
                let scope = scope.ok_or("a withdrawal without scope")?;
                let result = self
                    .sync
                    .apply(move |applier| applier.withdraw(&scope))
                    .await;
                result.and_then(|done| done).map_err(|e| e.to_string())
            }
        }
    }

    async fn answer(&mut self, result: Result<Enforced, Box<Refused>>) -> Result<(), String> {
        match result {
            Ok(Enforced { scope, revision }) => {
                let ack = proto::Ack {
                    scope: Some(scope_message(&scope)),
                    revision: revision.0,
                };
                self.refused.remove(&Some(scope));
                self.send(Out::Ack(ack)).await?;
                let kept = self.sync.apply(Applier::keep_floors).await;
                kept.and_then(|done| done).map_err(|e| e.to_string())
            }
            Err(refused) => self.nack(*refused).await,
        }
    }

    async fn nack(&mut self, refused: Refused) -> Result<(), String> {
        let Refused {
            scope: named,
            revision,
            error,
        } = refused;
        let code = error.code();
        let scope = named.as_ref().and_then(veto_wire::bundle::scope);
        let held = scope
            .as_ref()
            .and_then(|scope| self.sync.bundles.get(scope));
        tracing::error!(
            scope = scope.as_ref().map(tracing::field::display),
            revision,
            code = code.as_str(),
            error = &error as &dyn std::error::Error,
            "bundle is refused; the last good one stays"
        );
        if self.refused.len() >= REMEMBERED {
            self.refused.clear();
        }
        let again = self.refused.insert(scope, (revision, code)) == Some((revision, code));
        if again && code == Code::BundleRollback && self.sync.upstream.all().len() > 1 {
            return Err(format!("it has nothing newer than revision {revision}"));
        }
        if again {
            // Told once is enough: an answer each time would make the two sides go round and round.
            return Ok(());
        }
        self.send(Out::Nack(proto::Nack {
            scope: named,
            revision,
            code: code.as_str().to_owned(),
            message: error.public(),
            held_revision: held.map_or(0, |active| active.revision().0),
        }))
        .await
    }

    async fn send(&self, message: Out) -> Result<(), String> {
        let request = proto::SubscribeRequest {
            message: Some(message),
        };
        match timeout(ANSWER, self.answers.send(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("the stream ended".into()),
            Err(_) => Err("answers are not taken".into()),
        }
    }
}

fn text(status: &tonic::Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}
