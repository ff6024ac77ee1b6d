//! `veto dev`: all parts in one process, on loopback, with a sample organization.
//! Only this file touches the composition (docs/adr/0003); all below it is a client of the public API.

mod banner;
mod child;
mod keys;
mod sample;
mod setup;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use veto_core::Secret;
use veto_proto::tokens::v1::Audience;

use crate::arguments::Global;
use crate::connect;
use crate::error::Error;

use self::banner::Banner;
use self::keys::Keys;

/// Where to keep state, where to listen, and what to do once all parts run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where state is kept; remove it to start anew
    #[arg(
        long,
        env = "VETO_DEV_DIR",
        default_value = "./.dev",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
    /// The control plane's port; 0 takes a free one
    #[arg(long, default_value_t = 7700, value_name = "PORT")]
    control_plane_port: u16,
    /// The data plane's port; 0 takes a free one
    #[arg(long, default_value_t = 7701, value_name = "PORT")]
    data_plane_port: u16,
    /// The ledger's port; 0 takes a free one
    #[arg(long, default_value_t = 7702, value_name = "PORT")]
    ledger_port: u16,
    /// Ask the three questions of the banner at once and print the answers
    #[arg(long)]
    demo: bool,
    /// Also set up the project `agentdojo`: the two assistants of examples/agentdojo and their policies
    #[arg(long)]
    agentdojo: bool,
    /// Run this command with the environment set, then stop; its exit code is the answer
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Starts everything, sets up the samples, and runs until a signal, a failure or the command's end.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), Error> {
    log();
    let stop = stop_signal()?;
    tokio::pin!(stop);
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let config = veto_dev::Config {
        data_dir: arguments.data_dir.clone(),
        control_plane: local(arguments.control_plane_port),
        data_plane: local(arguments.data_plane_port),
        ledger: local(arguments.ledger_port),
    };
    let mut running = tokio::select! {
        started = Box::pin(veto_dev::start(config)) => started.map_err(failed("Veto did not start"))?,
        () = &mut stop => return Ok(()),
    };
    let addresses = running.addresses.clone();
    let ended = tokio::select! {
        ended = Box::pin(serve(global, &arguments, &addresses)) => ended,
        died = running.failed() => Err(failed("Veto cannot go on")(died)),
        () = &mut stop => Ok(()),
    };
    eprintln!("stopping");
    running
        .stop()
        .await
        .map_err(failed("Veto did not stop cleanly"))?;
    ended
}

/// What happens while the parts run.
async fn serve(
    global: &Global,
    arguments: &Arguments,
    addresses: &veto_dev::Addresses,
) -> Result<(), Error> {
    let (control_plane, data_plane) = (url(addresses.control_plane), url(addresses.data_plane));
    let global = global.for_servers(&control_plane, &data_plane, &url(addresses.ledger));
    let keys = Keys::open(&arguments.data_dir)?;
    let admin = setup::organization(&global.under(&addresses.root_key), &keys).await?;
    let administrator = global.under(&admin);
    setup::project(&administrator, &keys, &sample::DEMO).await?;
    if arguments.agentdojo {
        setup::project(&administrator, &keys, &sample::AGENTDOJO).await?;
    }

    let agent = sample::DEMO.agents[0].id;
    let agent_key = keys
        .read(agent)?
        .unwrap_or_else(|| Secret::new(String::new()));
    let agent_global = global.under(&agent_key);
    let token = connect::exchange(
        &agent_global,
        Audience::DataPlane,
        connect::LONGEST,
        String::new(),
    )
    .await?;
    let banner = Banner {
        global: &global,
        data_dir: &arguments.data_dir,
        agent,
        agent_key_file: keys.path(agent),
        exports: vec![
            ("VETO_CONTROL_PLANE", global.control_plane.clone()),
            ("VETO_DATA_PLANE", global.data_plane.clone()),
            ("VETO_LEDGER", global.ledger.clone()),
            ("VETO_PROJECT", sample::DEMO.id.to_owned()),
            ("VETO_ENVIRONMENT", sample::ENVIRONMENT.to_owned()),
            ("VETO_KEY", admin.expose().clone()),
            ("VETO_TOKEN", token.0),
        ],
    };
    eprintln!("{banner}");
    if arguments.demo {
        banner::demonstrate(&agent_global).await?;
    }
    if !arguments.command.is_empty() {
        return child::run(&arguments.command, &banner.exports).await;
    }
    std::future::pending().await
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn failed(message: &str) -> impl Fn(veto_dev::Error) -> Error {
    move |source| Error::Dev {
        code: source.code(),
        message: message.to_owned(),
        source: Box::new(source),
    }
}

/// Resolves on Ctrl-C or SIGTERM; listens from the moment it is made.
fn stop_signal() -> Result<impl Future<Output = ()>, Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Output)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Output)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn log() {
    let level = std::env::var("VETO_LOG").unwrap_or_else(|_| "warn".to_owned());
    let filter = tracing_subscriber::EnvFilter::new(level);
    // A second subscriber in one process is no reason to stop.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
