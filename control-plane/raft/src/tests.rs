//! The stores against openraft's own suite and a model, and the handle over restarts.

mod backup;
mod crash;
mod damage;
mod log;
mod model;
mod snapshot;

use std::path::PathBuf;

use openraft::testing::{StoreBuilder, Suite};
use tempfile::TempDir;
use veto_core::Code;
use veto_proto::storage::v1::{
    Bootstrap, Command, CommandResult, CreateOrganization, CreateProject, KeyRow, command::Change,
};
use veto_wire::status::Coded as _;

use crate::floor::Owner;
use crate::log::Log;
use crate::machine::Machine;
use crate::types::{StorageError, Types};
use crate::{Config, Handle};

/// Whose storage the tests open.
pub(crate) const NODE: Owner = Owner {
    cluster: None,
    node: 1,
};

struct Stores;

impl StoreBuilder<Types, Log, Machine, TempDir> for Stores {
    async fn build(&self) -> Result<(TempDir, Log, Machine), StorageError> {
        let directory = TempDir::new().unwrap();
        let log = Log::open(directory.path(), NODE, &open()).unwrap();
        let machine = Machine::open(directory.path(), &open()).unwrap();
        Ok((directory, log, machine))
    }
}

#[test]
fn the_stores_pass_the_suite_of_openraft() {
    Suite::test_all(Stores).unwrap();
}

fn command(organization: &str, change: Change) -> Command {
    Command {
        organization: organization.into(),
        change: Some(change),
        ..Command::default()
    }
}

fn bootstrap() -> Command {
    let key = Some(KeyRow {
        id: "root".into(),
        ..KeyRow::default()
    });
    command(
        "system",
        Change::Bootstrap(Bootstrap {
            cluster: "c".into(),
            key,
        }),
    )
}

fn organization(id: &str) -> Command {
    let admin_key = Some(KeyRow {
        id: format!("admin-{id}"),
        ..KeyRow::default()
    });
    let create = CreateOrganization {
        id: id.into(),
        display_name: id.into(),
        admin_key,
    };
    command("system", Change::CreateOrganization(create))
}

fn project(number: u64) -> Command {
    project_named(&format!("p{number}"))
}

fn project_named(id: &str) -> Command {
    let create = CreateProject {
        id: id.into(),
        ..CreateProject::default()
    };
    command("acme", Change::CreateProject(create))
}

async fn taken(handle: &Handle, command: Command) -> CommandResult {
    let result = handle.propose(command).await.unwrap();
    assert_eq!(result.error_code, "");
    result
}

fn config(directory: &TempDir) -> Config {
    Config {
        snapshot_after: 50,
        ..Config::new(PathBuf::from(directory.path()))
    }
}

async fn started(directory: &TempDir) -> Handle {
    Handle::start(config(directory)).await.unwrap()
}

/// A directory in memory where there is one: these tests are about the order of writes, not the disk.
fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap())
}

/// Stores whose closing is told to the other end.
fn opened_by(closed: tokio::sync::mpsc::Sender<()>) -> crate::database::Open {
    crate::database::Open::new(closed, crate::seams::Work::default())
}

/// Stores whose closing nobody waits for.
fn open() -> crate::database::Open {
    opened_by(tokio::sync::mpsc::channel(1).0)
}

fn projects(handle: &Handle) -> usize {
    handle.read(|tables| tables.projects("acme").unwrap().len())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_each_restart() {
    let directory = TempDir::new().unwrap();
    let mut acknowledged = 0;
    for round in 0..4 {
        let handle = started(&directory).await;
        if round == 0 {
            taken(&handle, bootstrap()).await;
            taken(&handle, organization("acme")).await;
        }
        assert_eq!(projects(&handle), acknowledged, "round {round}");
        let mut last = handle.applied();
        // More than a snapshot's worth, so that later rounds start from one.
        for _ in 0..70 {
            let result = taken(&handle, project(acknowledged as u64)).await;
            assert!(result.revision > last.0, "revisions only grow");
            last.0 = result.revision;
            acknowledged += 1;
        }
        handle.stop().await;
    }
    assert!(
        directory
            .path()
            .join("snapshots")
            .read_dir()
            .unwrap()
            .next()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_is_answered_with_its_code() {
    let directory = TempDir::new().unwrap();
    let handle = started(&directory).await;
    let refused = handle.propose(organization("acme")).await.unwrap();
    assert_eq!(
        refused.error_code,
        Code::NotFound.as_str(),
        "nothing before the bootstrap"
    );
    taken(&handle, bootstrap()).await;
    let again = handle.propose(bootstrap()).await.unwrap();
    assert_eq!(again.error_code, Code::AlreadyExists.as_str());
    let huge = Command {
        actor: "x".repeat(5 << 20),
        ..bootstrap()
    };
    assert_eq!(
        handle.propose(huge).await.unwrap_err().code(),
        Code::RequestTooLarge
    );
    handle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_are_all_kept() {
    let directory = TempDir::new().unwrap();
    let handle = started(&directory).await;
    taken(&handle, bootstrap()).await;
    taken(&handle, organization("acme")).await;
    let writers = (0..100).map(|number| {
        let handle = handle.clone();
        tokio::spawn(async move { taken(&handle, project(number)).await.revision })
    });
    let mut revisions = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        revisions.push(writer.await.unwrap());
    }
    revisions.sort_unstable();
    revisions.dedup();
    assert_eq!(revisions.len(), 100);
    handle.stop().await;
    let handle = started(&directory).await;
    assert_eq!(projects(&handle), 100);
    handle.stop().await;
}
