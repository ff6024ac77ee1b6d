//! openraft's messages as ours: each entry is the very bytes that stand in a log, with their CRC.

use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, VoteRequest, VoteResponse};
use veto_proto::raft::v1 as wire;

use crate::types::{Types, Vote};
use crate::{Error, codec};

fn missing(what: &str) -> Error {
    Error::Corrupt(format!("a message of a peer has no {what}"))
}

fn vote(message: Option<&veto_proto::storage::v1::Vote>) -> Result<Vote, Error> {
    message.map(codec::vote).ok_or_else(|| missing("vote"))
}

pub(crate) fn append_request(
    request: &AppendEntriesRequest<Types>,
    envelope: Option<wire::Envelope>,
) -> wire::AppendEntriesRequest {
    wire::AppendEntriesRequest {
        envelope,
        vote: Some(codec::vote_message(&request.vote)),
        previous: request.prev_log_id.as_ref().map(codec::log_id_message),
        entries: request.entries.iter().map(codec::seal_entry).collect(),
        committed: request.leader_commit.as_ref().map(codec::log_id_message),
    }
}

/// The request, whose entries follow one another.
pub(super) fn append_request_from(
    message: &wire::AppendEntriesRequest,
) -> Result<AppendEntriesRequest<Types>, Error> {
    let previous = message.previous.as_ref().map(codec::log_id);
    let first = previous.map_or(0, |id| id.index + 1);
    let entries = (first..).zip(&message.entries);
    let entries = entries.map(|(index, bytes)| codec::entry(bytes, index));
    Ok(AppendEntriesRequest {
        vote: vote(message.vote.as_ref())?,
        prev_log_id: previous,
        entries: entries.collect::<Result<_, _>>()?,
        leader_commit: message.committed.as_ref().map(codec::log_id),
    })
}

pub(super) fn append_response_message(
    response: &AppendEntriesResponse<u64>,
    envelope: Option<wire::Envelope>,
) -> wire::AppendEntriesResponse {
    let mut message = wire::AppendEntriesResponse {
        envelope,
        ..wire::AppendEntriesResponse::default()
    };
    let outcome = match response {
        AppendEntriesResponse::Success => wire::AppendOutcome::Success,
        AppendEntriesResponse::PartialSuccess(matching) => {
            message.matching = matching.as_ref().map(codec::log_id_message);
            wire::AppendOutcome::Partial
        }
        AppendEntriesResponse::Conflict => wire::AppendOutcome::Conflict,
        AppendEntriesResponse::HigherVote(vote) => {
            message.vote = Some(codec::vote_message(vote));
            wire::AppendOutcome::HigherVote
        }
    };
    message.set_outcome(outcome);
    message
}

pub(crate) fn append_response(
    message: &wire::AppendEntriesResponse,
) -> Result<AppendEntriesResponse<u64>, Error> {
    Ok(match message.outcome() {
        wire::AppendOutcome::Unspecified => return Err(missing("outcome")),
        wire::AppendOutcome::Success => AppendEntriesResponse::Success,
        wire::AppendOutcome::Partial => {
            AppendEntriesResponse::PartialSuccess(message.matching.as_ref().map(codec::log_id))
        }
        wire::AppendOutcome::Conflict => AppendEntriesResponse::Conflict,
        wire::AppendOutcome::HigherVote => {
            AppendEntriesResponse::HigherVote(vote(message.vote.as_ref())?)
        }
    })
}

pub(crate) fn vote_request(
    request: &VoteRequest<u64>,
    envelope: Option<wire::Envelope>,
) -> wire::VoteRequest {
    wire::VoteRequest {
        envelope,
        vote: Some(codec::vote_message(&request.vote)),
        last: request.last_log_id.as_ref().map(codec::log_id_message),
    }
}

pub(super) fn vote_request_from(message: &wire::VoteRequest) -> Result<VoteRequest<u64>, Error> {
    let last = message.last.as_ref().map(codec::log_id);
    Ok(VoteRequest::new(vote(message.vote.as_ref())?, last))
}

pub(super) fn vote_response_message(
    response: &VoteResponse<u64>,
    envelope: Option<wire::Envelope>,
) -> wire::VoteResponse {
    wire::VoteResponse {
        envelope,
        vote: Some(codec::vote_message(&response.vote)),
        granted: response.vote_granted,
        last: response.last_log_id.as_ref().map(codec::log_id_message),
    }
}

pub(crate) fn vote_response(message: &wire::VoteResponse) -> Result<VoteResponse<u64>, Error> {
    Ok(VoteResponse {
        vote: vote(message.vote.as_ref())?,
        vote_granted: message.granted,
        last_log_id: message.last.as_ref().map(codec::log_id),
    })
}
