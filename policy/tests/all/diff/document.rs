//! What `docs/reviewing-changes.md` shows is what the matrix and the diff say. `VETO_WRITE_DOCS=1` writes it.

use veto_policy::diff::{Side, semantic};
use veto_policy::matrix::{Wanted, matrix};
use veto_policy::{Source, compile};

const DOCUMENT: &str = include_str!("../../../../docs/reviewing-changes.md");

/// The text of a block: where it starts and ends in the document.
fn block(after: &str, kind: &str) -> (usize, usize) {
    let from = DOCUMENT.find(after).unwrap_or_else(|| panic!("{after}"));
    let fence = format!("```{kind}\n");
    let start = from + DOCUMENT[from..].find(&fence).unwrap() + fence.len();
    (start, start + DOCUMENT[start..].find("```").unwrap())
}

#[test]
fn the_document_shows_what_the_commands_say() {
    let text = |(start, end): (usize, usize)| &DOCUMENT[start..end];
    let old = text(block("## The policies", "yaml")).to_owned();
    let mut new = old.clone();
    let mut gone = "";
    for line in text(block("## What a change changes", "diff")).lines() {
        if let Some(line) = line.strip_prefix('-') {
            gone = line;
        } else if let Some(line) = line.strip_prefix('+') {
            assert_eq!(new.matches(gone).count(), 1, "{gone}");
            new = new.replace(gone, line);
        }
    }
    let file = |text: &str| {
        [Source {
            path: "refunds.yaml".to_owned(),
            text: text.to_owned(),
        }]
    };
    let (old, new) = (file(&old), file(&new));
    let [before, after] = [&old, &new].map(|files| compile(files).unwrap().set);
    let shown = matrix(&before, &old, &Wanted::default()).unwrap().to_text();
    let side = |set, sources| Side { set, sources };
    let changes = semantic(side(&before, &old), side(&after, &new), &Wanted::default()).unwrap();
    let parts = [
        (block("$ veto policy matrix", "text"), shown),
        (block("$ veto policy diff", "text"), changes.to_text()),
    ];
    if std::env::var_os("VETO_WRITE_DOCS").is_some() {
        let mut written = DOCUMENT.to_owned();
        for ((start, end), wanted) in parts.iter().rev() {
            written.replace_range(start..end, wanted);
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reviewing-changes.md");
        std::fs::write(path, written).unwrap();
        return;
    }
    for (place, wanted) in parts {
        assert_eq!(text(place), wanted);
    }
}
