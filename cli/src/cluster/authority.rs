//! `veto cluster ca`: a development authority, and the certificates that name members to each other.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use veto_core::{Clock as _, Entropy as _, OsEntropy, SystemClock};
use veto_identity::Authority;

use crate::error::Error;
use crate::output::line;

const CLUSTER: &str = "cluster";
const KEY: &str = "authority.key";
const ROOT: &str = "authority.pem";
const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// What to do with the authority.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make an authority in a new directory and print the id of the cluster that it is for
    Init {
        /// The directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// The id of a cluster that is there already; by default a new one
        #[arg(long, value_name = "ID")]
        cluster: Option<String>,
    },
    /// Make the certificate of a member: 1 is the first, `veto cluster add` gives the ids of all others
    Issue {
        /// The member's id
        id: u64,
        #[command(flatten)]
        to: Issued,
    },
}

/// Where the authority is, and where a certificate goes.
#[derive(Debug, clap::Args)]
pub(crate) struct Issued {
    /// The authority's directory
    #[arg(long, value_name = "DIR")]
    ca: PathBuf,
    /// Where to write `peer.pem`, `peer.key` and `authority.pem`: the member's `data_dir`
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many days the certificate is good for
    #[arg(long, default_value_t = 730)]
    days: u32,
}

/// The same, for a member that is being added.
#[derive(Debug, clap::Args)]
pub(crate) struct Issue {
    /// Make its certificate too, with the authority in this directory
    #[arg(long, value_name = "DIR", requires = "out")]
    ca: Option<PathBuf>,
    /// Where to write `peer.pem`, `peer.key` and `authority.pem`: the member's `data_dir`
    #[arg(long, value_name = "DIR", requires = "ca")]
    out: Option<PathBuf>,
    /// How many days the certificate is good for
    #[arg(long, default_value_t = 730)]
    days: u32,
}

impl Issue {
    /// The authority, when one is to issue.
    pub(super) fn authority(&self) -> Result<Option<Authority>, Error> {
        self.ca.as_deref().map(open).transpose()
    }

    /// Makes the certificate of a member.
    pub(super) fn issue(&self, authority: &Authority, id: u64) -> Result<(), Error> {
        let out = self.out.as_deref().unwrap_or(Path::new("."));
        issue(authority, id, out, self.days)
    }
}

/// Does what the command says.
pub(super) fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Init { directory, cluster } => init(directory, cluster.as_deref()),
        Command::Issue { id, to } => issue(&open(&to.ca)?, *id, &to.out, to.days),
    }
}

fn init(directory: &Path, cluster: Option<&str>) -> Result<(), Error> {
    let cluster = match cluster {
        Some(cluster) => cluster.to_owned(),
        None => draw()?,
    };
    let authority = Authority::generate(&cluster).map_err(wrong)?;
    let root = authority.root(SystemClock.now()).map_err(wrong)?;
    fs::create_dir_all(directory).map_err(failed(directory))?;
    // Never over an authority that there is: its members would know each other no more.
    write(&directory.join(KEY), root.key.expose(), SECRET, true)?;
    write(&directory.join(ROOT), &root.certificate, PUBLIC, true)?;
    write(&directory.join(CLUSTER), &cluster, PUBLIC, true)?;
    line(&cluster)
}

/// Draws the id of a new cluster.
pub(super) fn draw() -> Result<String, Error> {
    let mut id = [0; 16];
    OsEntropy.fill(&mut id).map_err(Error::Output)?;
    Ok(id.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn open(directory: &Path) -> Result<Authority, Error> {
    let read = |name: &str| {
        let path = directory.join(name);
        fs::read_to_string(&path).map_err(failed(&path))
    };
    let cluster = read(CLUSTER)?;
    Authority::read(cluster.trim(), &read(KEY)?).map_err(wrong)
}

fn issue(authority: &Authority, id: u64, out: &Path, days: u32) -> Result<(), Error> {
    let now = SystemClock.now();
    let root = authority.root(now).map_err(wrong)?;
    let issued = authority.issue(id, now, days).map_err(wrong)?;
    fs::create_dir_all(out).map_err(failed(out))?;
    write(&out.join("peer.key"), issued.key.expose(), SECRET, false)?;
    write(&out.join("peer.pem"), &issued.certificate, PUBLIC, false)?;
    write(&out.join(ROOT), &root.certificate, PUBLIC, false)
}

fn write(path: &Path, text: &str, mode: u32, new: bool) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true).mode(mode);
    if new {
        options.create_new(true);
    } else {
        options.create(true).truncate(true);
    }
    let mut file = options.open(path).map_err(failed(path))?;
    file.write_all(text.as_bytes()).map_err(failed(path))
}

pub(super) fn failed(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    move |source| Error::File {
        path: path.display().to_string(),
        source,
    }
}

fn wrong(error: veto_identity::Error) -> Error {
    Error::Usage(error.to_string())
}
