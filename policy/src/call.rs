//! What is asked: who calls which tool with what.

use std::collections::BTreeMap;

use veto_core::{AgentId, EnvironmentId, Role, ToolName};

use crate::arguments::Arguments;

/// A registered agent, with the roles that count for the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The roles that count: of the token and of the registration, what both have.
    pub roles: Vec<Role>,
    /// Labels that conditions may read.
    pub labels: BTreeMap<String, String>,
    /// A disabled agent is denied.
    pub disabled: bool,
}

/// The person on whose behalf an agent acts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// Stable id.
    pub id: String,
    /// Name to show. Empty: unknown.
    pub name: String,
    /// Mail address. Empty: unknown.
    pub email: String,
    /// Groups that the person belongs to.
    pub groups: Vec<String>,
    /// Labels that conditions may read.
    pub labels: BTreeMap<String, String>,
}

/// One call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The agent as registered. None: no such agent.
    pub agent: Option<Agent>,
    /// The id that the agent goes by.
    pub agent_id: AgentId,
    /// On whose behalf. None: for itself.
    pub user: Option<User>,
    /// The tool.
    pub tool: ToolName,
    /// The tool's arguments.
    pub arguments: Arguments,
    /// What the caller knows of the circumstances; `context` in conditions.
    pub context: Arguments,
    /// Where the call is made.
    pub environment: EnvironmentId,
    /// The caller's id of the call. Empty: none.
    pub request_id: String,
    /// The trace that the call belongs to. Empty: none.
    pub trace_id: String,
    /// The session that the call belongs to. Empty: none.
    pub session_id: String,
}
