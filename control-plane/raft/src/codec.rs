//! Our own bytes for everything on disk: `format u8 | crc32c u32 | protobuf`. openraft's types never
//! reach a disk, so its versions do not decide about ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openraft::{BasicNode, CommittedLeaderId, EntryPayload};
use prost::Message;
use veto_proto::storage::v1 as storage;

use crate::Error;
use crate::types::{Entry, LogId, StoredMembership, Vote};

const FORMAT: u8 = 1;
const HEAD: usize = 5;
/// The fields of a `LogEntry`.
const ID: u32 = 1;
const COMMAND: u32 = 2;

/// Wraps a message in the envelope.
pub(crate) fn seal(message: &impl Message) -> Vec<u8> {
    wrap(message.encoded_len(), |bytes| message.encode_raw(bytes))
}

fn wrap(length: usize, encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + length);
    bytes.extend([FORMAT, 0, 0, 0, 0]);
    encode(&mut bytes);
    let crc = crc32c::crc32c(&bytes[HEAD..]).to_le_bytes();
    bytes[1..HEAD].copy_from_slice(&crc);
    bytes
}

/// The bytes of an entry: as [`entry_message`] sealed, without a copy of the command.
pub(crate) fn seal_entry(entry: &Entry) -> Vec<u8> {
    use prost::encoding::message::{encode, encoded_len};
    let EntryPayload::Normal(command) = &entry.payload else {
        return seal(&entry_message(entry));
    };
    let id = log_id_message(&entry.log_id);
    let length = encoded_len(ID, &id) + encoded_len(COMMAND, command.as_ref());
    wrap(length, |bytes| {
        encode(ID, &id, bytes);
        encode(COMMAND, command.as_ref(), bytes);
    })
}

/// Opens the envelope.
pub(crate) fn open<M: Message + Default>(bytes: &[u8]) -> Result<M, Error> {
    let corrupt = |problem: &str| Error::Corrupt(problem.to_owned());
    let (head, body) = bytes
        .split_at_checked(HEAD)
        .ok_or_else(|| corrupt("a value is cut short"))?;
    if head[0] != FORMAT {
        return Err(corrupt("a value has an unknown format"));
    }
    if head[1..] != crc32c::crc32c(body).to_le_bytes() {
        return Err(corrupt("a value does not match its CRC"));
    }
    M::decode(body).map_err(|e| Error::Corrupt(e.to_string()))
}

pub(crate) fn log_id_message(id: &LogId) -> storage::LogId {
    storage::LogId {
        term: id.leader_id.term,
        node: id.leader_id.node_id,
        index: id.index,
    }
}

pub(crate) fn log_id(id: &storage::LogId) -> LogId {
    LogId::new(CommittedLeaderId::new(id.term, id.node), id.index)
}

pub(crate) fn vote_message(vote: &Vote) -> storage::Vote {
    let leader = &vote.leader_id;
    storage::Vote {
        term: leader.term,
        node: leader.node_id,
        committed: vote.committed,
    }
}

pub(crate) fn vote(vote: &storage::Vote) -> Vote {
    if vote.committed {
        Vote::new_committed(vote.term, vote.node)
    } else {
        Vote::new(vote.term, vote.node)
    }
}

pub(crate) fn entry_message(entry: &Entry) -> storage::LogEntry {
    use storage::log_entry::Payload;
    let payload = match &entry.payload {
        EntryPayload::Blank => None,
        EntryPayload::Normal(command) => Some(Payload::Command(command.as_ref().clone())),
        EntryPayload::Membership(members) => Some(Payload::Membership(membership_message(members))),
    };
    storage::LogEntry {
        id: Some(log_id_message(&entry.log_id)),
        payload,
    }
}

/// Reads an entry and checks that it is the one its key says.
pub(crate) fn entry(bytes: &[u8], index: u64) -> Result<Entry, Error> {
    use storage::log_entry::Payload;
    let stored: storage::LogEntry = open(bytes)?;
    let id = stored
        .id
        .as_ref()
        .map(log_id)
        .filter(|id| id.index == index);
    let id = id.ok_or_else(|| Error::Corrupt(format!("entry {index} is another one")))?;
    let payload = match stored.payload {
        None => EntryPayload::Blank,
        Some(Payload::Command(command)) => EntryPayload::Normal(Arc::new(command)),
        Some(Payload::Membership(members)) => EntryPayload::Membership(membership(&members)),
    };
    Ok(Entry {
        log_id: id,
        payload,
    })
}

