//! The command line, the log and the signals of a server.

use std::fmt::Debug;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command, value_parser};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use veto_core::Code;
use veto_wire::status::Coded;

/// A server that runs, and what is needed to start it.
pub trait Server: Sized {
    /// The name of the binary.
    const NAME: &'static str;
    /// What it does, in a sentence.
    const ABOUT: &'static str;
    /// The log filter where `VETO_LOG` says nothing.
    const LOG: &'static str = "info";
    /// What an operator sets.
    type Config: Debug;
    /// Why it does not start, or died.
    type Error: Coded;

    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// When it is not in order; the text names the key.
    fn load(file: Option<&Path>) -> Result<Self::Config, Self::Error>;

    /// Starts the server.
    fn start(config: Self::Config) -> impl Future<Output = Result<Self, Self::Error>>;

    /// Resolves when a part of it died.
    fn failed(&mut self) -> impl Future<Output = Self::Error>;

    /// Stops it in order.
    fn stop(self) -> impl Future<Output = ()>;
}

/// Runs the server's command line: `run` (the default), `config check`, `version`. Logs are JSON lines
/// on stderr; their level is `VETO_LOG`'s. SIGTERM and SIGINT stop the server in order.
#[must_use]
pub fn main<S: Server>() -> ExitCode {
    let arguments = command::<S>().get_matches();
    let level = EnvFilter::try_from_env("VETO_LOG").unwrap_or_else(|_| EnvFilter::new(S::LOG));
    let log = tracing_subscriber::fmt().json().with_env_filter(level);
    log.with_writer(std::io::stderr).init();
    match execute::<S>(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.code();
            tracing::error!(
                code = code.as_str(),
                error = chain(&error),
                "{} ends",
                S::NAME
            );
            exit_code(code)
        }
    }
}

/// A supervisor must not start again what can only be replaced: 78 is `EX_CONFIG` of sysexits.h.
fn exit_code(code: Code) -> ExitCode {
    if code == Code::StorageRolledBack {
        ExitCode::from(78)
    } else {
        ExitCode::FAILURE
    }
}

fn command<S: Server>() -> Command {
    let file = Arg::new("config")
        .long("config")
        .env("VETO_CONFIG")
        .global(true)
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("The configuration, YAML; `VETO_<KEY>` variables go over it");
    let check = Command::new("check").about("Says whether the configuration is in order");
    Command::new(S::NAME)
        .about(S::ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .arg(file)
        .subcommand(Command::new("run").about("Serves until it is told to stop"))
        .subcommand(
            Command::new("config")
                .about("Looks at the configuration")
                .subcommand_required(true)
                .subcommand(check),
        )
        .subcommand(Command::new("version").about("Prints the version"))
}

fn execute<S: Server>(arguments: &ArgMatches) -> Result<(), S::Error> {
    let file = arguments.get_one::<PathBuf>("config").map(PathBuf::as_path);
    match arguments.subcommand_name() {
        Some("version") => println!("{} {}", S::NAME, env!("CARGO_PKG_VERSION")),
        Some("config") => println!("configuration is in order: {:#?}", S::load(file)?),
        Some(_) | None => {
            let config = S::load(file)?;
            let Ok(runtime) = tokio::runtime::Runtime::new() else {
                tracing::error!("no threads to be had");
                std::process::exit(1);
            };
            runtime.block_on(run::<S>(config))?;
        }
    }
    Ok(())
}

async fn run<S: Server>(config: S::Config) -> Result<(), S::Error> {
    let mut server = S::start(config).await?;
    let died = tokio::select! {
        () = told_to_stop() => None,
        error = server.failed() => Some(error),
    };
    server.stop().await;
    died.map_or(Ok(()), Err)
}

/// A process that cannot hear signals runs on: it is stopped by force, and loses nothing by that.
async fn told_to_stop() {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        tracing::warn!("signals cannot be heard");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to stop");
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_that_was_rolled_back_has_an_exit_code_of_its_own() {
        let text = |code| format!("{:?}", exit_code(code));
        assert_eq!(
            text(Code::StorageRolledBack),
            format!("{:?}", ExitCode::from(78))
        );
        assert_eq!(
            text(Code::StorageFailed),
            format!("{:?}", ExitCode::FAILURE)
        );
    }
}
