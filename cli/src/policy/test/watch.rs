//! Runs the tests again whenever a file of the directory changes.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Test, files};
use crate::error::Error;
use crate::output::Format;

/// Between two looks at the directory.
const LOOK: Duration = Duration::from_millis(300);

/// What tells that a file has changed: its inode, size, and time of change in seconds and nanoseconds.
type State = Vec<(PathBuf, [u64; 2], [i64; 2])>;

/// Runs the tests now and after each change, until Ctrl-C. What fails is told, and ends nothing.
pub(super) async fn run(format: Format, test: &Test) -> Result<(), Error> {
    let mut stop = pin!(tokio::signal::ctrl_c());
    loop {
        // Before the run: what changes meanwhile is run again.
        let seen = state(&test.directory);
        let (done, result) = oneshot::channel();
        let own = test.clone();
        // A thread of its own, so that Ctrl-C ends a long run too.
        std::thread::spawn(move || done.send(super::once(format, &own)));
        let result = tokio::select! {
            _ = &mut stop => return Ok(()),
            result = result => result,
        };
        match result {
            Ok(Err(error @ Error::Output(_))) => return Err(error),
            Ok(Err(error)) => {
                error.report(format);
            }
            Ok(Ok(())) => {}
            Err(_) => return Err(Error::TestsFailed("the run did not end".to_owned())),
        }
        eprintln!("watching `{}`; Ctrl-C ends", test.directory.display());
        tokio::select! {
            _ = &mut stop => return Ok(()),
            () = change(&test.directory, seen) => {}
        }
    }
}

/// Waits until the files are others, and stay as they are for one look: editors write in several steps.
async fn change(directory: &Path, seen: State) {
    let mut last = seen.clone();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = state(directory);
        if now != seen && now == last {
            return;
        }
        last = now;
    }
}

/// Files that cannot be looked at are left out: the run says what is wrong with them.
fn state(directory: &Path) -> State {
    let paths = files::everything(&[directory.to_owned()]).unwrap_or_default();
    let look = |path: PathBuf| {
        let found = path.metadata().ok()?;
        let times = [found.ctime(), found.ctime_nsec()];
        Some((path, [found.ino(), found.size()], times))
    };
    paths.into_iter().filter_map(look).collect()
}
