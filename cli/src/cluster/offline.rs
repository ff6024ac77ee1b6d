//! `veto cluster restore` and `veto cluster check`: what is done where no process runs.

use std::path::PathBuf;

use serde::Serialize;
use veto_core::{Clock as _, OsEntropy, SystemClock, Timestamp};
use veto_raft::offline::{self, Finding};
use veto_wire::status::Coded as _;

use super::authority;
use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;

/// What is to be restored, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    backup: PathBuf,
    /// The data directory to make; it must not be there, or be empty
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The id of the new cluster, as `veto cluster ca init` prints it; by default one is drawn
    #[arg(long, value_name = "ID")]
    new_cluster: Option<String>,
}

/// What is to be checked.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// A backup
    #[arg(value_name = "FILE", required_unless_present = "data_dir")]
    backup: Option<PathBuf>,
    /// The data directory of a replica that does not run
    #[arg(long, value_name = "DIR", conflicts_with = "backup")]
    data_dir: Option<PathBuf>,
    /// A directory in which a backup has room to be unpacked for the time of the check; by default the
    /// system's for temporary files
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

#[derive(Serialize)]
struct Restored {
    data_dir: String,
    cluster: String,
    from_cluster: String,
    from_revision: u64,
    from_time: String,
    revision: u64,
}

impl Row for Restored {
    const COLUMNS: &'static [&'static str] = &[
        "DATA_DIR",
        "CLUSTER",
        "FROM_CLUSTER",
        "FROM_REVISION",
        "FROM_TIME",
        "REVISION",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.data_dir.clone(),
            self.cluster.clone(),
            self.from_cluster.clone(),
            self.from_revision.to_string(),
            self.from_time.clone(),
            self.revision.to_string(),
        ]
    }
}

/// Makes the directory, and says plainly what may not be in it.
pub(super) async fn restore(global: &Global, restore: &Restore) -> Result<(), Error> {
    let cluster = match &restore.new_cluster {
        Some(cluster) => cluster.clone(),
        None => authority::draw()?,
    };
    let asked = offline::Restore {
        backup: &restore.backup,
        directory: &restore.data_dir,
        cluster: &cluster,
        time: SystemClock.now().0,
    };
    let made = offline::restore(&asked, &OsEntropy)
        .await
        .map_err(refused)?;
    let (revision, time) = (made.from_revision, Timestamp(made.backup.time).to_string());
    eprintln!(
        "restored up to revision {revision} of {time}. What cluster {} acknowledged after it is \
         missing here: policies, keys, and revocations of keys too. Revoke again what was revoked, and \
         never start a replica of the old cluster beside this one.",
        made.backup.cluster
    );
    global.output.row(&Restored {
        data_dir: restore.data_dir.display().to_string(),
        cluster,
        from_cluster: made.backup.cluster,
        from_revision: revision,
        from_time: time,
        revision: made.revision,
    })
}

#[derive(Serialize)]
struct Part {
    part: &'static str,
    whole: bool,
    code: Option<&'static str>,
    found: String,
}

impl Part {
    fn new(finding: Finding) -> Self {
        let part = finding.part;
        match finding.found {
            Ok(found) => Self {
                part,
                whole: true,
                code: None,
                found,
            },
            Err(error) => Self {
                part,
                whole: false,
                code: Some(error.code().as_str()),
                found: error.to_string(),
            },
        }
    }
}

impl Row for Part {
    const COLUMNS: &'static [&'static str] = &["PART", "STATE", "FOUND"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.part.to_owned(),
            self.code.unwrap_or("whole").to_owned(),
            self.found.clone(),
        ]
    }
}

/// Checks every part; fails when one is not whole.
pub(super) fn check(global: &Global, check: &Check) -> Result<(), Error> {
    let scratch = check.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let findings = match (&check.backup, &check.data_dir) {
        (Some(backup), _) => offline::check_backup(backup, &scratch),
        (None, Some(directory)) => offline::check_directory(directory, &scratch),
        (None, None) => return Err(Error::Usage("nothing to check".to_owned())),
    };
    let parts: Vec<_> = findings
        .map_err(refused)?
        .into_iter()
        .map(Part::new)
        .collect();
    global.output.rows(&parts)?;
    let damaged: Vec<_> = parts.iter().filter(|part| !part.whole).collect();
    match damaged.len() {
        0 => Ok(()),
        count => Err(Error::Found(format!(
            "{count} of {} parts are not whole",
            parts.len()
        ))),
    }
}

fn refused(error: veto_raft::Error) -> Error {
    Error::Refused {
        code: error.code(),
        message: error.to_string(),
        violations: Vec::new(),
    }
}
