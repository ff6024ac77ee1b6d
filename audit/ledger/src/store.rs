//! What the ledger asks of a database, and nothing about which one it is.
//!
//! An append is acknowledged when it is on stable storage. Every read takes a [`Tenant`]. Records
//! are numbered as they arrive; with the number of the newest one, a reader fixes a state of the
//! ledger that later arrivals do not change.

pub mod sqlite;

use std::future::Future;
use std::sync::Arc;

use tokio::sync::broadcast;
use veto_core::{BootId, NodeId, OrganizationId, Timestamp};
use veto_proto::records::v1::StoredRecord;
use veto_trail::{Decision, Exported};

use crate::filter::Filter;
use crate::{Error, Tenant};

/// Verified, consecutive frames of one boot.
#[derive(Debug)]
pub struct Batch {
    /// The organization whose credential brings them. A chain belongs to the one that began it, so
    /// nobody continues, and nobody probes, a chain of another organization.
    pub home: OrganizationId,
    /// The node that wrote them.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// One or more frames; each follows the one before it in sequence and hash.
    pub frames: Vec<Verified>,
}

/// A frame whose bytes, place and record are in order.
#[derive(Debug)]
pub struct Verified {
    /// Its place in the boot's sequence.
    pub sequence: u64,
    /// The hash of the frame before it.
    pub previous_hash: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
    /// Its bytes as the node wrote them.
    pub bytes: Vec<u8>,
    /// When the node wrote it.
    pub time: Timestamp,
    /// The decision in it; other records belong to the chain alone.
    pub decision: Option<Box<Decision>>,
}

/// A decision as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its number in the ledger: later arrivals have higher ones.
    pub arrival: u64,
    /// When the ledger stored it.
    pub stored_at: Timestamp,
    /// The node that decided.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// Its place in the boot's sequence.
    pub sequence: u64,
    /// The hash of its frame.
    pub hash: [u8; 32],
    /// When the node decided.
    pub time: Timestamp,
    /// What was decided.
    pub decision: Box<Decision>,
}

impl Stored {
    /// Its place in the order of time.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position {
            time: self.time,
            arrival: self.arrival,
        }
    }

    /// The record as the API shows it.
    #[must_use]
    pub fn message(&self) -> StoredRecord {
        let place = veto_wire::record::Place {
            node: self.node.to_string(),
            boot: self.boot,
            sequence: self.sequence,
            hash: self.hash,
            time: self.time,
            stored_at: self.stored_at,
        };
        veto_wire::record::stored(&place, &self.decision)
    }

    /// The record as exports show it.
    #[must_use]
    pub fn exported(&self) -> Exported {
        let place = veto_trail::export::Place {
            node: self.node.as_str(),
            boot: self.boot,
            sequence: self.sequence,
            hash: self.hash,
            time: self.time,
            stored_at: self.stored_at,
        };
        Exported::new(place, &self.decision)
    }
}

/// A place in the order of time; the arrival breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// When it was decided.
    pub time: Timestamp,
    /// Its number in the ledger.
    pub arrival: u64,
}

/// In which order records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By time, the newest first.
    NewestFirst,
    /// By time, the oldest first.
    OldestFirst,
    /// As they arrived.
    Arrival,
}

/// Which records to read, and how many.
#[derive(Debug, Clone)]
pub struct Query {
    /// What the reader's credential covers.
    pub tenant: Tenant,
    /// Which of these records.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Behind this place in the order; `None` begins.
    pub after: Option<Position>,
    /// Nothing that arrived after this number; `None` sets no bound.
    pub through: Option<u64>,
    /// At most this many records.
    pub limit: usize,
    /// No further record once these many bytes of frames are reached.
    pub bytes: usize,
}

/// A page of records.
#[derive(Debug)]
pub struct Page {
    /// The records in the order that was asked for.
    pub records: Vec<Stored>,
    /// Whether more follow behind the last one.
    pub more: bool,
}

/// Keeps records durably and finds them again.
pub trait Store: Send + Sync + 'static {
    /// Stores frames that continue their boot's chain, all or none, and answers with the last
    /// sequence of the boot that is on stable storage. Frames that are stored already are skipped.
    ///
    /// # Errors
    /// [`Error::ChainBroken`] when the frames do not continue the chain.
    fn append(&self, batch: Batch) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Reads a page.
    ///
    /// # Errors
    /// [`Error::Deadline`], [`Error::Overloaded`], [`Error::Corrupt`] or [`Error::Database`].
    fn read(&self, query: Query) -> impl Future<Output = Result<Page, Error>> + Send;

    /// The number of the newest record; 0 when there is none.
    fn newest(&self) -> u64;

    /// Decisions as they are stored, in the order of arrival; a slow reader is told that it lags
    /// and reads the rest from the store.
    fn subscribe(&self) -> broadcast::Receiver<Arc<Stored>>;

    /// Resolves when the store can take no more records.
    fn failed(&self) -> impl Future<Output = Error> + Send;

    /// Stores what is queued, and ends.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
