//! `veto policy lint`: what is worth a look in a policy set as a whole.

use std::collections::BTreeSet;
use std::path::PathBuf;

use veto_core::{AgentId, Role, ToolName};
use veto_policy::{Registry, compile, lint};

use super::{files, findings, subjects};
use crate::arguments::Global;
use crate::error::Error;

/// What to look at, and what is known beside it.
#[derive(Debug, clap::Args)]
pub(crate) struct Lint {
    /// The directory, or one file
    path: PathBuf,
    /// A role that agents hold; may be repeated: rules for other roles are findings
    #[arg(long, value_name = "ROLE")]
    role: Vec<Role>,
    /// The id of an agent; may be repeated: rules for other agents are findings
    #[arg(long, value_name = "ID")]
    agent: Vec<AgentId>,
    /// A tool that the policies do not register; may be repeated: rules for other tools are findings
    #[arg(long, value_name = "NAME")]
    tool: Vec<ToolName>,
    /// Ask the control plane which agents and roles the project has
    #[arg(long, conflicts_with_all = ["role", "agent"])]
    registered: bool,
    /// Write the findings as SARIF 2.1.0 too, for code hosts
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
}

/// Prints the findings; fails when there is one.
pub(super) async fn run(global: &Global, command: Lint) -> Result<(), Error> {
    let sources = files::read(&command.path)?;
    let compiled = compile(&sources).map_err(|found| findings::refuse(&found.0, &sources))?;
    let registry = registry(global, &command).await?;
    let found = lint(&compiled, &sources, &registry);
    if let Some(file) = &command.sarif {
        findings::write_sarif(file, &command.path, &found)?;
    }
    findings::print(global.output, &found, &sources)?;
    match found.len() {
        0 => {
            eprintln!("ok: {} rules, no finding", compiled.set.rule_count());
            Ok(())
        }
        1 => Err(Error::Found("1 finding".to_owned())),
        count => Err(Error::Found(format!("{count} findings"))),
    }
}

async fn registry(global: &Global, command: &Lint) -> Result<Registry, Error> {
    let tools = command.tool.iter().cloned().collect();
    if command.registered {
        let agents = subjects::registered(global).await?;
        let roles = agents.iter().flat_map(|agent| &agent.roles).cloned();
        return Ok(Registry {
            roles: Some(roles.collect()),
            agents: Some(agents.iter().map(|agent| agent.id.clone()).collect()),
            tools,
        });
    }
    Ok(Registry {
        roles: known(&command.role),
        agents: known(&command.agent),
        tools,
    })
}

/// Nothing said: not known.
fn known<T: Ord + Clone>(named: &[T]) -> Option<BTreeSet<T>> {
    (!named.is_empty()).then(|| named.iter().cloned().collect())
}
