//! The `veto` command: one binary for people. A client like any other: it uses the public API and
//! has no private door. Only [`dev`] starts servers, and then talks to them as anybody would.
//!
//! - [`arguments`]: what may stand on the command line; [`value`] reads single values.
//! - [`connect`]: channels with credentials. [`output`]: data on stdout. [`error`]: talk on stderr.
//! - one file per subcommand; [`rollout`] waits until the fleet enforces a revision.

mod agent;
mod arguments;
mod check;
mod cluster;
mod completions;
mod connect;
mod decisions;
mod dev;
mod environment;
mod error;
mod explanation;
mod fleet;
mod key;
mod organization;
mod output;
mod policy;
mod project;
#[cfg(test)]
mod reference;
mod replay;
mod rollout;
mod token;
mod value;
mod version;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Cli, Command};
use crate::error::Error;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = cli.global.output;
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(source) => return Error::Output(source).report(format),
    };
    match runtime.block_on(Box::pin(run(cli))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(format),
    }
}

async fn run(cli: Cli) -> Result<(), Error> {
    let global = cli.global;
    match cli.command {
        Command::Dev(command) => dev::run(&global, command).await,
        Command::Check(command) => check::run(&global, command).await,
        Command::ReplayCalls(command) => replay::run(&global, command).await,
        Command::Policy(command) => policy::run(&global, command).await,
        Command::Key(command) => key::run(&global, command).await,
        Command::Agent(command) => agent::run(&global, command).await,
        Command::Org(command) => organization::run(&global, command).await,
        Command::Project(command) => project::run(&global, command).await,
        Command::Env(command) => environment::run(&global, command).await,
        Command::Decisions(command) => decisions::run(&global, command).await,
        Command::Cluster(command) => cluster::run(&global, command).await,
        Command::Fleet(command) => fleet::run(&global, command).await,
        Command::Token(command) => token::run(&global, command).await,
        Command::Version => version::run(&global),
        Command::Completions(command) => completions::run(&command),
    }
}
