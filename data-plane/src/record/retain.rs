//! What may be deleted: segments that are no longer written and that the ledger has.

use std::fs;
use std::sync::atomic::Ordering;

use super::Error;
use super::cursor::Position;
use super::handle::Shared;
use super::segment::{Segment, list, sync_dir};

/// Deletes the segments whose frames are all before `acknowledged`. One that the OTLP copy has not
/// read yet stays as long as the spool is at most half full.
pub(super) fn sweep(shared: &Shared, acknowledged: Position) -> Result<(), Error> {
    let segments = list(&shared.dir)?;
    let committed = *shared.committed.borrow();
    let copied = *shared.copied();
    let mut removed = false;
    for (at, segment) in segments.iter().enumerate() {
        // INVARIANT (end-is-known): the segment with the newest frame stays, because the next boot
        // names that frame.
        if (segment.order, segment.first) >= (committed.order, committed.first) {
            break;
        }
        let after = segments.get(at + 1);
        let behind = |place: Position| is_behind(segment, after, place);
        if !behind(acknowledged) {
            break;
        }
        if let Some(place) = copied.filter(|place| !behind(*place)) {
            if shared.used.load(Ordering::Relaxed) <= shared.max_bytes / 2 {
                break;
            }
            let records = uncopied(shared, segment, place)?;
            let skipped = shared.uncopied.fetch_add(records, Ordering::Relaxed) + records;
            tracing::warn!(records, skipped, "deleted before the OTLP copy had them");
        }
        let size = segment.size(&shared.dir)?;
        segment.remove(&shared.dir)?;
        shared.used.fetch_sub(size, Ordering::Relaxed);
        removed = true;
    }
    if removed {
        sync_dir(&shared.dir).map_err(Error::storage(&shared.dir))?;
    }
    Ok(())
}

/// Puts the rest of a boot aside, from the segment that holds a sequence on.
pub(super) fn set_aside(shared: &Shared, from: Position, ending: &str) -> Result<(), Error> {
    let segments = list(&shared.dir)?;
    let boot = segments
        .iter()
        .filter(|segment| segment.order == from.order);
    let boot: Vec<_> = boot.collect();
    let holding = boot.partition_point(|segment| segment.first <= from.next);
    for segment in boot.into_iter().skip(holding.saturating_sub(1)) {
        let size = segment.size(&shared.dir)?;
        segment.set_aside(&shared.dir, ending)?;
        shared.used.fetch_sub(size, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether all frames of a segment are before a place.
fn is_behind(segment: &Segment, after: Option<&Segment>, place: Position) -> bool {
    let next = after.filter(|after| after.order == segment.order);
    place.order > segment.order
        || next.is_some_and(|next| place.order == next.order && place.next >= next.first)
}

/// How many records of a segment are not before a place.
fn uncopied(shared: &Shared, segment: &Segment, place: Position) -> Result<u64, Error> {
    let path = segment.path(&shared.dir);
    let bytes = fs::read(&path).map_err(Error::storage(&path))?;
    let (mut rest, mut sequence, mut count) = (bytes.as_slice(), segment.first, 0);
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some(next) = after.get(length..) else {
            break;
        };
        let position = Position {
            order: segment.order,
            next: sequence,
        };
        count += u64::from(position >= place);
        (rest, sequence) = (next, sequence + 1);
    }
    Ok(count)
}
