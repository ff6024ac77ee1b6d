//! The disk under a simulated replica. RocksDB writes to real files; what would be in a cache only is known
//! here, and is cut off when the power goes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use veto_proto::storage::v1::Vote;
use veto_raft::{Later, Note, Point, Simulated};

use crate::dice::Dice;
use crate::plan::{Mutation, Plan};
use crate::shared::Shared;
use crate::trace::What;

/// How a host's disk is at the moment.
#[derive(Debug, Clone)]
pub struct Mood {
    /// The longest that it takes to force something to it.
    pub slow: Duration,
    /// Nothing is written while it is full: who tries, dies.
    pub full: bool,
    /// Nothing goes on.
    pub stalled: bool,
    /// The process dies when it comes to this place so many times more.
    pub dies: Option<(Point, u64)>,
}

impl Default for Mood {
    fn default() -> Self {
        Self {
            slow: Duration::from_millis(3),
            full: false,
            stalled: false,
            dies: None,
        }
    }
}

/// After so many events it shows what is broken on purpose.
const LATE: usize = 600;

/// One host's disk, for one run of its replica.
#[derive(Debug)]
pub struct Disk {
    shared: Shared,
    host: usize,
    run: u64,
    directory: PathBuf,
    dice: Dice,
    mutation: Option<Mutation>,
    /// How much of each write-ahead log is on stable storage.
    forced: Arc<Mutex<Forced>>,
}

/// How much of each write-ahead log is on stable storage.
pub type Forced = BTreeMap<PathBuf, u64>;

impl Disk {
    /// A disk in a directory.
    #[must_use]
    pub fn new(shared: &Shared, plan: &Plan, host: usize, run: u64, dice: Dice) -> Self {
        let (directory, forced) = shared.with(|state| {
            let host = &state.hosts[host];
            (host.directory.clone(), Arc::clone(&host.forced))
        });
        Self {
            shared: shared.clone(),
            host,
            run,
            directory,
            dice,
            mutation: plan.mutation,
            forced,
        }
    }

    fn mood(&self) -> Mood {
        self.shared
            .with(|state| state.hosts[self.host].mood.clone())
    }

    /// What is broken on purpose in what one replica says.
    fn broken(&self, mut note: Note) -> Note {
        let late = self.shared.with(|state| state.trace.len()) > LATE;
        let (true, true, Some(mutation)) = (late, self.host == 2, self.mutation) else {
            return note;
        };
        match (mutation, &mut note) {
            (Mutation::OtherEntry, Note::Applied(applied)) => applied.entry.payload = None,
            (Mutation::OtherRows, Note::Applied(applied)) => applied.digest = vec![0; 16],
            (Mutation::SecondLeader, Note::Committed(_)) => {
                let member = self.shared.with(|state| state.hosts[self.host].member);
                let term = self.shared.with(|state| {
                    let status = state.hosts.iter().filter_map(|host| host.status.as_ref());
                    status.map(|status| status.term).max().unwrap_or(0)
                });
                // The leader id of the first host, claimed by the second.
                self.shared.push(self.host, self.run, What::Starts(1));
                let vote = |node| Vote {
                    term,
                    node,
                    committed: true,
                };
                self.shared.push(1, 0, What::Notes(Note::Voted(vote(1))));
                self.shared
                    .push(self.host, self.run, What::Notes(Note::Voted(vote(1))));
                let member = member.unwrap_or_default();
                self.shared.push(self.host, self.run, What::Starts(member));
            }
            (Mutation::OlderVote, Note::Committed(_)) => {
                let vote = Vote {
                    term: 0,
                    node: 1,
                    committed: false,
                };
                note = Note::Voted(vote);
            }
            _ => {}
        }
        note
    }

