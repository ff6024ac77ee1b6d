//! The laws of the replicated state, over the public API and rows in memory.
#![expect(clippy::unwrap_used, reason = "a test may fail so")]

mod members;
mod requests;
mod restore;

use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message as _;
use veto_core::{Code, EnvironmentId, OrganizationId, ProjectId, Revision, Scope};
use veto_proto::storage::v1::{
    AgentRow, Bootstrap, BundlePolicy, Command, CommandResult, CreateEnvironment, CreateKey,
    CreateOrganization, CreateProject, KeyRow, PublishPolicies, PutAgent, RevokeKey,
    command::Change,
};
use veto_state::{Applied, Event, Tables, apply};

type Store = BTreeMap<Vec<u8>, Vec<u8>>;

/// A replica that applies commands one by one.
#[derive(Default)]
struct Replica {
    rows: Store,
    revision: u64,
}

impl Replica {
    fn run(&mut self, command: &Command) -> Applied {
        self.revision += 1;
        let applied = apply(&self.rows, Revision(self.revision), command).unwrap();
        for write in &applied.writes {
            match &write.value {
                Some(value) => self.rows.insert(write.key.clone(), value.clone()),
                None => self.rows.remove(&write.key),
            };
        }
        applied
    }

    fn change(&mut self, organization: &str, change: Change) -> CommandResult {
        self.run(&command(organization, 1_000, "", change)).result
    }
}

fn command(organization: &str, time: i64, request_id: &str, change: Change) -> Command {
    Command {
        actor: "k0".into(),
        time,
        request_id: request_id.into(),
        organization: organization.into(),
        credential: String::new(),
        change: Some(change),
    }
}

fn key(id: &str) -> KeyRow {
    KeyRow {
        id: id.into(),
        kind: "admin".into(),
        ..KeyRow::default()
    }
}

fn publish(environment: &str, text: &str, parent: Option<u64>) -> Change {
    Change::PublishPolicies(PublishPolicies {
        project: "shop".into(),
        environment: environment.into(),
        files: vec![BundlePolicy {
            path: "a.yaml".into(),
            text: text.into(),
        }],
        parent,
        ..PublishPolicies::default()
    })
}

fn scope(organization: &str, environment: &str) -> Scope {
    Scope {
        organization: OrganizationId::new(organization).unwrap(),
        project: ProjectId::new("shop").unwrap(),
        environment: EnvironmentId::new(environment).unwrap(),
    }
}

/// Two organizations with a project, two environments and an agent each.
fn replica() -> Replica {
    let mut replica = Replica::default();
    let bootstrap = Bootstrap {
        cluster: "c".into(),
        key: Some(key("root")),
    };
    assert_eq!(
        replica
            .change("system", Change::Bootstrap(bootstrap))
            .error_code,
        ""
    );
    for id in ["acme", "globex"] {
        let create = CreateOrganization {
            id: id.into(),
            display_name: id.into(),
            admin_key: Some(key(&format!("admin-{id}"))),
        };
        replica.change("system", Change::CreateOrganization(create));
        let project = CreateProject {
            id: "shop".into(),
            display_name: String::new(),
        };
        replica.change(id, Change::CreateProject(project));
        for environment in ["dev", "production"] {
            let create = CreateEnvironment {
                project: "shop".into(),
                id: environment.into(),
                staleness_seconds: 60,
            };
            assert_eq!(
                replica
                    .change(id, Change::CreateEnvironment(create))
                    .error_code,
                ""
            );
        }
        let agent = AgentRow {
            project: "shop".into(),
            id: "bot".into(),
            ..AgentRow::default()
        };
        replica.change(id, Change::PutAgent(PutAgent { agent: Some(agent) }));
    }
    replica
}

#[test]
fn a_bootstrap_is_taken_once() {
    let mut replica = replica();
    let again = Bootstrap {
        cluster: "other".into(),
        key: Some(key("thief")),
    };
    let result = replica.change("system", Change::Bootstrap(again));
    assert_eq!(result.error_code, Code::AlreadyExists.as_str());
    assert_eq!(
        Tables(&replica.rows).cluster().unwrap().as_deref(),
        Some("c")
    );
    assert!(Tables(&replica.rows).key("thief").unwrap().is_none());
}

#[test]
fn a_publish_makes_the_next_version_and_only_its_environment_changes() {
    let mut replica = replica();
    let before = Tables(&replica.rows)
        .bundle(&scope("acme", "production"))
        .unwrap();
    for version in 1..=3 {
        let applied = replica.run(&command("acme", 1_000, "", publish("dev", "x", None)));
        assert_eq!(applied.result.policy_version, version);
        let revision = Revision(applied.result.revision);
        let scope = scope("acme", "dev");
        assert_eq!(
            applied.events,
            vec![Event::BundleChanged { scope, revision }]
        );
    }
    let tables = Tables(&replica.rows);
    assert_eq!(tables.bundle(&scope("acme", "production")).unwrap(), before);
    let bundle = tables.bundle(&scope("acme", "dev")).unwrap().unwrap();
    assert_eq!(
        (bundle.policy_version, bundle.revision),
        (3, replica.revision)
    );
    let versions = tables
        .policy_versions(&scope("acme", "dev"), 3, 10)
        .unwrap();
    assert_eq!(
        versions.iter().map(|v| v.version).collect::<Vec<_>>(),
        [2, 1]
    );
}

