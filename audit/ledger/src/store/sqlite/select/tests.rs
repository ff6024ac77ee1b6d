use veto_core::{AgentId, OrganizationId};

use super::*;
use crate::Tenant;
use crate::filter::{Filter, Outcome};
use crate::glob::ToolGlob;
use crate::store::Position;
use crate::store::sqlite::database;

fn query(filter: Filter, order: Order) -> Query {
    Query {
        tenant: Tenant {
            organization: OrganizationId::new("acme").unwrap(),
            project: None,
            environment: None,
        },
        filter,
        order,
        after: Some(Position {
            time: Timestamp(5),
            arrival: 7,
        }),
        through: Some(9),
        limit: 10,
        bytes: 1000,
    }
}

/// How SQLite would run the query.
fn plan(query: &Query) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("db");
    drop(database::open_writer(&path).unwrap());
    let connection = database::open_reader(&path).unwrap();
    let statement = Statement::of(query).unwrap();
    let mut explain = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {}", statement.sql))
        .unwrap();
    let rows = explain.query_map(params_from_iter(statement.values), |row| {
        row.get::<_, String>(3)
    });
    rows.unwrap()
        .map(Result::unwrap)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_filter_is_answered_from_an_index_of_its_organization_in_the_order_of_pages() {
    let agent = Some(AgentId::new("bot").unwrap());
    let tool = |text: &str| Some(ToolGlob::new(text).unwrap());
    let filters = [
        (Filter::default(), "decisions_time (organization=?"),
        (
            Filter {
                agent,
                ..Filter::default()
            },
            "decisions_agent (organization=? AND agent=?",
        ),
        (
            Filter {
                tool: tool("a.b"),
                ..Filter::default()
            },
            "decisions_tool (organization=? AND tool=?",
        ),
        (
            Filter {
                tool: tool("a.*"),
                ..Filter::default()
            },
            "decisions_time (organization=?",
        ),
        (
            Filter {
                outcome: Some(Outcome::Deny),
                ..Filter::default()
            },
            "decisions_outcome (organization=? AND outcome=?",
        ),
        (
            Filter {
                trace_id: Some([1; 16]),
                ..Filter::default()
            },
            "decisions_trace (organization=? AND trace_id=?",
        ),
    ];
    for (filter, index) in filters {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let plan = plan(&query(filter.clone(), order));
            assert!(plan.contains(index), "{filter:?}: {plan}");
            assert!(
                !plan.contains("TEMP B-TREE"),
                "{filter:?} is sorted: {plan}"
            );
        }
        let plan = plan(&query(filter, Order::Arrival));
        assert!(plan.contains("INTEGER PRIMARY KEY (rowid>?") && !plan.contains("TEMP B-TREE"));
    }
}

#[test]
fn a_filter_outside_of_the_tenant_is_not_even_asked() {
    let mut query = query(Filter::default(), Order::NewestFirst);
    query.tenant.project = Some(veto_core::ProjectId::new("a").unwrap());
    query.filter.project = Some(veto_core::ProjectId::new("b").unwrap());
    assert!(Statement::of(&query).is_none());
}
