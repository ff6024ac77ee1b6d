//! The rules of the house, in one test binary.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get ends the test"
)]

mod docs;
mod files;
mod imports;

use std::path::PathBuf;

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
