//! How long a file may be, and what must not stand in the repository.

use std::path::Path;

/// Above this a file holds two things, or says here why not.
const MOST_LINES: usize = 400;
const LONG_WITH_REASON: &[(&str, &str)] = &[];
/// The median that shows that files hold one thing each.
const MEDIAN_LINES: usize = 200;

/// Calls `visit` with each Rust file below the folder.
pub(crate) fn rust_files(folder: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            rust_files(&path, visit);
        } else if path.extension().is_some_and(|e| e == "rs") {
            visit(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn files_are_short_enough_to_be_read() {
    let mut lengths = Vec::new();
    let mut too_long = Vec::new();
    rust_files(&crate::root(), &mut |path, text| {
        let lines = text.lines().count();
        let shown = path
            .strip_prefix(crate::root())
            .unwrap()
            .display()
            .to_string();
        lengths.push(lines);
        if lines > MOST_LINES && !LONG_WITH_REASON.iter().any(|(name, _)| *name == shown) {
            too_long.push(format!("{shown}: {lines}"));
        }
    });
    lengths.sort_unstable();
    assert!(
        too_long.is_empty(),
        "longer than {MOST_LINES} lines: {too_long:#?}"
    );
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN_LINES, "the median file has {median} lines");
}

#[test]
fn errors_are_expected_with_a_reason_and_never_skipped_in_silence() {
    rust_files(&crate::root(), &mut |path, text| {
        if path.ends_with("house/files.rs") {
            return;
        }
        for (number, line) in text.lines().enumerate() {
            let at = format!("{}:{}", path.display(), number + 1);
            assert!(!line.contains("#[ignore"), "{at}: a test that never runs");
            assert!(
                !line.contains("todo!(") && !line.contains("unimplemented!("),
                "{at}: unfinished"
            );
        }
    });
}
