//! `veto policy explain`: decides a call here, without a server, and says what every rule said of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use veto_core::{AgentId, Clock as _, EnvironmentId, Role, SystemClock, Timestamp, ToolName};
use veto_policy::{Agent, Arguments, Call, User, compile};

use super::files;
use crate::arguments::Global;
use crate::error::Error;
use crate::explanation::{self, Data};
use crate::output::{self, Format};
use crate::value;

/// The call to explain.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// The directory of policies, or one file
    path: PathBuf,
    /// The tool
    #[arg(long, value_name = "NAME")]
    tool: ToolName,
    /// Its arguments as a JSON object, `@FILE`, or `-` for stdin
    #[arg(long, value_name = "JSON", default_value = "{}")]
    arguments: String,
    /// What else the caller knows, as a JSON object or `@FILE`
    #[arg(long, value_name = "JSON", default_value = "{}")]
    context: String,
    /// The agent's id
    #[arg(long, value_name = "ID", default_value = "agent")]
    agent: AgentId,
    /// A role that the agent holds; may be repeated
    #[arg(long, value_name = "ROLE")]
    role: Vec<Role>,
    /// A label of the agent; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = label)]
    label: Vec<(String, String)>,
    /// The person on whose behalf the agent acts
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// That person's mail address
    #[arg(long, value_name = "ADDRESS", requires = "user")]
    user_email: Option<String>,
    /// A group of that person; may be repeated
    #[arg(long, value_name = "GROUP", requires = "user")]
    user_group: Vec<String>,
    /// When the call is made, as RFC 3339; without it now
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Timestamp>,
}

/// Reads `name=value`.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let pair = text
        .split_once('=')
        .ok_or("write a label as `name=value`")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| format!("`{text}` is no instant of RFC 3339"))
}

/// Prints the explanation. The outcome is data here: a denial that was explained is a success.
pub(super) fn run(global: &Global, explain: Explain) -> Result<(), Error> {
    let sources = files::read(&explain.path)?;
    let set = match compile(&sources) {
        Ok(compiled) => compiled.set,
        Err(found) => return Err(super::findings::refuse(&found.0, &sources)),
    };
    let at = explain.at.unwrap_or_else(|| SystemClock.now());
    let environment = match global.environment_if_any() {
        name if name.is_empty() => EnvironmentId::new("dev"),
        name => EnvironmentId::new(&name),
    };
    let environment = environment.map_err(|error| Error::Usage(error.to_string()))?;
    let explanation = veto_policy::explain(&set, &explain.into_call(environment)?, at);
    match global.output {
        Format::Table => output::line(&explanation::in_words(&explanation)),
        Format::Json | Format::Yaml | Format::Jsonl => {
            global.output.document(&Data::from(&explanation))
        }
    }
}

impl Explain {
    fn into_call(self, environment: EnvironmentId) -> Result<Call, Error> {
        let bad = |name: &str| {
            let name = name.to_owned();
            move |error| Error::Usage(format!("`--{name}`: {error}"))
        };
        let (email, groups) = (self.user_email.unwrap_or_default(), self.user_group);
        Ok(Call {
            agent: Some(Agent {
                id: self.agent.clone(),
                roles: self.role,
                labels: self.label.into_iter().collect::<BTreeMap<_, _>>(),
                disabled: false,
            }),
            agent_id: self.agent,
            user: self.user.map(|id| User {
                id,
                email,
                groups,
                ..User::default()
            }),
            tool: self.tool,
            arguments: Arguments::parse(&value::text(self.arguments)?).map_err(bad("arguments"))?,
            context: Arguments::parse(&value::text(self.context)?).map_err(bad("context"))?,
            environment,
            request_id: String::new(),
            trace_id: String::new(),
            session_id: String::new(),
        })
    }
}
