//! Which decisions a reader wants.

use veto_core::{AgentId, EnvironmentId, ProjectId, Timestamp};
use veto_proto::records::v1::RecordFilter;

use crate::glob::ToolGlob;
use crate::store::Stored;
use crate::{Error, Tenant};

/// A checked filter; every part that is set must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The project.
    pub project: Option<ProjectId>,
    /// The environment.
    pub environment: Option<EnvironmentId>,
    /// The agent.
    pub agent: Option<AgentId>,
    /// The tool.
    pub tool: Option<ToolGlob>,
    /// The outcome.
    pub outcome: Option<Outcome>,
    /// From this instant.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// The caller's trace.
    pub trace_id: Option<[u8; 16]>,
}

/// An outcome as records spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The call may go on.
    Allow,
    /// The call may not go on.
    Deny,
    /// A person must approve first.
    Approval,
}

impl Outcome {
    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Approval => "approval",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Allow, Self::Deny, Self::Approval]
            .into_iter()
            .find(|o| o.as_str() == text)
    }
}

impl Filter {
    /// Checks a filter of the API.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the field that is malformed.
    pub fn new(message: &RecordFilter) -> Result<Self, Error> {
        let outcome = match message.outcome.as_str() {
            "" => None,
            text => Some(Outcome::parse(text).ok_or_else(|| {
                Error::invalid("filter.outcome", "is none of allow, deny, approval")
            })?),
        };
        let trace_id = match message.trace_id.as_slice() {
            [] => None,
            bytes => Some(
                bytes
                    .try_into()
                    .map_err(|_| Error::invalid("filter.trace_id", "is not 16 bytes"))?,
            ),
        };
        let (from, until) = (instant(message.from), instant(message.until));
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            return Err(Error::invalid("filter.until", "is not after `filter.from`"));
        }
        let tool = (!message.tool.is_empty())
            .then(|| ToolGlob::new(&message.tool))
            .transpose()?;
        Ok(Self {
            project: name("filter.project", &message.project, ProjectId::new)?,
            environment: name(
                "filter.environment",
                &message.environment,
                EnvironmentId::new,
            )?,
            agent: name("filter.agent", &message.agent, AgentId::new)?,
            tool,
            outcome,
            from,
            until,
            trace_id,
        })
    }

    /// Tells whether a decision of the tenant matches.
    #[must_use]
    pub fn matches(&self, tenant: &Tenant, stored: &Stored) -> bool {
        let decision = &stored.decision;
        let scope = &decision.scope;
        let is = |wanted: Option<&str>, value: &str| wanted.is_none_or(|wanted| wanted == value);
        tenant.reads(scope)
            && self
                .project
                .as_ref()
                .is_none_or(|project| *project == scope.project)
            && self
                .environment
                .as_ref()
                .is_none_or(|wanted| *wanted == scope.environment)
            && is(self.agent.as_ref().map(AgentId::as_str), &decision.agent)
            && is(self.outcome.map(Outcome::as_str), &decision.outcome)
            && self
                .tool
                .as_ref()
                .is_none_or(|tool| tool.matches(&decision.tool))
            && self.from.is_none_or(|from| stored.time >= from)
            && self.until.is_none_or(|until| stored.time < until)
            && self
                .trace_id
                .is_none_or(|trace| decision.trace_id == Some(trace))
    }
}

fn instant(micros: i64) -> Option<Timestamp> {
    (micros != 0).then_some(Timestamp(micros))
}

fn name<T>(
    field: &'static str,
    text: &str,
    new: impl FnOnce(&str) -> Result<T, veto_core::id::InvalidId>,
) -> Result<Option<T>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    new(text)
        .map(Some)
        .map_err(|e| Error::invalid(field, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_field_is_named() {
        let message = |change: &dyn Fn(&mut RecordFilter)| {
            let mut message = RecordFilter::default();
            change(&mut message);
            Filter::new(&message).unwrap_err().to_string()
        };
        assert!(message(&|m| m.project = "A b".into()).starts_with("`filter.project`"));
        assert!(message(&|m| m.outcome = "maybe".into()).starts_with("`filter.outcome`"));
        assert!(message(&|m| m.trace_id = vec![1]).starts_with("`filter.trace_id`"));
        assert!(message(&|m| (m.from, m.until) = (5, 5)).starts_with("`filter.until`"));
        assert_eq!(
            Filter::new(&RecordFilter::default()).unwrap(),
            Filter::default()
        );
    }
}
