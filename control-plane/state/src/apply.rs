//! The only place that changes state. Total: a command that cannot be done is answered with a code,
//! and leaves nothing behind.
//!
//! INVARIANT (version-gapless): a publish makes exactly the next version, and none is ever removed.
//! INVARIANT (request-once): a request id takes effect at most once within its day.
//! INVARIANT (key-good-when-applied): what a key asks takes effect only while it is neither revoked nor
//! expired, in the order of the log.
//! INVARIANT (time-forward): applied time never runs backwards, whatever clock a leader had.

mod keys;
mod members;
mod organizations;
mod policies;
mod requests;
mod restore;

use prost::Message;
use veto_core::{Code, EnvironmentId, OrganizationId, ProjectId, Revision, Scope};
use veto_proto::storage::v1::{
    ChangeRow, Command, CommandResult, EnvironmentRow, KeyRow, command::Change,
};

use crate::rows::{Rows, Write, key};
use crate::tables::{SYSTEM, Tables, scoped};
use crate::{Error, Event};

/// What a command does.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The rows that change, all or none.
    pub writes: Vec<Write>,
    /// What the caller is answered.
    pub result: CommandResult,
    /// What those who watch are told.
    pub events: Vec<Event>,
}

/// Why a command is not done.
#[derive(Debug)]
enum Stop {
    Refused(Code, String),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

fn refuse<T>(code: Code, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(code, message.into()))
}

/// Says what the command does to these rows at this revision; changes nothing itself.
///
/// # Errors
/// When the rows cannot be read. A refused command is not an error: its result has a code.
pub fn apply<R: Rows + ?Sized>(
    rows: &R,
    revision: Revision,
    command: &Command,
) -> Result<Applied, Error> {
    let tables = Tables(rows);
    let time = command.time.max(tables.time()?);
    let change = ChangeRow {
        revision: revision.0,
        actor: command.actor.clone(),
        time,
    };
    let result = CommandResult {
        revision: revision.0,
        time,
        ..CommandResult::default()
    };
    let mut work = Work {
        tables,
        organization: &command.organization,
        change,
        result,
        writes: Vec::new(),
        events: Vec::new(),
    };
    match work.once(command) {
        Ok(()) => Ok(Applied {
            writes: work.writes,
            result: work.result,
            events: work.events,
        }),
        Err(Stop::Refused(code, error_message)) => {
            let error_code = code.as_str().to_owned();
            let result = CommandResult {
                error_code,
                error_message,
                ..work.result
            };
            Ok(Applied {
                writes: Vec::new(),
                result,
                events: Vec::new(),
            })
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// A command on its way.
struct Work<'a, R: ?Sized> {
    tables: Tables<'a, R>,
    organization: &'a str,
    change: ChangeRow,
    result: CommandResult,
    writes: Vec<Write>,
    events: Vec<Event>,
}

impl<R: Rows + ?Sized> Work<'_, R> {
    /// Does the command, unless its request was done before.
    fn once(&mut self, command: &Command) -> Result<(), Stop> {
        if let Some(earlier) = requests::earlier(&self.tables, command)? {
            self.result = CommandResult {
                repeated: true,
                ..earlier
            };
            return Ok(());
        }
        self.permitted(&command.credential)?;
        self.run(command.change.as_ref())?;
        let time = CommandResult {
            time: self.change.time,
            ..CommandResult::default()
        };
        self.put(key(SYSTEM, "time", &[]), &time);
        requests::remember(self, command)?;
        Ok(())
    }

    /// Refuses what a key asked that is not good any more: whoever checked it before may have been behind.
    fn permitted(&self, credential: &str) -> Result<(), Stop> {
        if credential.is_empty() {
            return Ok(());
        }
        let good = |row: KeyRow| {
            row.revoked.is_none() && (row.expires_at == 0 || self.change.time < row.expires_at)
        };
        match self.tables.key(credential)?.is_some_and(good) {
            true => Ok(()),
            false => refuse(Code::CredentialInvalid, "revoked or expired"),
        }
    }

    fn run(&mut self, change: Option<&Change>) -> Result<(), Stop> {
        let Some(change) = change else {
            return refuse(Code::InvalidRequest, "the command changes nothing");
        };
        if let Change::Bootstrap(bootstrap) = change {
            return organizations::bootstrap(self, bootstrap);
        }
        if self.tables.cluster()?.is_none() {
            return refuse(Code::NotFound, "the cluster is not bootstrapped");
        }
        if self.organization != SYSTEM && self.tables.organization(self.organization)?.is_none() {
            return refuse(Code::NotFound, "no such organization");
        }
        match change {
            Change::Bootstrap(_) => Ok(()),
            Change::CreateOrganization(create) => organizations::organization(self, create),
            Change::CreateProject(create) => organizations::project(self, create),
            Change::CreateEnvironment(create) => organizations::environment(self, create),
            Change::PutAgent(put) => organizations::agent(self, put),
            Change::CreateKey(create) => keys::create(self, create),
            Change::RevokeKey(revoke) => keys::revoke(self, revoke),
            Change::PublishPolicies(publish) => policies::publish(self, publish),
            Change::AddMember(add) => members::add(self, add),
            Change::PromoteMember(promote) => members::promote(self, promote),
            Change::RemoveMember(remove) => members::remove(self, remove),
            Change::Restore(restore) => restore::restore(self, restore),
        }
    }

    fn put(&mut self, key: Vec<u8>, row: &impl Message) {
        self.writes.push(Write {
            key,
            value: Some(row.encode_to_vec()),
        });
    }

    fn change(&self) -> Option<ChangeRow> {
        Some(self.change.clone())
    }

    fn require_project(&self, project: &str) -> Result<(), Stop> {
        match self.tables.project(self.organization, project)? {
            Some(_) => Ok(()),
            None => refuse(Code::NotFound, format!("no project `{project}`")),
        }
    }

    /// The scope of an environment that exists, with its row.
    fn require_environment(
        &self,
        project: &str,
        environment: &str,
    ) -> Result<(Scope, EnvironmentRow), Stop> {
        let scope = scope(self.organization, project, environment)?;
        match self.tables.environment(&scope)? {
            Some(row) => Ok((scope, row)),
            None => refuse(
                Code::NotFound,
                format!("no environment `{project}/{environment}`"),
            ),
        }
    }

    /// Writes the environment as changed by this command and tells those who watch.
    fn touch(&mut self, scope: Scope, mut row: EnvironmentRow) {
        row.bundle_revision = self.change.revision;
        row.bundle_time = self.change.time;
        self.put(scoped("environment", &scope, &[]), &row);
        let revision = Revision(self.change.revision);
        self.events.push(Event::BundleChanged { scope, revision });
    }

    /// Touches every environment of the organization that the test picks.
    fn touch_all(&mut self, picked: impl Fn(&Scope) -> bool) -> Result<(), Stop> {
        for row in self.tables.environments(self.organization, None)? {
            let scope = scope(self.organization, &row.project, &row.id)?;
            if picked(&scope) {
                self.touch(scope, row);
            }
        }
        Ok(())
    }
}

fn scope(organization: &str, project: &str, environment: &str) -> Result<Scope, Stop> {
    let invalid = |e: veto_core::id::InvalidId| Stop::Refused(Code::InvalidRequest, e.to_string());
    Ok(Scope {
        organization: OrganizationId::new(organization).map_err(invalid)?,
        project: ProjectId::new(project).map_err(invalid)?,
        environment: EnvironmentId::new(environment).map_err(invalid)?,
    })
}
