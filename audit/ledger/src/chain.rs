//! The chain of a boot: sequences without a gap, each frame bound to the one before it by hash.

use veto_trail::{GENESIS, Link};

use crate::Error;
use crate::store::Verified;

/// Why frames do not continue a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Frames before these are missing; the bringer goes back to the expected one.
    Gap,
    /// The frames contradict what is stored: one of the two was rewritten. Nothing mends this but a
    /// person.
    Fork,
}

impl Cause {
    /// The word in `ErrorInfo.metadata["cause"]`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Fork => "fork",
        }
    }
}

/// Decides how many of the frames are stored already, and that the others continue the chain.
/// `stored_hash` finds the hash of a stored frame; it is asked at most once, because equal hashes
/// vouch for all frames before.
///
/// # Errors
/// [`Error::ChainBroken`] when the frames leave a gap or contradict what is stored.
pub fn join<E: From<Error>>(
    end: Option<&Link>,
    frames: &[Verified],
    stored_hash: impl FnOnce(u64) -> Result<Option<[u8; 32]>, E>,
) -> Result<usize, E> {
    let Some(first) = frames.first() else {
        return Ok(0);
    };
    let expected = end.map_or(0, |end| end.sequence.saturating_add(1));
    let broken = |cause, problem| {
        E::from(Error::ChainBroken {
            expected,
            cause,
            problem,
        })
    };
    if first.sequence > expected {
        let problem = format!("frames begin with sequence {}", first.sequence);
        return Err(broken(Cause::Gap, problem));
    }
    let known = usize::try_from(expected - first.sequence).unwrap_or(usize::MAX);
    let known = known.min(frames.len());
    let Some(overlap) = known.checked_sub(1).and_then(|index| frames.get(index)) else {
        let before = end.map_or(GENESIS, |end| end.hash);
        if first.previous_hash == before {
            return Ok(0);
        }
        let problem = format!("frame {} names another predecessor", first.sequence);
        return Err(broken(Cause::Fork, problem));
    };
    let stored = match end {
        Some(end) if end.sequence == overlap.sequence => Some(end.hash),
        Some(_) | None => stored_hash(overlap.sequence)?,
    };
    if stored == Some(overlap.hash) {
        return Ok(known);
    }
    let problem = format!("frame {} differs from the stored one", overlap.sequence);
    Err(broken(Cause::Fork, problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use veto_core::Timestamp;

    fn hash(sequence: u64) -> [u8; 32] {
        [u8::try_from(sequence + 1).unwrap(); 32]
    }

    fn frames(sequences: std::ops::Range<u64>) -> Vec<Verified> {
        let frame = |sequence: u64| Verified {
            sequence,
            previous_hash: sequence.checked_sub(1).map_or(GENESIS, hash),
            hash: hash(sequence),
            bytes: Vec::new(),
            time: Timestamp(0),
            decision: None,
        };
        sequences.map(frame).collect()
    }

    fn joined(last: Option<u64>, frames: &[Verified]) -> Result<usize, (u64, Cause)> {
        let end = last.map(|sequence| Link {
            sequence,
            hash: hash(sequence),
        });
        join(end.as_ref(), frames, |sequence| Ok(Some(hash(sequence)))).map_err(|error: Error| {
            let Error::ChainBroken {
                expected, cause, ..
            } = error
            else {
                panic!("{error}")
            };
            (expected, cause)
        })
    }

    #[test]
    fn frames_that_follow_are_taken_and_known_ones_are_skipped() {
        assert_eq!(joined(None, &frames(0..3)), Ok(0));
        assert_eq!(joined(Some(2), &frames(3..5)), Ok(0));
        assert_eq!(joined(Some(2), &frames(1..5)), Ok(2));
        assert_eq!(joined(Some(9), &frames(1..5)), Ok(4));
    }

    #[test]
    fn a_gap_names_the_sequence_that_is_expected() {
        assert_eq!(joined(None, &frames(1..3)), Err((0, Cause::Gap)));
        assert_eq!(joined(Some(2), &frames(4..5)), Err((3, Cause::Gap)));
    }

    #[test]
    fn another_past_is_a_fork() {
        let mut follows_another = frames(3..4);
        follows_another[0].previous_hash = [0xee; 32];
        assert_eq!(joined(Some(2), &follows_another), Err((3, Cause::Fork)));
        let mut differs = frames(1..3);
        differs[1].hash = [0xee; 32];
        assert_eq!(joined(Some(2), &differs), Err((3, Cause::Fork)));
        assert_eq!(joined(Some(9), &differs), Err((10, Cause::Fork)));
        let mut begins_elsewhere = frames(0..1);
        begins_elsewhere[0].previous_hash = [1; 32];
        assert_eq!(joined(None, &begins_elsewhere), Err((0, Cause::Fork)));
    }
}
