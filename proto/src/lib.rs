//! The contract of Veto as Rust: what `proto/veto` says, and nothing else. Generated when built; by hand only
//! how large the buffers are.
#![expect(
    clippy::allow_attributes_without_reason,
    clippy::large_enum_variant,
    reason = "generated code"
)]

mod codec;

use codec::Codec;

/// Agents ask, nodes answer.
pub mod authorization {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.authorization.v1");
    }
}

/// Organizations, agents, keys, policies, fleet.
pub mod administration {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.administration.v1");
    }
}

/// Keys in, tokens out.
pub mod tokens {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.tokens.v1");
    }
}

/// Bundles down to the nodes.
pub mod sync {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.sync.v1");
    }
}

/// Records up to the ledger.
pub mod records {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.records.v1");
    }
}

/// What the replicas of a control plane say to each other.
pub mod raft {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.raft.v1");
    }
}

/// What is written to disks and signed.
pub mod storage {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("veto.storage.v1");
    }
}

/// The descriptor set of all files: for reflection, and for tests that enumerate the RPCs.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/veto.binpb"));
