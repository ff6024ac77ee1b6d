//! What revisions and times alone show. Cheap and complete for what it looks at, so that it runs over every
//! history, however long: phantoms, one revision for two writes, revisions against real time, reads of the
//! future, and lost or stale values (which covers monotonic reads and reading one's own writes).

use std::collections::HashMap;

use crate::{Kind, Operation, Outcome, Violation};

/// Looks at a whole history.
///
/// # Errors
/// The first [`Violation`] that shows.
pub fn check(history: &[Operation]) -> Result<(), Violation> {
    let writes = writes(history)?;
    revisions(history)?;
    let mut keys: HashMap<&str, Vec<&Operation>> = HashMap::new();
    for operation in history {
        if operation.kind == Kind::Read && operation.outcome == Outcome::Ok {
            seen(operation, &writes)?;
        }
        if operation.outcome == Outcome::Ok {
            keys.entry(&operation.key).or_default().push(operation);
        }
    }
    keys.into_values().try_for_each(|key| fresh(key, &writes))
}

type Writes<'a> = HashMap<(&'a str, &'a str), &'a Operation>;

/// Every write by key and value.
fn writes(history: &[Operation]) -> Result<Writes<'_>, Violation> {
    let mut writes = HashMap::new();
    for operation in history.iter().filter(|o| o.kind != Kind::Read) {
        let Some(value) = &operation.value else {
            continue;
        };
        if let Some(other) = writes.insert((operation.key.as_str(), value.as_str()), operation) {
            // A compare-and-set that was refused wrote nothing; its value may be another's.
            match (other.outcome, operation.outcome) {
                (_, Outcome::Fail) => {
                    writes.insert((operation.key.as_str(), value.as_str()), other);
                }
                (Outcome::Fail, _) => {}
                _ => {
                    return Err(Violation::SameValue(
                        other.clone().into(),
                        operation.clone().into(),
                    ));
                }
            }
        }
    }
    Ok(writes)
}

/// Acknowledged writes have each a revision of their own, and real time holds between them.
fn revisions(history: &[Operation]) -> Result<(), Violation> {
    let acknowledged = |o: &&Operation| o.sets() && o.outcome == Outcome::Ok;
    let mut begun: Vec<(u64, &Operation)> = history
        .iter()
        .filter(acknowledged)
        .filter_map(|o| Some((o.revision?, o)))
        .collect();
    let mut by_revision = HashMap::new();
    for (revision, operation) in &begun {
        if let Some(other) = by_revision.insert(*revision, *operation) {
            return Err(Violation::SameRevision(
                other.clone().into(),
                (*operation).clone().into(),
            ));
        }
    }
    begun.sort_unstable_by_key(|(_, o)| o.invoke);
    let mut over = begun.clone();
    over.sort_unstable_by_key(|(_, o)| o.end());
    let mut over = over.into_iter().peekable();
    let mut newest: Option<(u64, &Operation)> = None;
    for (revision, later) in begun {
        while let Some(earlier) = over.next_if(|(_, o)| o.end() < later.invoke) {
            newest = newest.max_by_revision(earlier);
        }
        if let Some((known, earlier)) = newest
            && known > revision
        {
            return Err(Violation::RevisionsBackwards {
                earlier: earlier.clone().into(),
                later: later.clone().into(),
            });
        }
    }
    Ok(())
}

/// A read saw what somebody asked to be written, and had begun to ask for.
fn seen(read: &Operation, writes: &Writes<'_>) -> Result<(), Violation> {
    let Some(value) = &read.value else {
        return Ok(());
    };
    let Some(write) = writes.get(&(read.key.as_str(), value.as_str())) else {
        return Err(Violation::Phantom(read.clone().into()));
    };
    let both = || (Box::new(read.clone()), Box::new((*write).clone()));
    if write.outcome == Outcome::Fail {
        let (read, write) = both();
        return Err(Violation::Refused(read, write));
    }
    if write.invoke > read.end() {
        let (read, write) = both();
        return Err(Violation::Future(read, write));
    }
    Ok(())
}

/// A read is at least as new as all that was over before it began. Of one key, what was answered.
fn fresh(mut key: Vec<&Operation>, writes: &Writes<'_>) -> Result<(), Violation> {
    // What an operation shows of the newest revision; 0 for a key without a value.
    let revision = |o: &Operation| match (&o.kind, &o.value) {
        (Kind::Read, None) => Some(0),
        (Kind::Read, Some(value)) => writes.get(&(o.key.as_str(), value.as_str()))?.revision,
        (Kind::Write | Kind::Cas, _) => o.revision,
    };
    let mut over = key.clone();
    over.sort_unstable_by_key(|o| o.end());
    let mut over = over.into_iter().peekable();
    key.sort_unstable_by_key(|o| o.invoke);
    let mut newest: Option<(u64, &Operation)> = None;
    for operation in key {
        while let Some(earlier) = over.next_if(|o| o.end() < operation.invoke) {
            if let Some(revision) = revision(earlier) {
                newest = newest.max_by_revision((revision, earlier));
            }
        }
        let Some(((known, earlier), own)) = newest.zip(revision(operation)) else {
            continue;
        };
        if operation.kind == Kind::Read && own < known {
            return Err(Violation::Stale {
                read: operation.clone().into(),
                known: earlier.clone().into(),
            });
        }
    }
    Ok(())
}

trait Newest<'a> {
    fn max_by_revision(self, other: (u64, &'a Operation)) -> Self;
}

impl<'a> Newest<'a> for Option<(u64, &'a Operation)> {
    fn max_by_revision(self, other: (u64, &'a Operation)) -> Self {
        match self {
            Some(known) if known.0 >= other.0 => Some(known),
            _ => Some(other),
        }
    }
}
