//! How a RocksDB is opened here, and what a failed write means.

use std::ops::Deref;
use std::path::Path;

use tokio::sync::mpsc;

use rocksdb::properties::BACKGROUND_ERRORS;
use rocksdb::{ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, Options};

use veto_wire::status::Coded as _;

use crate::Error;

/// Held as long as a database is open; whoever has the other end learns when the last is closed.
pub(crate) type Open = mpsc::Sender<()>;

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

/// Opens or makes a database with these column families beside the default one.
pub(crate) fn open(path: &Path, families: &[&str], open: &Open) -> Result<Database, Error> {
    std::fs::create_dir_all(path).map_err(|e| Error::Storage(e.to_string()))?;
    // RocksDB must not resume by itself after a failed write; the setting has no function of its own.
    let mut options = Options::default()
        .get_options_from_string("max_bgerror_resume_count=0")
        .map_err(failed)?;
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A torn last record is what a crash leaves; anything else that is damaged stops the start.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_paranoid_checks(true);
    // One family is never flushed without the other that was written in the same batch.
    options.set_atomic_flush(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_max_total_wal_size(256 << 20);
    let families = ["default"].iter().chain(families);
    let families = families.map(|name| ColumnFamilyDescriptor::new(*name, options.clone()));
    let db = DB::open_cf_descriptors(&options, path, families).map_err(failed)?;
    Ok(Database {
        db,
        _open: open.clone(),
    })
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
