//! The binary `veto-data-plane`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use veto_data_plane::{Config, Error, start};
use veto_wire::status::Coded as _;

/// Answers agents' calls in one region.
#[derive(Debug, Parser)]
#[command(name = "veto-data-plane", version)]
struct Arguments {
    /// The configuration file; without it defaults and environment hold.
    #[arg(long, env = "VETO_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the node until it is told to stop.
    Run,
    /// Looks at the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Prints the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Checks the configuration and prints what holds.
    Check,
}

fn main() -> ExitCode {
    match execute(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain on one line: what failed, and why.
            let code = error
                .downcast_ref::<Error>()
                .map_or("INTERNAL", |e| e.code().as_str());
            eprintln!("veto-data-plane: {code}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Version => println!("veto-data-plane {}", env!("CARGO_PKG_VERSION")),
        Command::Config {
            command: ConfigCommand::Check,
        } => {
            let config = Config::load(arguments.config.as_deref())?;
            print!("{}", serde_yaml::to_string(&config)?);
        }
        Command::Run => {
            log();
            let config = Config::load(arguments.config.as_deref())?;
            let runtime = tokio::runtime::Runtime::new().context("runtime")?;
            runtime.block_on(run(config))?;
        }
    }
    Ok(())
}

/// JSON lines on stderr; `VETO_LOG` sets the level, such as `debug` or `veto_data_plane=debug,info`.
fn log() {
    let filter = EnvFilter::try_from_env("VETO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut node = start(config).await.context("start")?;
    let reason = tokio::select! {
        signal = stopped() => signal.map(|()| None)?,
        error = node.failed() => Some(error),
    };
    node.stop().await;
    match reason {
        None => Ok(()),
        Some(error) => Err(error).context("a part of the node died"),
    }
}

async fn stopped() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("told to stop");
    Ok(())
}