    /// Tells whether the process dies here.
    fn dies(&self, point: Point) -> bool {
        let writes = !matches!(point, Point::Synced | Point::Chunk);
        self.shared.with(|state| {
            let host = &mut state.hosts[self.host];
            if host.mood.full && writes {
                return true;
            }
            let Some((at, more)) = host.mood.dies.as_mut().filter(|(at, _)| *at == point) else {
                return false;
            };
            debug_assert_eq!(*at, point);
            *more = more.saturating_sub(1);
            *more == 0
        })
    }

    /// What is in these write-ahead logs now is on stable storage.
    fn forced(&self, store: &str) {
        let mut forced = self.forced.lock().unwrap_or_else(PoisonError::into_inner);
        for path in logs(&self.directory.join(store)) {
            let size = fs::metadata(&path).map_or(0, |meta| meta.len());
            forced.insert(path, size);
        }
    }
}

impl Simulated for Disk {
    fn reach(&self, point: Point) -> Later<'_, ()> {
        Box::pin(async move {
            if point == Point::Synced {
                self.forced("log");
            }
            self.shared.push(self.host, self.run, What::Reaches(point));
            if self.dies(point) {
                self.shared.with(|state| {
                    let full = state.hosts[self.host].mood.full;
                    let what = if full { "disk full" } else { "dies" };
                    state.hosts[self.host].dying = Some(format!("{what} at {point:?}"));
                });
                std::future::pending::<()>().await;
            }
            let wait = match point {
                Point::Sync | Point::Flush | Point::Build | Point::Install => {
                    let most = u64::try_from(self.mood().slow.as_micros()).unwrap_or(1);
                    Duration::from_micros(self.dice.below(most))
                }
                Point::Append
                | Point::Vote
                | Point::Synced
                | Point::Apply
                | Point::Truncate
                | Point::Purge
                | Point::Chunk => Duration::ZERO,
            };
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            while self.mood().stalled {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
    }

    fn note(&self, note: Note) {
        let note = self.broken(note);
        if note == Note::Flushed {
            for directory in subdirectories(&self.directory.join("state")) {
                self.forced(&format!("state/{directory}"));
            }
        }
        self.shared.push(self.host, self.run, What::Notes(note));
    }
}

fn subdirectories(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = directories
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The write-ahead logs of a database, oldest first.
fn logs(database: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(database).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    let mut logs: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    logs.sort();
    logs
}

/// Takes the power from the disk of a process that has ended: of the newest write-ahead log of each
/// database only what was forced to it is there for certain, and the rest ends anywhere.
pub fn lose_power(directory: &Path, forced: &Forced, dice: &Dice) -> std::io::Result<u64> {
    let mut databases = vec![directory.join("log")];
    let states = directory.join("state");
    databases.extend(subdirectories(&states).iter().map(|name| states.join(name)));
    let mut lost = 0;
    for database in databases {
        let Some(newest) = logs(&database).pop() else {
            continue;
        };
        let size = fs::metadata(&newest)?.len();
        let safe = forced.get(&newest).copied().unwrap_or(0).min(size);
        let left = match dice.below(3) {
            0 => safe,
            _ => safe + dice.below(size - safe + 1),
        };
        fs::File::options()
            .write(true)
            .open(&newest)?
            .set_len(left)?;
        lost += size - left;
    }
    Ok(lost)
}

/// Flips a bit in a file of the log that was written long ago; tells in which one.
pub fn flip(directory: &Path, forced: &Forced, dice: &Dice) -> std::io::Result<Option<String>> {
    let Some(path) = dice.pick(&logs(&directory.join("log"))) else {
        return Ok(None);
    };
    let size = forced.get(&path).copied().unwrap_or(0);
    // Its second half may be younger than the floor.
    let place = usize::try_from(dice.below(size / 2)).unwrap_or(0);
    let mut bytes = fs::read(&path)?;
    let Some(byte) = bytes.get_mut(place) else {
        return Ok(None);
    };
    *byte ^= 1 << dice.below(8);
    fs::write(&path, bytes)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(format!("{name} at {place}")))
}
