//! Reads a frame with its record: what the wire brings and what the disk gives back go the same way.

use veto_core::{BootId, NodeId};
use veto_trail::{Body, Frame};
use veto_wire::record;

use crate::store::Verified;

/// A frame whose checksum is right and whose payload is a record.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The node that wrote it.
    pub(crate) node: NodeId,
    /// The run of its process.
    pub(crate) boot: BootId,
    /// Its place and content.
    pub(crate) verified: Verified,
    /// The region that a boot record says; `None` for other records.
    pub(crate) boot_region: Option<String>,
}

/// Reads bytes that are one frame and nothing else; the error is in words.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, String> {
    let (frame, hash, size) = Frame::decode(bytes).map_err(|e| e.to_string())?;
    if size != bytes.len() {
        return Err(format!("{} bytes follow it", bytes.len() - size));
    }
    let record = record::decode(&frame.payload).map_err(|e| e.to_string())?;
    let (decision, boot_region) = match record.body {
        Body::Decision(decision) => (Some(decision), None),
        Body::Boot(boot) => (None, Some(boot.region)),
        Body::Close(_) | Body::Gap(_) => (None, None),
    };
    let verified = Verified {
        sequence: frame.sequence,
        previous_hash: frame.previous,
        hash,
        bytes: bytes.to_vec(),
        time: record.time,
        decision,
    };
    Ok(Decoded {
        node: frame.node,
        boot: frame.boot,
        verified,
        boot_region,
    })
}
