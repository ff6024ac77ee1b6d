//! The variables of a condition, and what each has.

use veto_core::Timestamp;

use super::value::{Entries, Items, Value};
use crate::call::{Agent, Call};
use crate::list::Lists;

/// What a condition may read; one for each call.
#[derive(Debug)]
pub(crate) struct Environment<'a> {
    pub(crate) call: &'a Call,
    pub(crate) agent: &'a Agent,
    pub(crate) now: Timestamp,
    pub(crate) lists: &'a Lists,
}

/// A variable that every condition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    Args,
    Context,
    Lists,
    Agent,
    User,
    Tool,
    Env,
    Request,
}

impl Variable {
    pub(crate) const NAMES: [&str; 8] = [
        "args", "context", "lists", "agent", "user", "tool", "env", "request",
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "args" => Self::Args,
            "context" => Self::Context,
            "lists" => Self::Lists,
            "agent" => Self::Agent,
            "user" => Self::User,
            "tool" => Self::Tool,
            "env" => Self::Env,
            "request" => Self::Request,
            _ => return None,
        })
    }

    /// The properties of the variable; None when the call decides which there are.
    pub(crate) const fn properties(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Args | Self::Context | Self::Lists => None,
            Self::Agent => Some(&["id", "roles", "labels"]),
            Self::User => Some(&["id", "name", "email", "groups", "labels"]),
            Self::Tool | Self::Env => Some(&["name"]),
            Self::Request => Some(&["time", "id", "trace", "session"]),
        }
    }
}

/// A text that may be unknown; unknown reads as absent, so that `has()` can ask.
fn known(text: &str) -> Option<Value<'_>> {
    (!text.is_empty()).then(|| Value::text(text))
}

impl<'a> Environment<'a> {
    pub(crate) fn variable(&'a self, variable: Variable) -> Value<'a> {
        Value::Entries(match variable {
            Variable::Args => Entries::Json(self.call.arguments.as_map()),
            Variable::Context => Entries::Json(self.call.context.as_map()),
            Variable::Lists => Entries::Lists(self.lists),
            Variable::Agent => Entries::Agent(self),
            Variable::User => Entries::User(self),
            Variable::Tool => Entries::Tool(self),
            Variable::Env => Entries::Env(self),
            Variable::Request => Entries::Request(self),
        })
    }

    pub(crate) fn agent(&self, property: &str) -> Option<Value<'a>> {
        match property {
            "id" => known(self.agent.id.as_str()),
            "roles" => Some(Value::Items(Items::Roles(&self.agent.roles))),
            "labels" => Some(Value::Entries(Entries::Labels(&self.agent.labels))),
            _ => None,
        }
    }

    pub(crate) fn user(&self, property: &str) -> Option<Value<'a>> {
        let user = self.call.user.as_ref()?;
        match property {
            "id" => known(&user.id),
            "name" => known(&user.name),
            "email" => known(&user.email),
            "groups" => Some(Value::Items(Items::Texts(&user.groups))),
            "labels" => Some(Value::Entries(Entries::Labels(&user.labels))),
            _ => None,
        }
    }

    pub(crate) fn tool(&self, property: &str) -> Option<Value<'a>> {
        (property == "name").then(|| Value::text(self.call.tool.as_str()))
    }

    pub(crate) fn env(&self, property: &str) -> Option<Value<'a>> {
        (property == "name").then(|| Value::text(self.call.environment.as_str()))
    }

    pub(crate) fn request(&self, property: &str) -> Option<Value<'a>> {
        match property {
            "time" => Some(Value::Time(self.now.0)),
            "id" => known(&self.call.request_id),
            "trace" => known(&self.call.trace_id),
            "session" => known(&self.call.session_id),
            _ => None,
        }
    }
}
