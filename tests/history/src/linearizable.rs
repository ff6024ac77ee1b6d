//! Whether an order of the operations exists that keeps real time and explains every answer (Herlihy and
//! Wing 1990). The search is that of Wing and Gong (1993) with the memory of Lowe (2017), a key at a
//! time, since a history is linearizable when each of its keys is.
//!
//! Values are unique, so much needs no search: a read of the present value is placed at once, and a write of
//! unknown outcome is placed right before the first that saw it, or nowhere.

mod search;

use std::collections::BTreeMap;

use crate::{Kind, Operation, Outcome, Violation};
use search::Search;

/// So many operations are named when no order is found.
const NAMED: usize = 6;

/// Looks for an order of each key; the number of keys.
///
/// # Errors
/// [`Violation::NotLinearizable`] for the first key that has none.
pub fn check(history: &[Operation]) -> Result<usize, Violation> {
    let mut keys: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in history {
        keys.entry(&operation.key).or_default().push(operation);
    }
    let count = keys.len();
    for (key, operations) in keys {
        one(&operations).map_err(|left| {
            let left: Vec<_> = left.iter().take(NAMED).map(ToString::to_string).collect();
            Violation::NotLinearizable {
                key: key.to_owned(),
                left: left.join("; "),
            }
        })?;
    }
    Ok(count)
}

/// Looks for an order of the operations of one key; what fits nowhere.
fn one<'a>(operations: &[&'a Operation]) -> Result<(), Vec<&'a Operation>> {
    let answered = |o: &&&Operation| o.outcome == Outcome::Ok;
    let unknown = |o: &&&Operation| o.outcome == Outcome::Info && o.kind != Kind::Read;
    let definite = operations.iter().filter(answered).copied().collect();
    let unknown = operations.iter().filter(unknown).copied().collect();
    Search::new(definite, unknown).run()
}
