//! The file: how it is opened, and what its tables are.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::glob::ToolGlob;

/// Marks a SQLite file as a ledger of Veto ("VTLG").
const APPLICATION: i32 = 0x5654_4c47;
/// The layout below.
const LAYOUT: i32 = 1;

/// Statements that stay compiled on each connection.
const STATEMENTS: usize = 64;

/// Every key starts with an organization: of the credential that brings a chain (`home`), or of the
/// scope of a decision. An index on (…, time) ends in the row number, which is the arrival: it
/// holds the very order in which pages are read.
const TABLES: &str = "
CREATE TABLE boots (
    id            INTEGER PRIMARY KEY,
    home          TEXT    NOT NULL,
    node          TEXT    NOT NULL,
    boot          BLOB    NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_hash     BLOB    NOT NULL,
    begun_at      INTEGER NOT NULL,
    stored_at     INTEGER NOT NULL,
    UNIQUE (home, node, boot)
) STRICT;

CREATE TABLE frames (
    arrival   INTEGER PRIMARY KEY,
    boot      INTEGER NOT NULL REFERENCES boots (id),
    sequence  INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    frame     BLOB    NOT NULL,
    UNIQUE (boot, sequence)
) STRICT;

CREATE TABLE decisions (
    arrival      INTEGER PRIMARY KEY REFERENCES frames (arrival),
    organization TEXT    NOT NULL,
    project      TEXT    NOT NULL,
    environment  TEXT    NOT NULL,
    time         INTEGER NOT NULL,
    agent        TEXT    NOT NULL,
    tool         TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    policy       TEXT    NOT NULL,
    rule         TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    trace_id     BLOB
) STRICT;

CREATE INDEX decisions_time    ON decisions (organization, time);
CREATE INDEX decisions_place   ON decisions (organization, project, environment, time);
CREATE INDEX decisions_agent   ON decisions (organization, agent, time);
CREATE INDEX decisions_tool    ON decisions (organization, tool, time);
CREATE INDEX decisions_outcome ON decisions (organization, outcome, time);
CREATE INDEX decisions_trace   ON decisions (organization, trace_id, time)
    WHERE trace_id IS NOT NULL;
";

/// Takes the data directory for this process alone; the lock ends with the file.
pub(super) fn lock(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::file("open", &path, e))?;
    file.try_lock().map_err(|_| {
        Error::Config(format!(
            "`data_dir` {} is in use by another ledger",
            data_dir.display()
        ))
    })?;
    Ok(file)
}

/// Opens the connection that writes, and makes the tables on first use.
pub(super) fn open_writer(path: &Path) -> Result<Connection, Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(Error::Config(format!(
            "`data_dir` cannot hold a WAL: SQLite says `{mode}`"
        )));
    }
    // Each commit is synced before it returns. `fullfsync` asks the same of macOS, where a plain
    // fsync stops at the drive's cache.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;
         PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536;",
    )?;
    prepare_layout(&mut connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn prepare_layout(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction()?;
    let number = |pragma: &str| -> Result<i32, rusqlite::Error> {
        transaction.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (number("application_id")?, number("user_version")?) {
        (0, 0) if tables == 0 => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.commit()?;
        }
        (APPLICATION, LAYOUT) => {}
        (APPLICATION, layout) => {
            return Err(Error::Config(format!(
                "`data_dir` holds layout {layout}; this version reads layout {LAYOUT}"
            )));
        }
        _ => {
            return Err(Error::Config(
                "`data_dir` holds a database of another program".into(),
            ));
        }
    }
    Ok(())
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -16384;",
    )?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("tool_matches", 2, flags, |context| {
        // The parsed glob stays with the statement: it is the same for all rows.
        let glob = context.get_or_create_aux(0, |value| -> Result<ToolGlob, Error> {
            ToolGlob::new(value.as_str().unwrap_or_default())
        })?;
        Ok(glob.matches(context.get_raw(1).as_str().unwrap_or_default()))
    })?;
    Ok(connection)
}

/// The number of the newest record; 0 when there is none.
pub(super) fn newest(connection: &Connection) -> Result<u64, Error> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(arrival) FROM frames", [], |row| row.get(0))?;
    Ok(newest.unwrap_or_default().unsigned_abs())
}
