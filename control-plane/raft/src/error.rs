//! The one error of this crate.

use veto_core::Code;
use veto_wire::status::Coded;

/// Why a command was not taken, or state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another replica leads, or none is known to.
    #[error("no leader of the cluster is known here")]
    NotLeader,
    /// The command may or may not take effect.
    #[error("the cluster did not answer in time; the outcome is unknown")]
    OutcomeUnknown,
    /// The state could not be confirmed as current in time.
    #[error("the cluster did not confirm in time")]
    Unconfirmed,
    /// A command is larger than the log takes.
    #[error("the change has {size} bytes, and {limit} are the most")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// There is no state, and none was to be made.
    #[error("the state is empty, and neither `bootstrap` nor a peer certificate says what to do")]
    NoCluster,
    /// The replica cannot take part the way it is set up.
    #[error("{0}")]
    Setup(String),
    /// Another cluster's peer, certificate or directory.
    #[error("{what} is of cluster `{theirs}`, this is `{ours}`")]
    ClusterMismatch {
        /// What does not fit.
        what: &'static str,
        /// Its cluster.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// Another replica's peer, certificate or directory.
    #[error("{what} is of member {theirs}, this is {ours}")]
    MemberMismatch {
        /// What does not fit.
        what: &'static str,
        /// Its member.
        theirs: u64,
        /// Ours.
        ours: u64,
    },
    /// A certificate cannot be read, or names nobody.
    #[error("peer certificate: {0}")]
    Certificate(String),
    /// Another process runs under the member's identity, or did so later.
    #[error("member {0} was started again elsewhere: this is an older run or a copy of it")]
    Superseded(u64),
    /// The member is known with another storage.
    #[error("member {0} is known with another storage than this one")]
    StorageLost(u64),
    /// The member has no log that names it.
    #[error("member {0} has no log yet, and does not vote")]
    Blank(u64),
    /// The member was removed.
    #[error("member {0} was removed from the cluster")]
    Removed(u64),
    /// A peer does not answer.
    #[error("member {node} does not answer: {problem}")]
    Unreachable {
        /// The peer.
        node: u64,
        /// What went wrong.
        problem: String,
    },
    /// A peer refused.
    #[error("member {node} refused: {message}")]
    Refused {
        /// The peer.
        node: u64,
        /// Its code.
        code: Code,
        /// Its words.
        message: String,
    },
    /// The store failed.
    #[error("storage failed: {0}")]
    Storage(String),
    /// Stored bytes fail their check.
    #[error("storage is corrupt: {0}")]
    Corrupt(String),
    /// A backup is damaged.
    #[error(transparent)]
    Backup(#[from] veto_wire::backup::Error),
    /// One backup is made at a time.
    #[error("a backup of this replica is being made already")]
    BackingUp,
    /// Who asked for a backup does not take it.
    #[error("the backup is not taken by who asked for it")]
    NotTaken,
    /// The node holds less than it acknowledged.
    #[error("{0}; replace this node")]
    RolledBack(String),
    /// The rows of the state are not what their tables say.
    #[error(transparent)]
    State(#[from] veto_state::Error),
    /// The replica has stopped.
    #[error("the replica has stopped: {0}")]
    Stopped(String),
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotLeader => Code::NotLeader,
            Self::OutcomeUnknown => Code::OutcomeUnknown,
            Self::Unconfirmed => Code::DeadlineExceeded,
            Self::TooLarge { .. } => Code::RequestTooLarge,
            Self::NoCluster | Self::Setup(_) => Code::ConfigInvalid,
            Self::ClusterMismatch { .. } => Code::ClusterMismatch,
            Self::MemberMismatch { .. } => Code::MemberMismatch,
            Self::Certificate(_) => Code::PeerCertificateInvalid,
            Self::Superseded(_) => Code::MemberSuperseded,
            Self::StorageLost(_) => Code::MemberStorageLost,
            Self::Removed(_) => Code::MemberRemoved,
            Self::Unreachable { .. } => Code::Unreachable,
            Self::Refused { code, .. } => *code,
            Self::Storage(_) | Self::Stopped(_) => Code::StorageFailed,
            Self::Corrupt(_) => Code::StorageCorrupt,
            Self::Backup(error) => error.code(),
            Self::BackingUp => Code::Overloaded,
            Self::NotTaken | Self::Blank(_) => Code::Unreachable,
            Self::RolledBack(_) => Code::StorageRolledBack,
            Self::State(error) => error.code(),
        }
    }

    fn public(&self) -> String {
        match self {
            Self::Storage(_)
            | Self::Corrupt(_)
            | Self::RolledBack(_)
            | Self::State(_)
            | Self::Stopped(_) => self.code().summary().to_owned(),
            Self::NotLeader
            | Self::OutcomeUnknown
            | Self::Unconfirmed
            | Self::TooLarge { .. }
            | Self::NoCluster
            | Self::Setup(_)
            | Self::ClusterMismatch { .. }
            | Self::MemberMismatch { .. }
            | Self::Certificate(_)
            | Self::Superseded(_)
            | Self::Blank(_)
            | Self::StorageLost(_)
            | Self::Removed(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Backup(_)
            | Self::BackingUp
            | Self::NotTaken => self.to_string(),
        }
    }
}