pub(crate) fn applied_message(
    last_applied: Option<&LogId>,
    members: &StoredMembership,
    digest: Vec<u8>,
) -> storage::AppliedState {
    storage::AppliedState {
        digest,
        last_applied: last_applied.map(log_id_message),
        membership_id: members.log_id().as_ref().map(log_id_message),
        membership: Some(membership_message(members.membership())),
    }
}

pub(crate) fn applied(state: &storage::AppliedState) -> (Option<LogId>, StoredMembership) {
    let members = state
        .membership
        .as_ref()
        .map(membership)
        .unwrap_or_default();
    let id = state.membership_id.as_ref().map(log_id);
    (
        state.last_applied.as_ref().map(log_id),
        StoredMembership::new(id, members),
    )
}

type Members = openraft::Membership<u64, BasicNode>;

fn membership_message(members: &Members) -> storage::Membership {
    let voters = |set: &BTreeSet<u64>| storage::VoterSet {
        nodes: set.iter().copied().collect(),
    };
    let member = |(id, node): (&u64, &BasicNode)| storage::Member {
        id: *id,
        address: node.addr.clone(),
    };
    storage::Membership {
        configs: members.get_joint_config().iter().map(voters).collect(),
        members: members.nodes().map(member).collect(),
    }
}

fn membership(members: &storage::Membership) -> Members {
    let configs = members
        .configs
        .iter()
        .map(|set| set.nodes.iter().copied().collect())
        .collect();
    let nodes: BTreeMap<u64, BasicNode> = members
        .members
        .iter()
        .map(|m| (m.id, BasicNode::new(&m.address)))
        .collect();
    Members::new(configs, nodes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_proto::storage::v1::Command;

    fn sample(payload: EntryPayload<crate::types::Types>) -> Entry {
        Entry {
            log_id: LogId::new(CommittedLeaderId::new(3, 1), 9),
            payload,
        }
    }

    fn samples() -> [Entry; 3] {
        let members = Members::new(
            vec![BTreeSet::from([1, 2]), BTreeSet::from([2, 3])],
            BTreeMap::from([(4, BasicNode::new("learner:1"))]),
        );
        let command = Command {
            actor: "k".into(),
            time: 5,
            ..Command::default()
        };
        [
            sample(EntryPayload::Blank),
            sample(EntryPayload::Normal(Arc::new(command))),
            sample(EntryPayload::Membership(members)),
        ]
    }

    #[test]
    fn every_kind_of_entry_reads_back() {
        for sample in samples() {
            let bytes = seal_entry(&sample);
            assert_eq!(bytes, seal(&entry_message(&sample)));
            assert_eq!(entry(&bytes, 9).unwrap(), sample);
            assert!(entry(&bytes, 8).is_err(), "an entry under another's key");
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let bytes = seal(&entry_message(&samples()[1]));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(entry(&changed, 9).is_err(), "bit {bit}");
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The bytes of the first format: they must decode for ever. Add formats, never edit this.
    #[test]
    fn the_first_format_is_frozen() {
        let all = samples().map(|sample| hex(&seal(&entry_message(&sample))));
        let all = all.join("\n");
        assert_eq!(all, include_str!("codec/frozen_entries_v1.hex").trim());
        let vote = hex(&seal(&vote_message(&Vote::new_committed(3, 1))));
        assert_eq!(vote, include_str!("codec/frozen_vote_v1.hex").trim());
    }

    /// As above, for what stands in the state, in `CURRENT` and in a snapshot.
    #[test]
    fn the_first_format_of_the_state_is_frozen() {
        let id = LogId::new(CommittedLeaderId::new(3, 1), 9);
        let members = Members::new(vec![BTreeSet::from([1])], BTreeMap::new());
        let members = StoredMembership::new(Some(id), members);
        let applied = applied_message(Some(&id), &members, vec![5; 16]);
        assert_eq!(super::applied(&applied), (Some(id), members));
        let manifest = storage::SnapshotManifest {
            id: "00000000000000000009-3-1".into(),
            applied: Some(applied.clone()),
            files: vec![storage::SnapshotFile {
                name: "000011.sst".into(),
                size: 1234,
                sha256: vec![6; 32],
            }],
        };
        let pointer = storage::StatePointer {
            directory: "00000002".into(),
            installed: Some(log_id_message(&id)),
        };
        let all = [seal(&applied), seal(&manifest), seal(&pointer)];
        let text = all.map(|bytes| hex(&bytes)).join("\n");
        assert_eq!(text, include_str!("codec/frozen_state_v1.hex").trim());
    }
}
