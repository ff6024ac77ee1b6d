//! A floor that is damaged, and a log that is.

use openraft::CommittedLeaderId;
use tempfile::TempDir;

use super::*;

const OWNER: Owner = Owner {
    cluster: Some([7; 16]),
    node: 3,
};

fn id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term, 1), index)
}

fn claim(term: u64, index: u64) -> Claim {
    Claim {
        vote: Some(Vote::new_committed(term, 1)),
        last: Some(id(term, index)),
    }
}

fn open(directory: &TempDir, held: Claim) -> Result<Floor, Error> {
    Floor::open(directory.path(), OWNER, &held, |_| Ok(held.last))
}

/// A floor of an older and a newer claim: index 9, then 10.
fn written() -> TempDir {
    let directory = TempDir::new().unwrap();
    let mut floor = open(&directory, Claim::default()).unwrap();
    floor.vote(Vote::new_committed(4, 1)).unwrap();
    for index in [9, 10] {
        floor.rise(id(4, index), Instant::now());
        floor.write().unwrap();
    }
    directory
}

fn damaged(damage: impl FnOnce(&mut [u8])) -> TempDir {
    let directory = written();
    let path = directory.path().join(NAME);
    let mut bytes = fs::read(&path).unwrap();
    damage(&mut bytes);
    fs::write(&path, bytes).unwrap();
    directory
}

/// Where the newer slot begins.
fn newer() -> usize {
    let bytes = fs::read(written().path().join(NAME)).unwrap();
    let sequence = |place: usize| Slot::decode(&bytes[place..place + SIZE]).unwrap().sequence;
    if sequence(0) > sequence(SIZE) {
        0
    } else {
        SIZE
    }
}

fn refusal(opened: Result<Floor, Error>) -> String {
    let error = opened.unwrap_err();
    assert!(matches!(error, Error::RolledBack(_)), "{error}");
    error.to_string()
}

#[test]
fn a_log_that_holds_what_was_acknowledged_or_more_is_taken() {
    open(&written(), claim(4, 10)).unwrap();
    open(&written(), claim(4, 11)).map(drop).unwrap_err();
    let held = claim(4, 11);
    Floor::open(written().path(), OWNER, &held, |index| {
        Ok(Some(id(4, index)))
    })
    .unwrap();
    // Purged since.
    Floor::open(written().path(), OWNER, &held, |_| Ok(None)).unwrap();
}

#[test]
fn a_log_that_holds_less_is_refused() {
    let text = refusal(open(&written(), claim(4, 9)));
    assert_eq!(
        text,
        "the log ends before entry 10, which it acknowledged; replace this node"
    );
    refusal(open(&written(), Claim::default()));
    let forgot = Claim {
        vote: Some(Vote::new(4, 1)),
        ..claim(4, 10)
    };
    assert!(refusal(open(&written(), forgot)).contains("forgot a vote"));
    let other = Claim {
        last: Some(id(3, 10)),
        ..claim(4, 10)
    };
    assert!(refusal(open(&written(), other)).contains("not the one"));
}

#[test]
fn one_damaged_slot_leaves_the_other_and_is_mended() {
    type Damage = fn(&mut [u8]);
    let zeroed: Damage = |slot| slot.fill(0);
    let torn: Damage = |slot| slot[512..].fill(0);
    let flipped: Damage = |slot| slot[70] ^= 1;
    for damage in [zeroed, torn, flipped] {
        for (place, floor) in [(newer(), 9), (SIZE - newer(), 10)] {
            let hurt = || damaged(|bytes| damage(&mut bytes[place..place + SIZE]));
            refusal(open(&hurt(), claim(4, floor - 1)));
            let directory = hurt();
            open(&directory, claim(4, floor)).unwrap();
            let bytes = fs::read(directory.path().join(NAME)).unwrap();
            assert!(bytes.chunks(SIZE).all(|slot| Slot::decode(slot).is_some()));
        }
    }
}

#[test]
fn a_lost_floor_is_refused_while_there_is_a_log_or_a_file() {
    for damage in [
        |bytes: &mut [u8]| bytes.fill(0),
        |bytes: &mut [u8]| {
            bytes[0] ^= 1;
            bytes[SIZE] ^= 1;
        },
    ] {
        refusal(open(&damaged(damage), claim(4, 10)));
        refusal(open(&damaged(damage), Claim::default()));
    }
    let directory = written();
    fs::write(directory.path().join(NAME), b"").unwrap();
    refusal(open(&directory, claim(4, 10)));
    fs::remove_file(directory.path().join(NAME)).unwrap();
    refusal(open(&directory, claim(4, 10)));
    open(&directory, Claim::default()).unwrap();
}

#[test]
fn an_older_floor_still_refuses_what_is_older_than_it() {
    let directory = written();
    let older = fs::read(directory.path().join(NAME)).unwrap();
    let mut floor = open(&directory, claim(4, 10)).unwrap();
    floor.rise(id(4, 20), Instant::now());
    floor.write().unwrap();
    fs::write(directory.path().join(NAME), older).unwrap();
    refusal(open(&directory, claim(4, 9)));
    let held = claim(4, 20);
    Floor::open(directory.path(), OWNER, &held, |index| {
        Ok(Some(id(4, index)))
    })
    .unwrap();
}

#[test]
fn truncation_sinks_both_slots() {
    let directory = written();
    let mut floor = open(&directory, claim(4, 10)).unwrap();
    floor.sink(Some(id(4, 5))).unwrap();
    drop(floor);
    for slot in [0, SIZE] {
        let path = directory.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[slot] ^= 1;
        fs::write(&path, bytes).unwrap();
        open(&directory, claim(4, 5)).unwrap();
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn another_nodes_storage_is_refused() {
    let held = claim(4, 10);
    let open_as = |cluster, node| {
        Floor::open(written().path(), Owner { cluster, node }, &held, |_| {
            Ok(held.last)
        })
    };
    refusal(open_as(Some([8; 16]), 3));
    refusal(open_as(Some([7; 16]), 4));
    open_as(None, 3).unwrap();
}

#[test]
fn the_file_is_due_after_a_second_or_a_thousand_entries() {
    let directory = written();
    let mut floor = open(&directory, claim(4, 10)).unwrap();
    let now = Instant::now();
    floor.rise(id(4, 11), now);
    assert_eq!(floor.due(), Some(now + EVERY));
    floor.write_if_due(now).unwrap();
    assert!(floor.due().is_some(), "not yet");
    floor.write_if_due(now + EVERY).unwrap();
    assert_eq!(floor.due(), None);
    floor.rise(id(4, 11 + ENTRIES), now);
    floor.write_if_due(now).unwrap();
    assert_eq!(floor.due(), None);
}

/// The bytes of the first format: they must decode for ever. Add formats, never edit this.
#[test]
fn the_first_format_is_frozen() {
    let slot = Slot {
        sequence: 5,
        owner: OWNER,
        claim: claim(4, 10),
    };
    let bytes = slot.encode();
    assert_eq!(Slot::decode(&bytes), Some(slot));
    assert!(bytes[96..SIZE - 4].iter().all(|byte| *byte == 0));
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let text = format!("{}\n{}", hex(&bytes[..96]), hex(&bytes[SIZE - 4..]));
    assert_eq!(text, include_str!("frozen_slot_v1.hex").trim());
}
