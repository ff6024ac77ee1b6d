//! `AuthorizationService`: may this agent call this tool with these arguments, here, now?

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use veto_core::{Clock, Code, Revision, Timestamp};
use veto_proto::authorization::v1 as proto;
use veto_proto::authorization::v1::authorization_service_server::AuthorizationService;
use veto_wire::decision::Receipt;
use veto_wire::limits::{BATCH, DECIDE_TIMEOUT};
use veto_wire::metadata::{TraceContext, bearer, traceparent};
use veto_wire::status::{Coded as _, status, status_with};

use super::decode;
use crate::bundle::Active;
use crate::decide::{Question, decide, record};
use crate::identity::{Caller, Identity};
use crate::{Error, record as spool};

/// Time for a record to be kept; the rest of the decision's time is for the answer.
const RECORD: Duration = DECIDE_TIMEOUT.saturating_sub(Duration::from_millis(250));

/// Answers calls.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    identity: Arc<Identity>,
    records: spool::Handle,
    clock: Arc<dyn Clock>,
}

/// One snapshot for a request: who calls, when, and the bundle that decides.
#[derive(Debug, Clone)]
struct Session {
    caller: Arc<Caller>,
    active: Arc<Active>,
    trace: Option<TraceContext>,
    now: Timestamp,
    arrived: Instant,
}

impl Service {
    /// Decides for those whom `identity` knows, and keeps the decisions in `records`.
    pub(crate) fn new(
        identity: Arc<Identity>,
        records: spool::Handle,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            identity,
            records,
            clock,
        }
    }

    fn open(&self, metadata: &MetadataMap, at_least: u64) -> Result<Session, Status> {
        let arrived = Instant::now();
        let now = self.clock.now();
        let token = bearer(metadata)?;
        let (caller, active) = self
            .identity
            .authenticate(token, now)
            .map_err(|e| refuse(&e))?;
        active.check_fresh(now).map_err(|e| refuse(&e))?;
        let (asked, held) = (Revision(at_least), active.revision());
        if asked > held {
            return Err(refuse(&Error::RevisionNotReached { asked, held }));
        }
        Ok(Session {
            caller,
            active,
            trace: traceparent(metadata),
            now,
            arrived,
        })
    }
}

impl Session {
    /// Decides one call and keeps the decision. The record comes before the answer: a slow decision
    /// can be explained, an unrecorded one cannot.
    async fn answer(
        self,
        question: Question,
        records: spool::Handle,
    ) -> Result<proto::Decision, Error> {
        let Self {
            caller,
            active,
            trace,
            now,
            arrived,
        } = self;
        let decided = decide(&active, &caller, question, trace, now);
        let kept = record(&active, &caller, &decided, trace, now, arrived.elapsed());
        let left = RECORD.saturating_sub(arrived.elapsed());
        let receipt = timeout(left, records.append(&kept))
            .await
            .map_err(|_| Error::RecordedLate)?
            .map_err(Error::NotRecorded)?;
        let receipt = Receipt {
            node: receipt.node,
            boot: receipt.boot,
            sequence: receipt.sequence,
            hash: receipt.hash,
        };
        let (version, revision) = (active.version(), active.revision());
        Ok(veto_wire::decision::decision(
            &decided.decision,
            version,
            revision,
            &receipt,
        ))
    }
}

#[tonic::async_trait]
impl AuthorizationService for Service {
    async fn authorize(
        &self,
        request: Request<proto::AuthorizeRequest>,
    ) -> Result<Response<proto::AuthorizeResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let session = self.open(&metadata, request.at_least_revision)?;
        let question = decode::question(request.call).map_err(|e| refuse(&e))?;
        let decision = session
            .answer(question, self.records.clone())
            .await
            .map_err(|e| refuse(&e))?;
        Ok(Response::new(proto::AuthorizeResponse {
            decision: Some(decision),
        }))
    }

    async fn authorize_batch(
        &self,
        request: Request<proto::AuthorizeBatchRequest>,
    ) -> Result<Response<proto::AuthorizeBatchResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let session = self.open(&metadata, request.at_least_revision)?;
        if request.calls.is_empty() || request.calls.len() > BATCH {
            let problem = format!("needs 1 to {BATCH} entries");
            return Err(refuse(&Error::Request {
                field: "calls",
                problem,
            }));
        }
        let mut results: Vec<_> = request.calls.iter().map(|_| lost()).collect();
        let mut answers = JoinSet::new();
        for (index, call) in request.calls.into_iter().enumerate() {
            match decode::question(Some(call)) {
                Err(error) => results[index] = Err(error),
                Ok(question) => {
                    let answer = session.clone().answer(question, self.records.clone());
                    answers.spawn(async move { (index, answer.await) });
                }
            }
        }
        while let Some(joined) = answers.join_next().await {
            // One whose task died keeps its place, as an error.
            if let Ok((index, result)) = joined {
                results[index] = result;
            }
        }
        let results = results.into_iter().map(result).collect();
        Ok(Response::new(proto::AuthorizeBatchResponse { results }))
    }
}

fn lost() -> Result<proto::Decision, Error> {
    Err(Error::Internal("a decision was lost".into()))
}

fn result(result: Result<proto::Decision, Error>) -> proto::BatchResult {
    use proto::batch_result::Result as Item;
    let result = result.map_or_else(
        |error| {
            log(&error);
            let code = error.code().as_str().to_owned();
            Item::Error(proto::CallError {
                code,
                message: error.public(),
            })
        },
        Item::Decision,
    );
    proto::BatchResult {
        result: Some(result),
    }
}

fn refuse(error: &Error) -> Status {
    log(error);
    let (code, message) = (error.code(), error.public());
    if let Error::RevisionNotReached { held, .. } = error {
        return status_with(code, message, [("held_revision", held.to_string())]);
    }
    status(code, message)
}

/// The caller is told less than the log: a refused credential's reason is here alone.
fn log(error: &Error) {
    let code = error.code();
    let source: &dyn std::error::Error = error;
    if matches!(code, Code::Internal | Code::RecordUnavailable) {
        tracing::error!(code = code.as_str(), error = source, "call is not decided");
    } else {
        tracing::debug!(code = code.as_str(), error = source, "call is not decided");
    }
}
