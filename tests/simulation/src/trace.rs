//! What happened in a simulation, in its order. Two runs of a seed have the same trace, to the byte.

use std::fmt;
use std::time::Duration;

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use veto_proto::storage::v1::{Command, log_entry::Payload};
use veto_raft::{Note, Point};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The simulated time since the begin.
    pub at: Duration,
    /// The host where it happened; 0 for what no replica did.
    pub host: usize,
    /// How often this host was started before.
    pub run: u64,
    /// What happened.
    pub what: What,
}

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A replica starts, as this member.
    Starts(u64),
    /// It serves clients.
    Serves,
    /// It ended, or its start failed, with a code and words.
    Ends(String, String),
    /// It was crashed.
    Crashes(String),
    /// It did something.
    Notes(Note),
    /// It says how it is.
    Says(Status),
    /// It came to a place where it waits for its disk.
    Reaches(Point),
    /// It connects to a host.
    Dials(String),
    /// A fault begins or ends.
    Fault(String),
    /// A client asks something.
    Asks(String),
    /// A client has an answer, or gave up.
    Hears(String),
}

/// How a replica says that it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Its id.
    pub member: u64,
    /// Its term.
    pub term: u64,
    /// The leader that it knows; 0 when none.
    pub leader: u64,
    /// The last entry of its log.
    pub last: u64,
    /// The newest entry that it applied.
    pub applied: u64,
    /// The newest entry in its snapshot.
    pub snapshot: u64,
    /// Whether the voters are changing.
    pub changing: bool,
    /// Who votes.
    pub voters: Vec<u64>,
    /// Who only learns.
    pub learners: Vec<u64>,
}

/// The command of an applied entry, when it is one.
#[must_use]
pub fn command(applied: &veto_raft::Applied) -> Option<&Command> {
    match &applied.entry.payload {
        Some(Payload::Command(command)) => Some(command),
        Some(Payload::Membership(_)) | None => None,
    }
}

/// Names an entry with everything in it.
#[must_use]
pub fn hash(applied: &veto_raft::Applied) -> [u8; 32] {
    Sha256::digest(applied.entry.encode_to_vec()).into()
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, host, run) = (self.at.as_micros(), self.host, self.run);
        write!(f, "{:>6}.{:03} ", at / 1_000, at % 1_000)?;
        if host > 0 {
            write!(f, "h{host}.{run} ")?;
        }
        self.what.fmt(f)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starts(member) => write!(f, "starts as member {member}"),
            Self::Serves => write!(f, "serves"),
            Self::Ends(code, words) => write!(f, "ends: {code}: {words}"),
            Self::Crashes(how) => write!(f, "crashes: {how}"),
            Self::Reaches(point) => write!(f, "{point:?}"),
            Self::Dials(to) => write!(f, "dials {to}"),
            Self::Fault(fault) => write!(f, "fault: {fault}"),
            Self::Asks(asked) => write!(f, "asks {asked}"),
            Self::Hears(heard) => write!(f, "hears {heard}"),
            Self::Says(status) => write!(f, "{status:?}"),
            Self::Notes(Note::Applied(applied)) => {
                let id = applied.entry.id.unwrap_or_default();
                let (entry, digest) = (hash(applied), &applied.digest);
                let (entry, digest) = (hex::encode(&entry[..8]), hex::encode(digest));
                write!(f, "applied {}-{}-{} ", id.index, id.term, id.node)?;
                write!(f, "{entry} -> {digest} {}", applied.result.error_code)
            }
            Self::Notes(note) => write!(f, "{note:?}"),
        }
    }
}
