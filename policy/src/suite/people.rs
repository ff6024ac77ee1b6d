//! Reads the agents and the users of a suite.

use std::collections::BTreeMap;

use veto_core::{AgentId, Role};

use crate::call::{Agent, User};
use crate::check::fields::{self, Fields};
use crate::check::{Findings, invalid_name};
use crate::source::tree::Node;

use super::People;

/// Reads `agents` and `users`.
pub(super) fn read(all: &Fields<'_>, findings: &mut Findings<'_>) -> People {
    let mut people = People::default();
    let entries = |name: &str, findings: &mut Findings<'_>| {
        let node = all.get(name);
        node.and_then(|node| fields::map(node, format!("`{name}`"), findings))
            .unwrap_or(&[])
    };
    for (key, node) in entries("agents", findings) {
        let id = AgentId::new(&key.name)
            .map_err(|error| invalid_name(key.span, error.to_string(), findings));
        if let Some(agent) = agent(node, id.ok(), findings) {
            people.agents.insert(key.name.clone(), agent);
        }
    }
    for (key, node) in entries("users", findings) {
        if let Some(user) = user(node, &key.name, findings) {
            people.users.insert(key.name.clone(), user);
        }
    }
    people
}

/// Reads an agent; one that stands within a case may give its `id`.
pub(super) fn agent(
    node: &Node,
    id: Option<AgentId>,
    findings: &mut Findings<'_>,
) -> Option<Agent> {
    let known: &[&str] = if id.is_some() {
        &["roles", "labels", "disabled"]
    } else {
        &["roles", "labels", "disabled", "id"]
    };
    let all = Fields::open(node, "an agent", known, findings)?;
    let mut roles = Vec::new();
    for (text, span) in fields::texts(&all, "roles", findings) {
        match Role::new(text) {
            Ok(role) => roles.push(role),
            Err(error) => invalid_name(span, error.to_string(), findings),
        }
    }
    let labels = labels(&all, findings);
    let disabled = all
        .get("disabled")
        .is_some_and(|node| fields::boolean(node, "disabled", findings));
    let own = match all.get("id") {
        None => AgentId::new("agent").ok(),
        Some(node) => fields::text(node, "id", findings).and_then(|text| {
            AgentId::new(text)
                .map_err(|error| invalid_name(node.span, error.to_string(), findings))
                .ok()
        }),
    };
    Some(Agent {
        id: id.or(own)?,
        roles,
        labels,
        disabled,
    })
}

fn user(node: &Node, id: &str, findings: &mut Findings<'_>) -> Option<User> {
    let known = ["name", "email", "groups", "labels"];
    let all = Fields::open(node, "a user", &known, findings)?;
    let text = |name: &str, findings: &mut Findings<'_>| {
        let text = fields::optional_text(&all, name, findings);
        text.unwrap_or_default().to_owned()
    };
    Some(User {
        id: id.to_owned(),
        name: text("name", findings),
        email: text("email", findings),
        groups: fields::texts(&all, "groups", findings)
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect(),
        labels: labels(&all, findings),
    })
}

fn labels(all: &Fields<'_>, findings: &mut Findings<'_>) -> BTreeMap<String, String> {
    let node = all.get("labels");
    let entries = node
        .and_then(|node| fields::map(node, "`labels`", findings))
        .unwrap_or(&[]);
    let mut labels = BTreeMap::new();
    for (key, node) in entries {
        if let Some(text) = fields::text(node, &key.name, findings) {
            labels.insert(key.name.clone(), text.to_owned());
        }
    }
    labels
}
