//! How a RocksDB is opened here, and what a failed write means.

use std::ops::Deref;
use std::path::Path;

use tokio::sync::mpsc;

use rocksdb::properties::BACKGROUND_ERRORS;
use rocksdb::{ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Options};

use veto_wire::status::Coded as _;

use crate::Error;
use crate::meters::Meters;
use crate::seams::Work;

/// Held as long as a database is open; whoever has the other end learns when the last is closed.
#[derive(Clone)]
pub(crate) struct Open {
    /// How work on files is done.
    pub(crate) work: Work,
    /// What is measured.
    pub(crate) meters: Meters,
    _closed: mpsc::Sender<()>,
}

impl Open {
    pub(crate) fn new(closed: mpsc::Sender<()>, work: Work) -> Self {
        Self {
            work,
            meters: Meters::default(),
            _closed: closed,
        }
    }
}

/// An open database. A process must not end before it is closed: RocksDB's threads would find its
/// statics gone.
pub(crate) struct Database {
    // Fields are dropped in this order.
    db: DB,
    _open: Open,
}

impl Deref for Database {
    type Target = DB;
    fn deref(&self) -> &DB {
        &self.db
    }
}

impl Database {
    /// Says whether RocksDB met an error in one of its own threads.
    ///
    /// # Errors
    /// When it did: what was written since may be nowhere.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.db.property_int_value(BACKGROUND_ERRORS) {
            Ok(None | Some(0)) => Ok(()),
            Ok(Some(count)) => Err(Error::Storage(format!("{count} errors in the background"))),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Whether a database may be made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is made.
    Make,
    /// It was lost.
    Refuse,
}

/// When a write goes to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// By itself: a process that dies loses none.
    Each,
    /// With the next sync, and all that came meanwhile: nothing counts before.
    Together,
}

/// Opens a database with these column families beside the default one.
pub(crate) fn open(
    path: &Path,
    families: &[&str],
    writes: Writes,
    missing: Missing,
    open: &Open,
) -> Result<Database, Error> {
    let mut options = options(open.work.is_simulated())?;
    options.set_manual_wal_flush(writes == Writes::Together);
    if missing == Missing::Make {
        std::fs::create_dir_all(path).map_err(|e| Error::Storage(e.to_string()))?;
        options.create_if_missing(true);
        options.create_missing_column_families(true);
    }
    let descriptors = descriptors(families, &options);
    let db = DB::open_cf_descriptors(&options, path, descriptors).map_err(unopened)?;
    Ok(Database {
        db,
        _open: open.clone(),
    })
}

/// Opens a database that nobody writes, and changes nothing of it but RocksDB's own log; with
/// a directory for that, nothing at all.
pub(crate) fn open_read_only(
    path: &Path,
    families: &[&str],
    logs: Option<&Path>,
) -> Result<DB, Error> {
    let mut options = options(false)?;
    if let Some(logs) = logs {
        options.set_db_log_dir(logs);
    }
    let descriptors = descriptors(families, &options);
    DB::open_cf_descriptors_read_only(&options, path, descriptors, false).map_err(unopened)
}

fn options(simulated: bool) -> Result<Options, Error> {
    // RocksDB must not resume by itself after a failed write; the setting has no function of its own.
    // Tests may run on a file system in memory, which would take the space ahead of every write.
    let mut text = "max_bgerror_resume_count=0".to_owned();
    if cfg!(test) || simulated {
        text += ";allow_fallocate=false";
    }
    if simulated {
        // Which files there are must follow from what was written, not from RocksDB's own threads.
        text += ";disable_auto_compactions=true";
    }
    let mut options = Options::default()
        .get_options_from_string(&text)
        .map_err(failed)?;
    // A torn last record is what a crash leaves; anything else that is damaged stops the start.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    // One family is never flushed without the other that was written in the same batch.
    options.set_atomic_flush(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_max_total_wal_size(256 << 20);
    // What a replica holds in memory is bounded: two of these for each family that is written, and a cache.
    options.set_write_buffer_size(32 << 20);
    // RocksDB's own log is for whoever looks into a failure, and must not fill the disk.
    options.set_keep_log_file_num(4);
    options.set_max_log_file_size(4 << 20);
    Ok(options)
}

fn descriptors(families: &[&str], options: &Options) -> Vec<ColumnFamilyDescriptor> {
    let families = ["default"].iter().chain(families);
    let descriptor = |name: &&str| ColumnFamilyDescriptor::new(*name, options.clone());
    families.map(descriptor).collect()
}

/// A database that lacks a file of its own says that the argument is invalid, or that there is no file.
fn unopened(error: rocksdb::Error) -> Error {
    let missing = error.as_ref().contains("No such file");
    if missing || error.kind() == rocksdb::ErrorKind::InvalidArgument {
        return Error::Corrupt(error.into_string());
    }
    failed(error)
}

/// Translates an error of RocksDB.
pub(crate) fn failed(error: rocksdb::Error) -> Error {
    if error.kind() == rocksdb::ErrorKind::Corruption {
        return Error::Corrupt(error.into_string());
    }
    Error::Storage(error.into_string())
}

/// Ends the process with SIGABRT: after a failed write or sync nobody knows what is on the disk, and a
/// second sync may claim success for data that is gone. No destructor runs and nothing is acknowledged.
pub(crate) fn abort(what: &str, error: &Error) -> ! {
    let code = error.code().as_str();
    tracing::error!(
        what,
        code,
        error = error as &dyn std::error::Error,
        "the disk failed; ending"
    );
    std::process::abort()
}
