//! `veto decisions`: what the ledger keeps.

mod export;
mod list;
mod record;
mod tail;

use std::path::PathBuf;
use std::time::Duration;

use veto_core::Timestamp;
use veto_proto::records::v1::RecordFilter;

use crate::arguments::Global;
use crate::error::Error;
use crate::value;

/// What to do with decisions.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List decisions, newest first
    List {
        /// Which decisions
        #[command(flatten)]
        filter: Filter,
        /// At most this many
        #[arg(long, default_value_t = 50, value_name = "COUNT")]
        limit: usize,
    },
    /// Follow decisions as they are stored, until Ctrl-C
    Tail {
        /// Which decisions
        #[command(flatten)]
        filter: Filter,
        /// Replace the stream, and its token, after this long; below the 15 minutes of a token
        #[arg(long, hide = true, value_parser = value::duration, default_value = "14m")]
        renew: Duration,
    },
    /// Export decisions as a file, oldest first
    Export {
        /// Which decisions
        #[command(flatten)]
        filter: Filter,
        /// The form of the file
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
        /// Where to write; without it to stdout
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
    },
}

/// The form of an exported file.
#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line.
    #[default]
    Jsonl,
    /// RFC 4180 with a header.
    Csv,
}

/// Which decisions, beside --project and --environment; every part that is given must match.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// The agent
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    agent: String,
    /// The tool, or a glob with `*` and `**`
    #[arg(
        long,
        value_name = "GLOB",
        default_value = "",
        hide_default_value = true
    )]
    tool: String,
    /// The outcome
    #[arg(long, value_parser = ["allow", "deny", "approval"])]
    outcome: Option<String>,
    /// From this instant: RFC 3339, or 1h for an hour ago
    #[arg(long, value_parser = value::past, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Before this instant
    #[arg(long, value_parser = value::past, value_name = "TIME")]
    until: Option<Timestamp>,
    /// The caller's W3C trace id, in hexadecimal
    #[arg(long, value_name = "HEX")]
    trace: Option<String>,
}

impl Filter {
    fn into_message(self, global: &Global) -> Result<RecordFilter, Error> {
        let trace = self.trace.as_deref().map(value::from_hex).transpose();
        Ok(RecordFilter {
            project: global.project_if_any(),
            environment: global.environment_if_any(),
            agent: self.agent,
            tool: self.tool,
            outcome: self.outcome.unwrap_or_default(),
            from: self.from.map_or(0, |time| time.0),
            until: self.until.map_or(0, |time| time.0),
            trace_id: trace.map_err(Error::Usage)?.unwrap_or_default(),
        })
    }
}

/// Does what the command says.
pub(crate) async fn run(global: &Global, command: Command) -> Result<(), Error> {
    match command {
        Command::List { filter, limit } => {
            list::run(global, filter.into_message(global)?, limit).await
        }
        Command::Tail { filter, renew } => {
            tail::run(global, filter.into_message(global)?, renew).await
        }
        Command::Export {
            filter,
            format,
            file,
        } => {
            export::run(
                global,
                filter.into_message(global)?,
                format,
                file.as_deref(),
            )
            .await
        }
    }
}
