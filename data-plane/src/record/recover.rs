//! What the boots before this one left behind. A torn tail was never acknowledged and is cut off.
//! Damage before a valid frame is a loss: it is put aside, named in a gap record, never skipped.

use std::fs;
use std::path::Path;

use veto_core::BootId;
use veto_trail::{Chain, Frame, Gap, Link};

use super::Error;
use super::cursor::{COPIED, Cursor, SHIPPED};
use super::segment::{Segment, list, sync_dir};

/// The longest name of a node that is looked for in damaged bytes.
const LONGEST_NODE: usize = 63;
/// Length, CRC and format stand before the length of the node's name.
const BEFORE_NODE: usize = 9;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    /// The highest place that a boot has had.
    pub(super) order: u64,
    /// The end of the newest boot that left a frame.
    pub(super) previous: Option<(BootId, u64, [u8; 32])>,
    /// What the next boot must declare.
    pub(super) gaps: Vec<Gap>,
    /// What is put aside once it is declared: a crash in between must not hide the loss.
    repairs: Vec<Repair>,
}

impl Recovered {
    /// Puts the damage aside, after the gap records are on stable storage.
    pub(super) fn repair(&self, dir: &Path) -> Result<(), Error> {
        self.repairs.iter().try_for_each(|repair| repair.run(dir))
    }
}

impl Recovered {
    /// Cuts a torn tail, or notes a loss.
    fn judge(
        &mut self,
        dir: &Path,
        segments: &[Segment],
        end: Option<Link>,
        damage: &Damage,
    ) -> Result<(), Error> {
        let from = segments.get(damage.segment..).unwrap_or_default();
        let Some((segment, later)) = from.split_first() else {
            return Ok(());
        };
        let (path, length) = (segment.path(dir), damage.offset as u64);
        let problem = damage.problem.as_str();
        if damage.torn {
            tracing::warn!(path = %path.display(), length, problem, "a torn tail is cut off");
            segment.truncate(dir, length)?;
            return later.iter().try_for_each(|later| later.truncate(dir, 0));
        }
        let first_sequence = end.map_or(segment.first, |end| end.sequence + 1);
        tracing::error!(path = %path.display(), first_sequence, problem, "records are unreadable");
        self.gaps.push(Gap {
            boot: segment.boot(),
            first_sequence,
            reason: format!("unreadable from byte {length}: {problem}"),
        });
        self.repairs.push(Repair {
            segment: segment.clone(),
            length,
            later: later.to_vec(),
        });
        Ok(())
    }
}

#[derive(Debug)]
struct Repair {
    segment: Segment,
    length: u64,
    later: Vec<Segment>,
}

impl Repair {
    fn run(&self, dir: &Path) -> Result<(), Error> {
        for later in &self.later {
            later.set_aside(dir, "corrupt")?;
        }
        if self.length == 0 {
            return self.segment.set_aside(dir, "corrupt");
        }
        self.segment.copy_aside(dir, "corrupt")?;
        self.segment.truncate(dir, self.length)
    }
}

/// Checks the newest boot on disk, and older ones as long as none has a frame; older boots were
/// checked when their successors began.
pub(super) fn recover(dir: &Path) -> Result<Recovered, Error> {
    let segments = list(dir)?;
    let mut found = Recovered::default();
    // A cursor may name a boot whose segments are gone: its place is not given out again.
    for name in [SHIPPED, COPIED] {
        let position = Cursor::new(dir, name).load()?;
        found.order = found.order.max(position.order);
    }
    found.order = segments
        .last()
        .map_or(found.order, |last| found.order.max(last.order));
    for boot in segments.chunk_by(|a, b| a.order == b.order).rev() {
        let scan = scan(dir, boot)?;
        if let Some(damage) = &scan.damage {
            found.judge(dir, boot, scan.end, damage)?;
        }
        if let (Some(end), Some(segment)) = (scan.end, boot.first()) {
            found.previous = Some((segment.boot(), end.sequence, end.hash));
            break;
        }
    }
    for segment in list(dir)? {
        if segment.size(dir)? == 0 {
            segment.remove(dir)?;
        }
    }
    sync_dir(dir).map_err(Error::storage(dir))?;
    Ok(found)
}

#[derive(Debug)]
struct Scan {
    end: Option<Link>,
    damage: Option<Damage>,
}

#[derive(Debug)]
struct Damage {
    /// Which segment of the boot.
    segment: usize,
    /// The end of the last good frame in it.
    offset: usize,
    problem: String,
    /// Nothing valid follows.
    torn: bool,
}

fn scan(dir: &Path, segments: &[Segment]) -> Result<Scan, Error> {
    let mut chain: Option<Chain> = None;
    let mut damage: Option<Damage> = None;
    for (index, segment) in segments.iter().enumerate() {
        let path = segment.path(dir);
        let bytes = fs::read(&path).map_err(Error::storage(&path))?;
        if let Some(damage) = &mut damage {
            damage.torn = damage.torn && !holds_frame(&bytes, segment.boot());
            continue;
        }
        let mut offset = 0;
        while offset < bytes.len() {
            let rest = bytes.get(offset..).unwrap_or_default();
            match step(rest, segment, &mut chain) {
                Ok(size) => offset += size,
                Err(error) => {
                    damage = Some(Damage {
                        segment: index,
                        offset,
                        problem: error.to_string(),
                        torn: !holds_frame(rest, segment.boot()),
                    });
                    break;
                }
            }
        }
    }
    let end = chain.and_then(|chain| chain.end());
    Ok(Scan { end, damage })
}

fn step(
    bytes: &[u8],
    segment: &Segment,
    chain: &mut Option<Chain>,
) -> Result<usize, veto_trail::chain::Error> {
    let (frame, hash, size) = Frame::decode(bytes)?;
    let mut follow = chain.clone().unwrap_or_else(|| begin(&frame, segment));
    follow.accept(&frame, hash)?;
    *chain = Some(follow);
    Ok(size)
}

/// The first segment that is left may begin in the middle of its boot.
fn begin(frame: &Frame, segment: &Segment) -> Chain {
    let before = segment.first.checked_sub(1).map(|sequence| Link {
        sequence,
        hash: frame.previous,
    });
    Chain::new(frame.node.clone(), segment.boot(), before)
}

/// Whether a whole frame of the boot stands anywhere in the bytes.
fn holds_frame(bytes: &[u8], boot: BootId) -> bool {
    let places = bytes.windows(boot.0.len()).enumerate();
    let mut places = places.filter(|(_, window)| *window == boot.0.as_slice());
    places.any(|(at, _)| {
        (1..=LONGEST_NODE.min(at)).any(|length| {
            let start = at.checked_sub(length + 1 + BEFORE_NODE);
            let named = at
                .checked_sub(length + 1)
                .and_then(|place| bytes.get(place));
            named.is_some_and(|byte| usize::from(*byte) == length)
                && start
                    .and_then(|start| bytes.get(start..))
                    .is_some_and(|rest| Frame::decode(rest).is_ok())
        })
    })
}
