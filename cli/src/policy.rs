//! `veto policy`: policies as code.

mod diff;
mod explain;
mod files;
mod findings;
mod fmt;
mod import;
mod init;
mod lint;
mod list;
mod matrix;
mod publish;
mod schema;
mod show;
mod subjects;
mod test;
mod validate;
mod version;

use std::path::PathBuf;
use std::time::Duration;

use crate::arguments::Global;
use crate::error::Error;
use crate::value;

/// What to do with policies.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Replace the policy set of an environment by the files of a directory
    Publish(Publish),
    /// List the versions of an environment's policy set, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20, value_name = "COUNT")]
        limit: u32,
    },
    /// Print the files of a version
    Show {
        /// The version; without it the newest
        #[arg(default_value_t = 0, hide_default_value = true)]
        version: u64,
    },
    /// Decide a call here, without a server, and tell what every rule says of it
    Explain(explain::Explain),
    /// Start a directory with a first policy, its tests, and what editors need
    Init(init::Init),
    /// Bring policy files into one form; comments stay
    Fmt(fmt::Fmt),
    /// Print the JSON Schema of policy files, for editors
    Schema,
    /// Turn policies of another system into policies here, and tell what could not be mapped
    Import(import::Import),
    /// Run the tests of policies: the `*_test.yaml` of a directory against its policies
    ///
    /// Exit codes: 0 every case holds; 1 a case fails, a mutant survives, too little is covered, or a file is not
    /// valid; 2 there is no case to run.
    Test(test::Test),
    /// Check the policies and tests of a directory here, without a server
    Validate(validate::Validate),
    /// Find what is worth a look in a policy set as a whole: exit 1 when there is something
    Lint(lint::Lint),
    /// Show who may do what with which tool, worked out from the rules
    Matrix(matrix::Matrix),
    /// Show what differs between two directories or versions
    Diff(diff::Diff),
}

/// What to publish, and what to say about it.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    /// The directory, or one file: the whole new set
    path: PathBuf,
    /// Why
    #[arg(long, short, value_name = "TEXT")]
    message: String,
    /// Refuse unless this is the newest version
    #[arg(long, value_name = "VERSION")]
    parent: Option<u64>,
    /// Who wrote it, such as `Ada <ada@example.com>`; without it the key's id
    #[arg(long, default_value = "", hide_default_value = true)]
    author: String,
    /// Where it comes from, such as a commit id
    #[arg(long, default_value = "", hide_default_value = true)]
    source: String,
    /// Wait until every connected node enforces it, and tell how long it took
    #[arg(long, value_parser = value::duration, value_name = "DURATION")]
    #[arg(num_args = 0..=1, default_missing_value = "30s")]
    wait: Option<Duration>,
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    match command {
        Command::Publish(publish) => publish::run(global, publish).await,
        Command::List { limit } => list::run(global, limit).await,
        Command::Show { version } => show::run(global, version).await,
        Command::Explain(explain) => explain::run(global, explain),
        Command::Init(init) => init::run(&init),
        Command::Fmt(fmt) => fmt::run(global, &fmt),
        Command::Schema => schema::run(),
        Command::Import(import) => import::run(global, &import),
        Command::Test(test) => test::run(global, test).await,
        Command::Validate(command) => validate::run(global, &command),
        Command::Lint(command) => lint::run(global, command).await,
        Command::Matrix(command) => matrix::run(global, command).await,
        Command::Diff(command) => diff::run(global, command).await,
    }
}
