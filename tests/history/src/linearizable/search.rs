//! The search for an order of one key's operations.

use std::collections::HashSet;

use crate::{Kind, Operation};

/// What is placed so far, and the value that follows from it. Operations stand by the time of asking, and
/// what is placed is a prefix of them and a few more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Placed<'a> {
    /// All before this one.
    prefix: usize,
    /// And these, sorted.
    more: Vec<usize>,
    /// Writes of unknown outcome that took effect, sorted.
    unknown: Vec<usize>,
    /// The value.
    value: Option<&'a str>,
}

pub(super) struct Search<'a> {
    /// What was answered, by the time of asking.
    answered: Vec<&'a Operation>,
    /// Writes of unknown outcome.
    unknown: Vec<&'a Operation>,
}

impl<'a> Search<'a> {
    pub(super) fn new(mut answered: Vec<&'a Operation>, unknown: Vec<&'a Operation>) -> Self {
        answered.sort_by_key(|o| o.invoke);
        Self { answered, unknown }
    }

    /// Looks for an order; what was left where the longest one ended.
    pub(super) fn run(&self) -> Result<(), Vec<&'a Operation>> {
        let begin = Placed {
            prefix: 0,
            more: Vec::new(),
            unknown: Vec::new(),
            value: None,
        };
        let mut known = HashSet::new();
        let mut furthest = begin.clone();
        let mut open = vec![begin];
        while let Some(placed) = open.pop() {
            let placed = self.with_reads(placed);
            if placed.count() == self.answered.len() {
                return Ok(());
            }
            if placed.count() >= furthest.count() {
                furthest = placed.clone();
            }
            for next in self.next(&placed) {
                if known.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        Err(self.left(&furthest))
    }

    /// What is not placed, by the time of asking.
    fn left(&self, placed: &Placed<'a>) -> Vec<&'a Operation> {
        let rest = self.answered.iter().enumerate().skip(placed.prefix);
        rest.filter(|(at, _)| placed.more.binary_search(at).is_err())
            .map(|(_, operation)| *operation)
            .collect()
    }

    /// What may come next: nothing that is left was over before it was asked for. Also that end.
    fn candidates(&self, placed: &Placed<'a>) -> (Vec<usize>, u64) {
        let mut found = Vec::new();
        let mut end = u64::MAX;
        for (at, operation) in self.answered.iter().enumerate().skip(placed.prefix) {
            if operation.invoke > end {
                break;
            }
            if placed.more.binary_search(&at).is_err() {
                end = end.min(operation.end());
                found.push(at);
            }
        }
        found.retain(|at| self.answered[*at].invoke <= end);
        (found, end)
    }

    /// Places every read of the present value: it changes nothing, so it is never wrong to do so now.
    fn with_reads(&self, mut placed: Placed<'a>) -> Placed<'a> {
        loop {
            let (candidates, _) = self.candidates(&placed);
            let read = candidates.into_iter().find(|at| {
                let operation = self.answered[*at];
                operation.kind == Kind::Read && operation.value.as_deref() == placed.value
            });
            match read {
                Some(at) => placed.place(at),
                None => return placed,
            }
        }
    }

    fn next(&self, placed: &Placed<'a>) -> Vec<Placed<'a>> {
        let (candidates, end) = self.candidates(placed);
        let mut found = Vec::new();
        for at in candidates {
            let operation = self.answered[at];
            let needs = match operation.kind {
                Kind::Write => None,
                Kind::Read => Some(operation.value.as_deref()),
                Kind::Cas => Some(operation.expected.as_deref()),
            };
            let before = match needs {
                Some(needed) if needed != placed.value => self.unknown(placed, needed, end),
                Some(_) | None => Some(placed.clone()),
            };
            let Some(mut next) = before else { continue };
            if operation.kind != Kind::Read {
                next.value = operation.value.as_deref();
            }
            next.place(at);
            found.push(next);
        }
        found
    }

    /// Lets writes of unknown outcome take effect until the value is the needed one.
    fn unknown(&self, placed: &Placed<'a>, needed: Option<&str>, end: u64) -> Option<Placed<'a>> {
        let mut chain = Vec::new();
        let mut needed = needed?;
        loop {
            let mut writes = self.unknown.iter().enumerate();
            let (at, write) = writes.find(|(at, write)| {
                write.value.as_deref() == Some(needed)
                    && write.invoke <= end
                    && placed.unknown.binary_search(at).is_err()
                    && !chain.contains(at)
            })?;
            chain.push(at);
            if write.kind == Kind::Write || write.expected.as_deref() == placed.value {
                break;
            }
            needed = write.expected.as_deref()?;
        }
        let mut next = placed.clone();
        next.value = self.unknown[chain[0]].value.as_deref();
        next.unknown.extend(chain);
        next.unknown.sort_unstable();
        Some(next)
    }
}

impl Placed<'_> {
    const fn count(&self) -> usize {
        self.prefix + self.more.len()
    }

    fn place(&mut self, at: usize) {
        let place = self.more.binary_search(&at).unwrap_or_else(|place| place);
        self.more.insert(place, at);
        let done = (self.prefix..).zip(&self.more);
        let done = done.take_while(|(wanted, at)| wanted == *at).count();
        self.more.drain(..done);
        self.prefix += done;
    }
}
