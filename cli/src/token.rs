//! `veto token`: a key in, a short-lived token out.

use std::time::Duration;

use serde::Serialize;
use veto_core::Timestamp;
use veto_proto::tokens::v1 as pb;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format};
use crate::{connect, value};

/// Which token.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the token will be used
    #[arg(long, value_enum, default_value_t)]
    audience: Audience,
    /// The agent to act as, for a key that is bound to several
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    agent: String,
    /// How long the token lives, at most 15m
    #[arg(long, value_parser = value::duration, default_value = "5m", value_name = "DURATION")]
    lifetime: Duration,
}

/// Where a token is used.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Audience {
    /// On data-plane nodes, with an agent's key.
    #[default]
    DataPlane,
    /// On the ledger, with an admin's or a pipeline's key.
    Ledger,
}

#[derive(Serialize)]
struct Token {
    token: String,
    expires_at: String,
}

/// Exchanges the key and prints the token; as a table the bare token, for `$(veto token)`.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Result<(), Error> {
    let audience = match arguments.audience {
        Audience::DataPlane => pb::Audience::DataPlane,
        Audience::Ledger => pb::Audience::Ledger,
    };
    let too_long = |_| Error::Usage("the lifetime is too long".to_owned());
    let seconds = u32::try_from(arguments.lifetime.as_secs()).map_err(too_long)?;
    let (token, end) = connect::exchange(global, audience, seconds, arguments.agent).await?;
    let expires_at = Timestamp(end).to_string();
    if global.output == Format::Table {
        eprintln!("valid until {expires_at}");
        return output::line(&token);
    }
    global.output.document(&Token { token, expires_at })
}
