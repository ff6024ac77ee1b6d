//! The stable codes of all errors. A code is part of the contract: it is never renamed or reused,
//! and each has a page in `docs/errors`, generated from this table.

use std::fmt;

/// The class of an error; `wire::status` turns it into a gRPC status, nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller must change the request.
    InvalidArgument,
    /// The credential is missing, malformed, expired or unknown.
    Unauthenticated,
    /// The credential is good and may not do this.
    PermissionDenied,
    /// There is no such thing in the caller's scope.
    NotFound,
    /// There is such a thing already.
    AlreadyExists,
    /// The system's state must change first.
    FailedPrecondition,
    /// Somebody else was first; read again and retry.
    Aborted,
    /// A limit was met.
    ResourceExhausted,
    /// Try again later, or elsewhere.
    Unavailable,
    /// The outcome is unknown: it may or may not have happened.
    Unknown,
    /// The time allowed ran out.
    DeadlineExceeded,
    /// A fault of Veto's own.
    Internal,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $kind:ident, $summary:literal, $help:literal;)*) => {
        /// A stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $summary] $name,)*
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it stands in `ErrorInfo.reason`, logs and docs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The class of the error.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }

            /// What happened, in a sentence.
            #[must_use]
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$name => $summary),* }
            }

            /// What to do about it.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$name => $help),* }
            }
        }
    };
}

