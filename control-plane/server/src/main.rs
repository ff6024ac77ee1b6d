//! A control-plane replica as a process.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use veto_server::{Config, Error, start};
use veto_wire::status::Coded as _;

/// Keeps organizations, agents, keys and policies, and streams them to nodes.
#[derive(Debug, Parser)]
#[command(name = "veto-control-plane", version)]
struct Arguments {
    /// The configuration file, YAML; `VETO_<KEY>` variables go over it.
    #[arg(long, global = true, env = "VETO_CONTROL_PLANE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves until it is told to stop.
    Run,
    /// Looks at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints the version.
    Version,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Says whether the configuration is in order, and exits.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = tracing_subscriber::EnvFilter::try_from_env("VETO_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,openraft=warn"));
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(level)
        .with_writer(std::io::stderr)
        .init();
    match execute(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = error.downcast_ref::<Error>().map(|e| e.code().as_str());
            tracing::error!(code, error = format!("{error:#}"), "control plane failed");
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Some(Command::Version) => println!("veto-control-plane {}", env!("CARGO_PKG_VERSION")),
        Some(Command::Config(ConfigCommand::Check)) => {
            let config = Config::load(arguments.config.as_deref())?;
            println!("configuration is in order: {config:#?}");
        }
        Some(Command::Run) | None => {
            let config = Config::load(arguments.config.as_deref())?;
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build();
            runtime
                .context("start the runtime")?
                .block_on(run(config))?;
        }
    }
    Ok(())
}

async fn run(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut running = start(config).await?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        error = running.failed() => {
            running.stop().await;
            return Err(error.into());
        }
    }
    running.stop().await;
    Ok(())
}
