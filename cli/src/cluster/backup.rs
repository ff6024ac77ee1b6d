//! `veto cluster backup`: the whole state in one file, which has its name only once it is whole.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use veto_core::Timestamp;
use veto_proto::administration::v1 as pb;
use veto_proto::storage::v1::BackupHead;
use veto_wire::backup::Reader;
use veto_wire::status::Coded as _;

use super::authority::failed;
use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;

/// A replica that sends nothing for so long is given up. It reads its whole state before the first byte.
const STALL: Duration = Duration::from_secs(600);

/// Where the backup goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The file to write; it must not be there
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Serialize)]
struct Made {
    file: String,
    cluster: String,
    revision: u64,
    time: String,
    made_by: u64,
    bytes: u64,
}

impl Row for Made {
    const COLUMNS: &'static [&'static str] = &["FILE", "CLUSTER", "REVISION", "TIME", "BYTES"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.file.clone(),
            self.cluster.clone(),
            self.revision.to_string(),
            self.time.clone(),
            self.bytes.to_string(),
        ]
    }
}

/// Writes the backup and says up to which revision it is.
pub(super) async fn run(global: &Global, backup: &Backup) -> Result<(), Error> {
    let out = &backup.out;
    if out.exists() {
        return Err(Error::Usage(format!(
            "`{}` is there already",
            out.display()
        )));
    }
    let mut partial = out.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write(global, &partial).await;
    let named = written.and_then(|made| {
        fs::rename(&partial, out).map_err(failed(out))?;
        sync(out)?;
        Ok(made)
    });
    let (head, bytes) = match named {
        Ok(made) => made,
        Err(error) => {
            // Whatever it holds is no backup.
            let _ = fs::remove_file(&partial);
            return Err(error);
        }
    };
    global.output.row(&Made {
        file: out.display().to_string(),
        revision: revision(&head),
        cluster: head.cluster,
        time: Timestamp(head.time).to_string(),
        made_by: head.node,
        bytes,
    })
}

/// The revision that a backup shows.
pub(super) fn revision(head: &BackupHead) -> u64 {
    let applied = head.snapshot.as_ref().and_then(|s| s.applied.as_ref());
    let last = applied.and_then(|applied| applied.last_applied.as_ref());
    last.map_or(0, |id| id.index)
}

/// Writes what comes, checked as it comes; gives how much it was.
async fn write(global: &Global, path: &Path) -> Result<(BackupHead, u64), Error> {
    let mut client = super::client(global).await?;
    let mut stream = client.back_up(pb::BackUpRequest {}).await?.into_inner();
    let mut options = OpenOptions::new();
    // It holds what everybody may do, and hashes of keys.
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(failed(path))?;
    let mut reader = Reader::default();
    let mut bytes = 0;
    loop {
        let next = timeout(STALL, stream.message()).await;
        let next = next.map_err(|elapsed| Error::Unreachable {
            server: "the control plane".to_owned(),
            source: Box::new(elapsed),
        })?;
        let Some(answer) = next? else { break };
        reader.take(&answer.data).map_err(damaged)?;
        file.write_all(&answer.data).map_err(failed(path))?;
        bytes += answer.data.len() as u64;
    }
    let head = reader.finish().map_err(damaged)?;
    file.sync_all().map_err(failed(path))?;
    Ok((head, bytes))
}

fn damaged(error: veto_wire::backup::Error) -> Error {
    Error::Refused {
        code: error.code(),
        message: error.to_string(),
        violations: Vec::new(),
    }
}

/// Forces the new name to the disk.
fn sync(path: &Path) -> Result<(), Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(failed(directory))
}
