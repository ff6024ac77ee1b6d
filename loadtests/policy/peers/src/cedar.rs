//! Cedar: one `permit` for each role and tool, with a `when` over the context.

use std::fmt::Write;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::json;
use veto_bench::scenario::{ROLE, ROLES, TOOL, role_and_tool};

use super::peer::Peer;

pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    uids: [EntityUid; 3],
    request: Option<Request>,
}

impl Cedar {
    fn request(&self, arguments: &str) -> Result<Request> {
        let [agent, tool, resource] = self.uids.clone();
        let context = Context::from_json_str(arguments, None)?;
        Ok(Request::new(agent, tool, resource, context, None)?)
    }

    fn answer(&self, request: &Request) -> bool {
        let response = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

impl Peer for Cedar {
    const NAME: &'static str = "cedar-policy";

    fn load(rules: usize) -> Result<Self> {
        let mut text = String::new();
        for rule in 0..rules {
            let (role, tool) = role_and_tool(rule);
            writeln!(
                text,
                "permit(principal in Role::\"{role}\", action == Action::\"{tool}\", resource) when {{ \
                 context.amount > 0 && context.amount <= 5000 && \
                 [\"USD\", \"EUR\"].contains(context.currency) && context has to }};"
            )?;
        }
        let mut entities: Vec<_> = ROLES
            .iter()
            .map(|role| json!({"uid": {"type": "Role", "id": role}, "attrs": {}, "parents": []}))
            .collect();
        entities.push(json!({
            "uid": {"type": "Agent", "id": "invoices"}, "attrs": {},
            "parents": [{"type": "Role", "id": ROLE}],
        }));
        Ok(Self {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(&text)?,
            entities: Entities::from_json_value(json!(entities), None)?,
            uids: [
                EntityUid::from_str("Agent::\"invoices\"")?,
                EntityUid::from_str(&format!("Action::\"{TOOL}\""))?,
                EntityUid::from_str("Environment::\"production\"")?,
            ],
            request: None,
        })
    }

    fn prepare(&mut self, arguments: &'static str) -> Result<()> {
        self.request = Some(self.request(arguments)?);
        Ok(())
    }

    fn decide(&mut self) -> Result<bool> {
        Ok(self.answer(self.request.as_ref().context("nothing is prepared")?))
    }

    fn decide_text(&mut self, arguments: &'static str) -> Result<bool> {
        Ok(self.answer(&self.request(arguments)?))
    }
}
