//! One slot of the floor file, 4 KiB, so that a torn write damages no other. Numbers are little-endian:
//! `magic 8 | sequence u64 | node u64 | cluster 16 | flags u8 | 7 zeros | vote: term u64, node u64 |
//! last: index u64, term u64, node u64`, zeros, and the CRC-32C of all before it in the last 4 bytes.

use openraft::CommittedLeaderId;

use super::Owner;
use crate::types::{LogId, Vote};

/// Bytes of a slot.
pub(super) const SIZE: usize = 4096;
const MAGIC: &[u8; 8] = b"vetoflr1";
const CRC: usize = SIZE - 4;
const CLUSTER: u8 = 1;
const VOTE: u8 = 2;
const COMMITTED: u8 = 4;
const LAST: u8 = 8;

/// What a node acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Claim {
    /// Its vote.
    pub vote: Option<Vote>,
    /// Its last entry.
    pub last: Option<LogId>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    pub sequence: u64,
    pub owner: Owner,
    pub claim: Claim,
}

impl Slot {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Claim { vote, last } = self.claim;
        let mut flags = 0;
        flags |= if self.owner.cluster.is_some() {
            CLUSTER
        } else {
            0
        };
        flags |= vote.map_or(0, |vote| {
            if vote.committed {
                VOTE | COMMITTED
            } else {
                VOTE
            }
        });
        flags |= if last.is_some() { LAST } else { 0 };
        let vote = vote.unwrap_or_default().leader_id;
        let last = last.unwrap_or_default();
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.extend(MAGIC);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.owner.node.to_le_bytes());
        bytes.extend(self.owner.cluster.unwrap_or_default());
        bytes.extend(u64::from(flags).to_le_bytes());
        let leader = last.leader_id;
        for number in [
            vote.term,
            vote.node_id,
            last.index,
            leader.term,
            leader.node_id,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.resize(CRC, 0);
        bytes.extend(crc32c::crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a slot; `None` when it is damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_at_checked(CRC)?;
        if crc != crc32c::crc32c(body).to_le_bytes() || !body.starts_with(MAGIC) {
            return None;
        }
        let number = |place: usize| -> Option<u64> {
            let bytes = body.get(place..place + 8)?.try_into().ok()?;
            Some(u64::from_le_bytes(bytes))
        };
        let flags = *body.get(40)?;
        let set = |flag| flags & flag != 0;
        let (term, node) = (number(48)?, number(56)?);
        let vote = if set(COMMITTED) {
            Vote::new_committed(term, node)
        } else {
            Vote::new(term, node)
        };
        let leader = CommittedLeaderId::new(number(72)?, number(80)?);
        let last = LogId::new(leader, number(64)?);
        Some(Self {
            sequence: number(8)?,
            owner: Owner {
                node: number(16)?,
                cluster: body.get(24..40)?.try_into().ok().filter(|_| set(CLUSTER)),
            },
            claim: Claim {
                vote: set(VOTE).then_some(vote),
                last: set(LAST).then_some(last),
            },
        })
    }
}
