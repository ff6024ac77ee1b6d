//! Whoever runs the cluster: sets it up and changes its members, one thing after the other, each until it
//! is done.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use veto_proto::storage::v1::{
    AddMember, Bootstrap, Command, CreateEnvironment, CreateOrganization, CreateProject, KeyRow,
    RemoveMember, command::Change,
};

use crate::calls::{Answer, Call, Key, ORGANIZATION, PROJECT, Request};
use crate::cluster;
use crate::dice::Dice;
use crate::load::KEYS;
use crate::shared::Shared;
use crate::trace::What;

const SYSTEM: &str = "system";

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Make what clients write to.
    SetUp,
    /// Add a member on a host.
    Add {
        /// The host.
        host: usize,
        /// Whether it votes.
        voter: bool,
        /// The host whose member goes instead.
        replaces: Option<usize>,
    },
    /// Remove the member on a host.
    Remove(usize),
    /// Write and read over a host, to see that it works.
    Try(usize),
}

/// Does jobs as they come.
pub async fn run(shared: Shared, dice: Dice) {
    let mut number = 0;
    loop {
        let Some(job) = shared.with(|state| state.jobs.front().cloned()) else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        shared.push(0, 0, What::Asks(format!("{job:?}")));
        do_job(&shared, &dice, &job, &mut number).await;
        shared.push(0, 0, What::Hears(format!("{job:?} is done")));
        shared.with(|state| state.jobs.pop_front());
    }
}

fn key(id: &str) -> Option<KeyRow> {
    Some(KeyRow {
        id: id.into(),
        ..KeyRow::default()
    })
}

async fn do_job(shared: &Shared, dice: &Dice, job: &Job, number: &mut u64) {
    let member = |host: usize| shared.with(|state| state.hosts[host].member.unwrap_or_default());
    let mut all = Vec::new();
    match job {
        Job::SetUp => {
            let cluster = shared.with(|state| state.cluster.clone());
            let key = key("root");
            all.push((SYSTEM, Change::Bootstrap(Bootstrap { cluster, key })));
            all.extend(tenant());
        }
        Job::Add {
            host,
            voter,
            replaces,
        } => {
            let add = AddMember {
                address: cluster::address(*host),
                voter: *voter,
                replaces: replaces.map_or(0, member),
            };
            all.push((SYSTEM, Change::AddMember(add)));
        }
        Job::Remove(host) => {
            let remove = RemoveMember { id: member(*host) };
            all.push((SYSTEM, Change::RemoveMember(remove)));
        }
        Job::Try(host) => {
            let project = CreateProject {
                id: format!("try-{host}-{number}"),
                ..CreateProject::default()
            };
            all.push((ORGANIZATION, Change::CreateProject(project)));
        }
    }
    let at = match job {
        Job::Try(host) => Some(*host),
        Job::SetUp | Job::Add { .. } | Job::Remove(_) => None,
    };
    for (organization, change) in all {
        *number += 1;
        let command = Command {
            actor: "admin".into(),
            request_id: format!("admin-{number}"),
            organization: organization.into(),
            change: Some(change),
            ..Command::default()
        };
        let revision = until_done(shared, dice, &command, at).await;
        if let Job::Add { host, .. } = job {
            shared.with(|state| {
                let host = &mut state.hosts[*host];
                host.member = revision;
                host.gone = revision.is_none();
            });
        }
    }
    if let Job::Try(host) = job {
        let key = Key::Agent(0);
        let call = Call::Read { key, confirm: true };
        while !matches!(
            ask(shared, dice, call.clone(), Some(*host)).await,
            Some(Answer::Value(..))
        ) {
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn tenant() -> Vec<(&'static str, Change)> {
    let organization = CreateOrganization {
        id: ORGANIZATION.into(),
        display_name: String::new(),
        admin_key: key("admin"),
    };
    let project = CreateProject {
        id: PROJECT.into(),
        ..CreateProject::default()
    };
    let mut all = vec![
        (SYSTEM, Change::CreateOrganization(organization)),
        (ORGANIZATION, Change::CreateProject(project)),
    ];
    for number in 0..KEYS {
        let environment = CreateEnvironment {
            project: PROJECT.into(),
            id: Key::Environment(number).to_string(),
            ..CreateEnvironment::default()
        };
        all.push((ORGANIZATION, Change::CreateEnvironment(environment)));
    }
    all
}

/// Asks until it took effect, and gives its revision; or `None` when it cannot.
async fn until_done(
    shared: &Shared,
    dice: &Dice,
    command: &Command,
    at: Option<usize>,
) -> Option<u64> {
    loop {
        let call = Call::Propose(Box::new(command.clone()));
        if let Some(Answer::Done(result)) = ask(shared, dice, call, at).await {
            if !result.error_code.is_empty() {
                let refused = format!("refused: {} {}", result.error_code, result.error_message);
                shared.push(0, 0, What::Hears(refused));
                return None;
            }
            return Some(result.revision);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

async fn ask(shared: &Shared, dice: &Dice, call: Call, at: Option<usize>) -> Option<Answer> {
    let inboxes = shared.with(|state| {
        let hosts = state.hosts.iter().enumerate();
        let picked = hosts.filter(|(number, _)| at.is_none_or(|at| at == *number));
        let serving = picked.filter_map(|(_, host)| host.inbox.clone());
        serving.collect::<Vec<_>>()
    });
    let inbox = dice.pick(&inboxes)?;
    let (reply, answer) = oneshot::channel();
    inbox.send(Request { call, reply }).ok()?;
    timeout(Duration::from_secs(5), answer).await.ok()?.ok()
}
