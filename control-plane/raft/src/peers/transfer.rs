//! Moves a snapshot to a peer, file by file and in chunks, in constant memory whatever its size. The
//! receiver believes nothing before all of it is checked; a link that is cut leaves the old state as it
//! was, and the half that came is removed.

use std::time::Duration;

use openraft::Snapshot;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use veto_proto::raft::v1::install_snapshot_request::Piece;
use veto_proto::raft::v1::{InstallSnapshotHead, InstallSnapshotRequest, SnapshotChunk};

use super::{Lane, Links};
use crate::seams::{Point, Work};
use crate::snapshot::{Chunk, Directory, Incoming, Outgoing};
use crate::types::{SnapshotMeta, Types, Vote};
use crate::{Error, codec};

/// Chunks on their way, on each side.
const QUEUE: usize = 4;
/// A peer that takes or gives nothing for so long is given up.
const STALL: Duration = Duration::from_secs(30);
/// How long a peer may install what it has.
const INSTALL: Duration = Duration::from_secs(600);

/// Sends a snapshot; gives the vote of the peer that has it.
pub(crate) async fn send(
    links: &Links,
    node: u64,
    address: &str,
    vote: Vote,
    snapshot: Snapshot<Types>,
) -> Result<Vote, Error> {
    let mut client = links.client(node, address, Lane::Snapshot)?;
    let (sender, receiver) = mpsc::channel(QUEUE);
    let head = InstallSnapshotHead {
        envelope: links.voice.to(node),
        vote: Some(codec::vote_message(&vote)),
    };
    let pieces = async move {
        give(&sender, Piece::Head(head)).await?;
        let mut chunks = read(links.work.clone(), *snapshot.snapshot);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk?;
            let chunk = SnapshotChunk {
                file: chunk.file,
                offset: chunk.offset,
                data: chunk.bytes,
            };
            give(&sender, Piece::Chunk(chunk)).await?;
        }
        give(&sender, Piece::End(true)).await
    };
    let call = async {
        let answer = client
            .install_snapshot(ReceiverStream::new(receiver))
            .await
            .map_err(|status| links.voice.refused(node, &status))?
            .into_inner();
        links.voice.check_answer(node, answer.envelope.as_ref())?;
        let vote = answer.vote.as_ref().map(codec::vote);
        vote.ok_or_else(|| Error::Corrupt("an answer of a peer has no vote".into()))
    };
    tokio::pin!(call);
    // A peer may answer early, with a refusal; what it says tells more than that it takes no more.
    let sent = tokio::select! {
        answer = &mut call => return answer,
        sent = pieces => sent,
    };
    let late = |_| Error::Unreachable {
        node,
        problem: "it did not install the snapshot in time".into(),
    };
    match sent {
        Ok(()) => timeout(INSTALL, call).await.map_err(late)?,
        Err(error) => Err(error),
    }
}

/// Reads a snapshot's files beside the runtime's own threads.
pub(crate) fn read(work: Work, directory: Directory) -> mpsc::Receiver<Result<Chunk, Error>> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        if let Err(error) = read_all(&work, directory, &sender).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

async fn read_all(
    work: &Work,
    directory: Directory,
    sender: &mpsc::Sender<Result<Chunk, Error>>,
) -> Result<(), Error> {
    let open = move || Outgoing::open(&directory);
    let mut outgoing = work.blocking(Point::Chunk, open).await?;
    loop {
        let next = move || Ok((outgoing.next_chunk()?, outgoing));
        let (chunk, rest) = work.blocking(Point::Chunk, next).await?;
        outgoing = rest;
        let Some(chunk) = chunk else { return Ok(()) };
        if sender.send(Ok(chunk)).await.is_err() {
            return Ok(());
        }
    }
}

async fn give(sender: &mpsc::Sender<InstallSnapshotRequest>, piece: Piece) -> Result<(), Error> {
    let request = InstallSnapshotRequest { piece: Some(piece) };
    let stopped = |problem: &str| Error::Stopped(problem.to_owned());
    let sent = timeout(STALL, sender.send(request)).await;
    sent.map_err(|_| stopped("the peer takes no more of the snapshot"))?
        .map_err(|_| stopped("the peer ended the snapshot"))
}

/// Writes what a peer sends after its head, and checks it.
pub(super) async fn receive(
    work: &Work,
    stream: &mut Streaming<InstallSnapshotRequest>,
    directory: Directory,
) -> Result<(SnapshotMeta, Box<Directory>), Status> {
    let wrong = |error: Error| super::voice::refusal(&error);
    let (sender, receiver) = mpsc::channel(QUEUE);
    let written = tokio::spawn(write(work.clone(), directory, receiver));
    let taken = take(stream, &sender).await;
    drop(sender);
    let written = written.await;
    // What is wrong with the stream explains why too little was written.
    taken?;
    let written = written.unwrap_or_else(|e| Err(Error::Stopped(e.to_string())));
    written.map_err(wrong)
}

/// Hands on chunks, then `None` for the end.
async fn take(
    stream: &mut Streaming<InstallSnapshotRequest>,
    sender: &mpsc::Sender<Option<Chunk>>,
) -> Result<(), Status> {
    let wrong = |problem: &str| super::voice::refusal(&Error::Corrupt(problem.to_owned()));
    loop {
        let next = timeout(STALL, stream.next()).await;
        let next = next.map_err(|_| wrong("a snapshot stalled"))?;
        let next = next.ok_or_else(|| wrong("a snapshot ended too early"))??;
        let chunk = match next.piece {
            Some(Piece::Chunk(chunk)) => Some(Chunk {
                file: chunk.file,
                offset: chunk.offset,
                bytes: chunk.data,
            }),
            Some(Piece::End(_)) => None,
            Some(Piece::Head(_)) | None => return Err(wrong("a snapshot has two heads")),
        };
        let end = chunk.is_none();
        // Whoever writes has failed and says why.
        if sender.send(chunk).await.is_err() || end {
            return Ok(());
        }
    }
}

async fn write(
    work: Work,
    directory: Directory,
    mut chunks: mpsc::Receiver<Option<Chunk>>,
) -> Result<(SnapshotMeta, Box<Directory>), Error> {
    let mut incoming = Incoming::new(directory);
    while let Some(chunk) = chunks.recv().await {
        let Some(chunk) = chunk else {
            return work.blocking(Point::Chunk, || incoming.finish()).await;
        };
        let take = move || incoming.take(&chunk).map(|()| incoming);
        incoming = work.blocking(Point::Chunk, take).await?;
    }
    Err(Error::Corrupt("a snapshot ended too early".into()))
}