codes! {
    InvalidRequest = "INVALID_REQUEST", InvalidArgument,
        "A field of the request is missing or malformed.",
        "The message names the field and its grammar; correct it and send again.";
    InvalidArguments = "INVALID_ARGUMENTS", InvalidArgument,
        "The arguments of the call are not the JSON that Veto accepts.",
        "Send one JSON object as UTF-8: no duplicate keys, at most 64 levels, at most 256 KiB.";
    InvalidPolicy = "INVALID_POLICY", InvalidArgument,
        "The policy text has errors; nothing was published.",
        "Run `veto policy validate` and follow the diagnostics.";
    RequestTooLarge = "REQUEST_TOO_LARGE", InvalidArgument,
        "The message is larger than the server accepts.",
        "Send less; the limits stand in `docs/reference/api.md`.";
    CredentialMissing = "CREDENTIAL_MISSING", Unauthenticated,
        "The call carries no credential.",
        "Send `authorization: Bearer <key or token>` as gRPC metadata.";
    CredentialInvalid = "CREDENTIAL_INVALID", Unauthenticated,
        "The credential is malformed, unknown, revoked, or was made for something else.",
        "Exchange a valid key for a new token; a revoked key must be replaced by an administrator.";
    TokenExpired = "TOKEN_EXPIRED", Unauthenticated,
        "The token's time is over, or has not begun.",
        "Exchange the key for a new token; check the clock when it happens at once.";
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied,
        "The credential is good, and its kind may not call this.",
        "Use a key of the kind that `docs/security.md` lists for this call.";
    NotFound = "NOT_FOUND", NotFound,
        "There is no such thing within the caller's scope.",
        "Check the name, and that the key belongs to the organization, project and environment.";
    AlreadyExists = "ALREADY_EXISTS", AlreadyExists,
        "A thing of this name exists already.",
        "Choose another name, or change the existing thing.";
    VersionConflict = "VERSION_CONFLICT", Aborted,
        "Another version was published since the one that the request builds on.",
        "Read the newest version, reconcile, and publish with its number as the parent.";
    QuotaExceeded = "QUOTA_EXCEEDED", ResourceExhausted,
        "A limit of the organization or of the server is reached.",
        "Remove what is not needed, or ask an operator to raise the limit.";
    RevisionNotReached = "REVISION_NOT_REACHED", FailedPrecondition,
        "The node does not hold the revision that the call asks for yet.",
        "Retry in a moment; the message says what the node holds.";
    NoBundle = "NO_BUNDLE", Unavailable,
        "The node has no verified bundle for this environment, so it decides nothing.",
        "Check that the environment exists, that the node subscribes to it, and `veto fleet`.";
    BundleStale = "BUNDLE_STALE", Unavailable,
        "The node's bundle is older than the environment's staleness bound, so it decides nothing.",
        "Restore the node's connection to a control plane; see `docs/operations`.";
    BundleCorrupt = "BUNDLE_CORRUPT", FailedPrecondition,
        "A bundle does not match its digest or cannot be decoded; it was not taken.",
        "The last good bundle stays in force; remove a damaged cache file and let the node fetch anew.";
    BundleSignatureInvalid = "BUNDLE_SIGNATURE_INVALID", FailedPrecondition,
        "A bundle's signature is not of the trusted control plane; it was not taken.",
        "Check the node's `trust_file` against the one of its cluster.";
    BundleRollback = "BUNDLE_ROLLBACK", FailedPrecondition,
        "A bundle is older than one that the node has held; it was not taken.",
        "Connect the node to an up-to-date replica; revisions never go back.";
    BundleBaseMismatch = "BUNDLE_BASE_MISMATCH", FailedPrecondition,
        "A delta builds on another revision than the node holds; it was not taken.",
        "Nothing to do: the node asks for a snapshot.";
    RecordUnavailable = "RECORD_UNAVAILABLE", Unavailable,
        "The decision could not be recorded, so it was not given.",
        "Check the disk of the node's spool: space, errors, latency.";
    RecordChainBroken = "RECORD_CHAIN_BROKEN", FailedPrecondition,
        "Appended records do not continue the chain of their node and boot; none was stored.",
        "The answer says which sequence is expected; the node resumes from there.";
    RecordCorrupt = "RECORD_CORRUPT", FailedPrecondition,
        "A record frame is damaged; it was not taken.",
        "Inspect the node's spool; loss must be declared, not skipped.";
    ConfigInvalid = "CONFIG_INVALID", InvalidArgument,
        "The configuration has an error; the process did not start.",
        "Run `config check`; the message names the key.";
    StorageFailed = "STORAGE_FAILED", Internal,
        "Stable storage failed; what could not be kept was not acknowledged.",
        "Check the disk and the log of the process.";
    StorageCorrupt = "STORAGE_CORRUPT", Internal,
        "Stored bytes fail their check; the process does not serve them.",
        "Replace the node, or restore from a backup; see `docs/operations`.";
    StorageRolledBack = "STORAGE_ROLLED_BACK", Internal,
        "The node's storage holds less than the node acknowledged, so the node does not start.",
        "Replace this node: remove its id from the cluster and join a new one. The process exits with 78.";
    BackupCorrupt = "BACKUP_CORRUPT", FailedPrecondition,
        "A backup is cut short, or its bytes are not those that were written; nothing was made of it.",
        "Use another copy of the backup; `veto cluster check` says whether one is whole.";
    NotLeader = "NOT_LEADER", Unavailable,
        "This replica is not the leader, and no leader is known.",
        "Retry; an election takes a few seconds.";
    ClusterMismatch = "CLUSTER_MISMATCH", FailedPrecondition,
        "A peer, a certificate or a data directory belongs to another cluster.",
        "Check the peer's address, and which `data_dir` and certificate the replica was given.";
    MemberMismatch = "MEMBER_MISMATCH", FailedPrecondition,
        "A peer, a certificate or a data directory belongs to another replica of the cluster.",
        "Check the peer's address, and which `data_dir` and certificate the replica was given.";
    PeerCertificateInvalid = "PEER_CERTIFICATE_INVALID", Unauthenticated,
        "A peer's certificate names no replica, or another one than the peer says it is.",
        "Issue a certificate for the replica's id with `veto cluster ca issue`.";
    MemberSuperseded = "MEMBER_SUPERSEDED", FailedPrecondition,
        "Another process runs under this replica's identity, or did so later: its data directory was copied or restored.",
        "Stop one of the two. Never start a copy: remove the member and add a new one.";
    MemberStorageLost = "MEMBER_STORAGE_LOST", FailedPrecondition,
        "A replica came back without the storage that its peers know: what it acknowledged is gone.",
        "Replace it: `veto cluster replace`. Its id is never used again.";
    MemberRemoved = "MEMBER_REMOVED", FailedPrecondition,
        "The replica was removed from the cluster, for good.",
        "Stop it. To add it again, empty its data directory and use `veto cluster add`, which gives it a new id.";
    LastVoter = "LAST_VOTER", FailedPrecondition,
        "Without this member the cluster would have no voter.",
        "Add a voter first, or use `veto cluster replace`.";
    OutcomeUnknown = "OUTCOME_UNKNOWN", Unknown,
        "The write may or may not have been made.",
        "Repeat it with the same request id: it takes effect at most once.";
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded,
        "The time allowed for the call ran out.",
        "Retry with a longer deadline; look at the latency metrics when it happens again.";
    Overloaded = "OVERLOADED", ResourceExhausted,
        "The server has more work than it may queue.",
        "Retry with back-off, or add nodes.";
    Unreachable = "UNREACHABLE", Unavailable,
        "The server did not answer.",
        "Check the address and that the server runs.";
    Internal = "INTERNAL", Internal,
        "A fault of Veto's own; no decision was made.",
        "Report it with the trace id.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Code {
    /// Reads a code back from its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_read_back() {
        let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(code.summary().ends_with('.') && code.help().ends_with('.'));
        }
    }
}
