//! What may stand on the command line.

use clap::{Args, Parser, Subcommand};
use veto_core::Secret;

use crate::error::Error;
use crate::output::Format;
use crate::value;
use crate::{
    agent, check, cluster, completions, decisions, dev, environment, fleet, key, organization,
    policy, project, replay, token,
};

/// May this AI agent call this tool with these arguments, here, now?
///
/// Data goes to stdout, talk to stderr. Exit codes: 0 ok, 1 denied or failed, 2 usage, 3 unreachable.
#[derive(Debug, Parser)]
#[command(name = "veto", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What every subcommand takes.
    #[command(flatten)]
    pub(crate) global: Global,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every subcommand takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The form of the data on stdout
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT"
    )]
    pub(crate) output: Format,
    /// The control plane's address
    #[arg(long, global = true, env = "VETO_CONTROL_PLANE", value_name = "URL")]
    #[arg(default_value = "http://127.0.0.1:7700")]
    pub(crate) control_plane: String,
    /// The data-plane node's address
    #[arg(long, global = true, env = "VETO_DATA_PLANE", value_name = "URL")]
    #[arg(default_value = "http://127.0.0.1:7701")]
    pub(crate) data_plane: String,
    /// The audit ledger's address
    #[arg(long, global = true, env = "VETO_LEDGER", value_name = "URL")]
    #[arg(default_value = "http://127.0.0.1:7702")]
    pub(crate) ledger: String,
    /// The API key, or `@FILE` that holds it
    #[arg(
        long,
        global = true,
        env = "VETO_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    #[arg(value_parser = value::secret)]
    key: Option<Secret<String>>,
    /// The token for `check`, or `@FILE` that holds it; without it an agent's key is exchanged for one
    #[arg(
        long,
        global = true,
        env = "VETO_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    #[arg(value_parser = value::secret)]
    token: Option<Secret<String>>,
    /// The project
    #[arg(long, global = true, env = "VETO_PROJECT", value_name = "ID")]
    project: Option<String>,
    /// The environment of the project
    #[arg(long, global = true, env = "VETO_ENVIRONMENT", value_name = "ID")]
    environment: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start all parts in one process, on this machine only, with a sample organization
    Dev(dev::Arguments),
    /// Ask whether an agent may make a call: exit 0 on allow, 1 on deny and on approval
    Check(check::Arguments),
    /// Run a file of calls through a running Veto and judge the outcomes
    ReplayCalls(replay::Arguments),
    /// Publish, list, show and validate policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Create, list and revoke API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Register and list agents
    #[command(subcommand)]
    Agent(agent::Command),
    /// Create and list organizations
    #[command(subcommand)]
    Org(organization::Command),
    /// Create and list projects
    #[command(subcommand)]
    Project(project::Command),
    /// Create and list environments
    #[command(subcommand)]
    Env(environment::Command),
    /// List, follow and export the decisions that the ledger keeps
    #[command(subcommand)]
    Decisions(decisions::Command),
    /// Show and change the replicas of the control plane
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Show which node enforces what
    Fleet(fleet::Arguments),
    /// Exchange the API key for a short-lived token and print it
    Token(token::Arguments),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

impl Global {
    /// The API key, or the answer that one is needed.
    pub(crate) fn key(&self) -> Result<&str, Error> {
        given(
            self.key.as_ref().map(|key| key.expose().as_str()),
            "--key or VETO_KEY",
        )
    }

    /// The token, when there is one.
    pub(crate) fn token(&self) -> Option<&str> {
        let token = self.token.as_ref().map(|token| token.expose().as_str());
        token.filter(|token| !token.is_empty())
    }

    /// The project, when there is one.
    pub(crate) fn project_if_any(&self) -> String {
        self.project.clone().unwrap_or_default()
    }

    /// The environment, when there is one.
    pub(crate) fn environment_if_any(&self) -> String {
        self.environment.clone().unwrap_or_default()
    }

    /// The project, or the answer that one is needed.
    pub(crate) fn project(&self) -> Result<String, Error> {
        given(self.project.as_deref(), "--project or VETO_PROJECT").map(str::to_owned)
    }

    /// The environment, or the answer that one is needed.
    pub(crate) fn environment(&self) -> Result<String, Error> {
        given(
            self.environment.as_deref(),
            "--environment or VETO_ENVIRONMENT",
        )
        .map(str::to_owned)
    }

    /// The same under another key; a token, where one is needed, is exchanged for it.
    pub(crate) fn under(&self, key: &Secret<String>) -> Self {
        Self {
            key: Some(key.clone()),
            token: None,
            ..self.clone()
        }
    }

    /// The same for other servers: those that `veto dev` has just started.
    pub(crate) fn for_servers(&self, control_plane: &str, data_plane: &str, ledger: &str) -> Self {
        Self {
            control_plane: control_plane.to_owned(),
            data_plane: data_plane.to_owned(),
            ledger: ledger.to_owned(),
            ..self.clone()
        }
    }
}

fn given<'a>(value: Option<&'a str>, what: &str) -> Result<&'a str, Error> {
    let value = value.filter(|text| !text.is_empty());
    value.ok_or_else(|| Error::Usage(format!("this needs {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_in_every_subcommand() {
        let mut command = Cli::command();
        command.build();
        command.debug_assert();
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        let cli = Cli::parse_from(["veto", "fleet", "--key", "", "--project", ""]);
        assert!(matches!(cli.global.key(), Err(Error::Usage(_))));
        assert!(matches!(cli.global.project(), Err(Error::Usage(_))));
    }

    #[test]
    fn a_key_never_shows_in_debug_text() {
        let cli = Cli::parse_from(["veto", "fleet", "--key", "veto_admin_hunter2"]);
        assert!(!format!("{cli:?}").contains("hunter2"));
    }
}