#[test]
fn a_lost_race_is_told_and_leaves_nothing() {
    let mut replica = replica();
    replica.change("acme", publish("dev", "one", Some(0)));
    let rows = replica.rows.clone();
    let result = replica.change("acme", publish("dev", "two", Some(0)));
    assert_eq!(result.error_code, Code::VersionConflict.as_str());
    assert_eq!(replica.rows, rows);
}

#[test]
fn a_revoked_key_stands_in_the_bundles_that_it_covers() {
    let mut replica = replica();
    let agent_key = KeyRow {
        kind: "agent".into(),
        project: "shop".into(),
        environment: "dev".into(),
        agents: vec!["bot".into()],
        ..key("k1")
    };
    replica.change(
        "acme",
        Change::CreateKey(CreateKey {
            key: Some(agent_key),
        }),
    );
    let revoke = Change::RevokeKey(RevokeKey {
        id: "k1".into(),
        reason: "leaked".into(),
    });
    let foreign = replica.change("globex", revoke.clone());
    assert_eq!(
        foreign.error_code,
        Code::NotFound.as_str(),
        "another organization's key"
    );
    replica.change("acme", revoke);
    let revoked = |environment| {
        let bundle = Tables(&replica.rows)
            .bundle(&scope("acme", environment))
            .unwrap();
        bundle.unwrap().revoked_keys
    };
    assert_eq!(revoked("dev"), ["k1"]);
    assert!(revoked("production").is_empty());
}

#[test]
fn applied_time_never_runs_backwards() {
    let mut replica = replica();
    replica.run(&command("acme", 9_000, "", publish("dev", "x", None)));
    let late = replica.run(&command("acme", 5, "", publish("dev", "x", None)));
    assert_eq!(late.result.time, 9_000);
}

#[test]
fn a_missing_thing_is_not_found_and_leaves_nothing() {
    let mut replica = replica();
    let rows = replica.rows.clone();
    let nowhere = CreateEnvironment {
        project: "none".into(),
        id: "dev".into(),
        ..Default::default()
    };
    let nobody = KeyRow {
        project: "shop".into(),
        agents: vec!["nobody".into()],
        ..key("k9")
    };
    let changes = [
        ("nowhere", publish("dev", "x", None)),
        ("acme", publish("none", "x", None)),
        ("acme", Change::CreateEnvironment(nowhere)),
        ("acme", Change::CreateKey(CreateKey { key: Some(nobody) })),
        (
            "acme",
            Change::RevokeKey(RevokeKey {
                id: "none".into(),
                ..RevokeKey::default()
            }),
        ),
    ];
    for (organization, change) in changes {
        let result = replica.change(organization, change);
        assert_eq!(result.error_code, Code::NotFound.as_str());
    }
    assert_eq!(replica.rows, rows);
}

fn any_change() -> impl Strategy<Value = Change> {
    let environment = prop_oneof![Just("dev"), Just("production"), Just("none")];
    let publishes = (environment, "[a-c]", proptest::option::of(0_u64..4))
        .prop_map(|(environment, text, parent)| publish(environment, &text, parent));
    let keys = "[k-m]".prop_map(|id| {
        Change::CreateKey(CreateKey {
            key: Some(key(&id)),
        })
    });
    let revokes = "[k-m]".prop_map(|id| {
        Change::RevokeKey(RevokeKey {
            id,
            reason: String::new(),
        })
    });
    let agents = ("[x-z]", any::<bool>()).prop_map(|(id, disabled)| {
        let agent = AgentRow {
            project: "shop".into(),
            id,
            disabled,
            ..AgentRow::default()
        };
        Change::PutAgent(PutAgent { agent: Some(agent) })
    });
    prop_oneof![publishes, keys, revokes, agents]
}

fn any_command() -> impl Strategy<Value = Command> {
    let organization = prop_oneof![Just("acme"), Just("globex"), Just("none")];
    let request = prop_oneof![Just(String::new()), "[r-t]"];
    (organization, 0_i64..1_000_000, request, any_change()).prop_map(
        |(organization, time, request, change)| command(organization, time, &request, change),
    )
}

proptest! {
    #[test]
    fn replicas_agree_and_tenants_never_meet(commands in proptest::collection::vec(any_command(), 0..40)) {
        let (mut one, mut two) = (replica(), replica());
        for command in &commands {
            let globex = |rows: &Store| -> Vec<_> {
                rows.iter().filter(|(k, _)| k.starts_with(b"globex\0")).map(|(k, v)| (k.clone(), v.clone())).collect()
            };
            let before = globex(&one.rows);
            let applied = one.run(command);
            prop_assert_eq!(&applied, &two.run(&Command::decode(command.encode_to_vec().as_slice()).unwrap()));
            if command.organization != "globex" {
                prop_assert_eq!(globex(&one.rows), before);
            }
            let refused = !applied.result.error_code.is_empty();
            prop_assert!(!refused || (applied.writes.is_empty() && applied.events.is_empty()));
        }
        prop_assert_eq!(&one.rows, &two.rows);
        for organization in ["acme", "globex"] {
            for environment in Tables(&one.rows).environments(organization, None).unwrap() {
                let scope = scope(organization, &environment.id);
                let versions = Tables(&one.rows).policy_versions(&scope, 0, 100).unwrap();
                let numbers: Vec<_> = versions.iter().rev().map(|v| v.version).collect();
                prop_assert_eq!(numbers, (1..=environment.policy_version).collect::<Vec<_>>());
            }
        }
    }
}
