//! Rules that name tools by glob, found by the first or the last segment of a name where the glob
//! spells it out.

use std::sync::Arc;

use super::super::policy::CompiledPolicy;
use super::super::sharded::Sharded;
use super::BySubject;
use crate::glob::Glob;

type Bucket = Vec<(Glob, BySubject)>;

/// Globs in buckets: a name has to try those of three.
#[derive(Debug, Clone, Default)]
pub(super) struct Globs {
    /// Such as `payments.*`, by `payments`.
    by_first: Sharded<Bucket>,
    /// Such as `**.export`, by `export`.
    by_last: Sharded<Bucket>,
    /// The rest, such as `**` and `*_email`.
    loose: Arc<Bucket>,
}

const SEPARATORS: [char; 2] = ['.', '/'];

fn first(name: &str) -> &str {
    name.split(SEPARATORS).next().unwrap_or(name)
}

fn last(name: &str) -> &str {
    name.rsplit(SEPARATORS).next().unwrap_or(name)
}

impl Globs {
    fn bucket(&mut self, glob: &Glob) -> &mut Bucket {
        if glob.prefix().contains(SEPARATORS) {
            self.by_first.entry(&first(glob.prefix()).into())
        } else if glob.suffix().contains(SEPARATORS) {
            self.by_last.entry(&last(glob.suffix()).into())
        } else {
            Arc::make_mut(&mut self.loose)
        }
    }

    /// The rules of a glob, to be changed.
    pub(super) fn entry(&mut self, glob: &Glob) -> &mut BySubject {
        let bucket = self.bucket(glob);
        let at = match bucket.binary_search_by(|(known, _)| known.cmp(glob)) {
            Ok(at) => at,
            Err(at) => {
                bucket.insert(at, (glob.clone(), BySubject::default()));
                at
            }
        };
        &mut bucket[at].1
    }

    pub(super) fn remove(&mut self, glob: &Glob, policy: &Arc<CompiledPolicy>) {
        let bucket = self.bucket(glob);
        if let Ok(at) = bucket.binary_search_by(|(known, _)| known.cmp(glob)) {
            bucket[at].1.remove(policy);
            if bucket[at].1.is_empty() {
                bucket.remove(at);
            }
        }
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut BySubject> {
        let buckets = self.by_first.values_mut().chain(self.by_last.values_mut());
        buckets
            .chain(std::iter::once(Arc::make_mut(&mut self.loose)))
            .flat_map(|bucket| bucket.iter_mut().map(|(_, rules)| rules))
    }

    /// How many globs a name has to try.
    pub(super) fn tried(&self, tool: &str) -> usize {
        let buckets = [
            self.by_first.get(first(tool)),
            self.by_last.get(last(tool)),
            Some(&*self.loose),
        ];
        buckets.into_iter().flatten().map(Vec::len).sum()
    }

    pub(super) fn for_each<'a>(&'a self, tool: &str, visit: impl FnMut(&'a BySubject)) {
        let buckets = [
            self.by_first.get(first(tool)),
            self.by_last.get(last(tool)),
            Some(&*self.loose),
        ];
        let globs = buckets.into_iter().flatten().flatten();
        globs
            .filter(|(glob, _)| glob.matches(tool))
            .map(|(_, rules)| rules)
            .for_each(visit);
    }
}
