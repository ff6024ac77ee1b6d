//! What differs between the texts of two policy sets.

use std::collections::BTreeMap;

use serde::Serialize;
use similar::TextDiff;
use veto_policy::Source;

/// A file that differs.
#[derive(Debug, Serialize)]
pub(super) struct Changed {
    path: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    /// As patches are written.
    pub(super) diff: String,
}

/// The files that differ, by path.
pub(super) fn compare(old: &[Source], new: &[Source]) -> Vec<Changed> {
    let by_path = |sources: &[Source]| -> BTreeMap<String, String> {
        let pair = |source: &Source| (source.path.clone(), source.text.clone());
        sources.iter().map(pair).collect()
    };
    let (old, new) = (by_path(old), by_path(new));
    let mut paths: Vec<_> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let file = |path: &String| {
        let (change, before, after) = match (old.get(path), new.get(path)) {
            (Some(before), Some(after)) => ("changed", &**before, &**after),
            (Some(before), None) => ("removed", &**before, ""),
            (None, after) => ("added", "", after.map_or("", |text| text)),
        };
        let named = |side: &str, is_there: bool| {
            let name = format!("{side}/{path}");
            if is_there {
                name
            } else {
                "/dev/null".to_owned()
            }
        };
        let from = named("old", change != "added");
        let to = named("new", change != "removed");
        let diff = TextDiff::from_lines(before, after);
        let same = change == "changed" && before == after;
        (!same).then(|| Changed {
            path: path.clone(),
            change,
            diff: diff.unified_diff().header(&from, &to).to_string(),
        })
    };
    paths.into_iter().filter_map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_came_went_and_changed_are_told_apart() {
        let source = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let old = [source("a", "1\n"), source("b", "1\n"), source("d", "1\n")];
        let new = [source("b", "2\n"), source("c", "1\n"), source("d", "1\n")];
        let found = compare(&old, &new);
        let told: Vec<_> = found
            .iter()
            .map(|f| (&*f.path, f.change, &*f.diff))
            .collect();
        assert_eq!(
            told,
            [
                (
                    "a",
                    "removed",
                    "--- old/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n"
                ),
                (
                    "b",
                    "changed",
                    "--- old/b\n+++ new/b\n@@ -1 +1 @@\n-1\n+2\n"
                ),
                (
                    "c",
                    "added",
                    "--- /dev/null\n+++ new/c\n@@ -0,0 +1 @@\n+1\n"
                ),
            ]
        );
    }
}
