//! What openraft's types mean here.

use std::sync::Arc;

use veto_proto::storage::v1::{Command, CommandResult};

openraft::declare_raft_types!(
    pub(crate) Types:
        D = Arc<Command>,
        R = CommandResult,
        NodeId = u64,
        Node = openraft::BasicNode,
        Entry = openraft::Entry<Types>,
        SnapshotData = crate::snapshot::Directory,
        AsyncRuntime = crate::seams::Runtime,
);

pub(crate) type Entry = openraft::Entry<Types>;
pub(crate) type LogId = openraft::LogId<u64>;
pub(crate) type Vote = openraft::Vote<u64>;
pub(crate) type StoredMembership = openraft::StoredMembership<u64, openraft::BasicNode>;
pub(crate) type SnapshotMeta = openraft::SnapshotMeta<u64, openraft::BasicNode>;
pub(crate) type StorageError = openraft::StorageError<u64>;
