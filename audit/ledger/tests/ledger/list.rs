//! What people read, page by page: what they ask for, and nothing of others.

use veto_core::{Code, EnvironmentId, ProjectId, Timestamp};
use veto_identity::KeyKind;
use veto_proto::records::v1::{RecordFilter, StoredRecord};

use crate::harness::{Grant, NOON, Node, World, code, sequences};

/// Ten decisions of `acme` at sequences 1 to 10, one of `globex` at 11.
async fn filled() -> World {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    for sequence in 1..=10 {
        node.decide_with("acme", |d| {
            d.outcome = if sequence % 5 == 0 { "deny" } else { "allow" }.into();
            d.agent = if sequence <= 3 { "bot-a" } else { "bot-b" }.into();
            d.tool = ["crm.read", "crm.contacts.export", "mail/send"][sequence % 3].into();
            if sequence > 8 {
                d.scope.project = ProjectId::new("bank").unwrap();
            }
            if sequence == 2 {
                d.scope.environment = EnvironmentId::new("production").unwrap();
                d.trace_id = Some([9; 16]);
            }
        });
    }
    node.decide("globex");
    world.system_node().await.append(&node, 0).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_filter_chooses() {
    let world = filled().await;
    let admin = world.admin("acme").await;
    let chosen = |change: fn(&mut RecordFilter)| {
        let admin = admin.clone();
        async move {
            let mut filter = RecordFilter::default();
            change(&mut filter);
            // Pages of one size are as good as pages of another.
            let large = sequences(&admin.list(filter.clone(), 1000).await);
            assert_eq!(sequences(&admin.list(filter, 1).await), large);
            large
        }
    };
    assert_eq!(chosen(|_| {}).await, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(chosen(|f| f.outcome = "deny".into()).await, [10, 5]);
    assert_eq!(chosen(|f| f.outcome = "approval".into()).await, [0_u64; 0]);
    assert_eq!(chosen(|f| f.agent = "bot-a".into()).await, [3, 2, 1]);
    assert_eq!(chosen(|f| f.tool = "crm.read".into()).await, [9, 6, 3]);
    assert_eq!(chosen(|f| f.tool = "crm.*".into()).await, [9, 6, 3]);
    assert_eq!(
        chosen(|f| f.tool = "crm.**".into()).await,
        [10, 9, 7, 6, 4, 3, 1]
    );
    assert_eq!(chosen(|f| f.tool = "**.export".into()).await, [10, 7, 4, 1]);
    assert_eq!(chosen(|f| f.project = "bank".into()).await, [10, 9]);
    assert_eq!(chosen(|f| f.environment = "production".into()).await, [2]);
    assert_eq!(chosen(|f| f.trace_id = vec![9; 16]).await, [2]);
    assert_eq!(
        chosen(|f| (f.from, f.until) = (NOON.0 + 3, NOON.0 + 6)).await,
        [5, 4, 3]
    );
    let several: fn(&mut RecordFilter) = |f| {
        f.agent = "bot-b".into();
        f.tool = "crm.**".into();
        f.until = NOON.0 + 9;
        f.project = "shop".into();
        f.environment = "dev".into();
    };
    assert_eq!(chosen(several).await, [7, 6, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_its_own_records_alone() {
    let world = filled().await;
    let own = |records: &[StoredRecord], organization: &str| {
        records.iter().all(|r| {
            r.decision
                .as_ref()
                .unwrap()
                .scope
                .as_ref()
                .unwrap()
                .organization
                == organization
        })
    };
    let globex = world.admin("globex").await.all().await;
    assert!(globex.len() == 1 && own(&globex, "globex"));
    let acme = world.admin("acme").await.all().await;
    assert!(acme.len() == 10 && own(&acme, "acme"));
    assert_eq!(
        world.admin("system").await.all().await,
        [],
        "those who run the cluster read nothing"
    );
    assert_eq!(world.admin("initech").await.all().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_credential_narrows_every_read() {
    let world = filled().await;
    let grant = Grant::new(KeyKind::Ci, "acme");
    let bank = world
        .client(Grant {
            project: Some("bank"),
            ..grant
        })
        .await;
    assert_eq!(sequences(&bank.all().await), [10, 9]);
    let elsewhere = RecordFilter {
        project: "shop".into(),
        ..RecordFilter::default()
    };
    assert_eq!(bank.list(elsewhere, 100).await, [], "empty, not forbidden");
    let place = Grant {
        project: Some("shop"),
        environment: Some("production"),
        ..grant
    };
    assert_eq!(sequences(&world.client(place).await.all().await), [2]);
    let environment = Grant {
        environment: Some("production"),
        ..grant
    };
    assert_eq!(sequences(&world.client(environment).await.all().await), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_instant_are_paged_without_loss_or_repetition() {
    let world = World::new().await;
    let system = world.system_node().await;
    for boot in 1..=3 {
        let mut node = Node::boot(&format!("node-{boot}"), boot);
        for index in 0..20 {
            node.decide_at(Timestamp(NOON.0 + index / 10), "acme", |_| {});
        }
        system.append(&node, 0).await.unwrap();
    }
    let admin = world.admin("acme").await;
    let all = admin.all().await;
    assert_eq!(all.len(), 60);
    assert!(
        all.windows(2).all(|pair| pair[0].time >= pair[1].time),
        "newest first"
    );
    for size in [1, 7, 59, 60, 61] {
        assert_eq!(
            admin.list(RecordFilter::default(), size).await,
            all,
            "pages of {size}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_serves_its_own_credential_scope_and_filter_alone() {
    let world = filled().await;
    let acme = world.admin("acme").await;
    let filter = RecordFilter::default();
    let token = acme
        .page(filter.clone(), 3, "")
        .await
        .unwrap()
        .next_page_token;
    let next = acme.page(filter.clone(), 2, &token).await.unwrap();
    assert_eq!(sequences(&next.records), [7, 6]);

    let refused = |client: crate::harness::Client, filter: RecordFilter, token: String| async move {
        code(client.page(filter, 3, &token).await)
    };
    let globex = world.admin("globex").await;
    assert_eq!(
        refused(globex, filter.clone(), token.clone()).await,
        Code::InvalidRequest
    );
    let narrow = Grant {
        project: Some("shop"),
        ..Grant::new(KeyKind::Admin, "acme")
    };
    let narrow = world.client(narrow).await;
    assert_eq!(
        refused(narrow, filter.clone(), token.clone()).await,
        Code::InvalidRequest
    );
    let other = RecordFilter {
        agent: "bot-a".into(),
        ..filter.clone()
    };
    assert_eq!(
        refused(acme.clone(), other, token.clone()).await,
        Code::InvalidRequest
    );
    let mut forged = token.clone();
    forged.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    assert_eq!(refused(acme, filter, forged).await, Code::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_request_is_refused_by_field() {
    let world = filled().await;
    let admin = world.admin("acme").await;
    let refused = |change: fn(&mut RecordFilter), size| {
        let admin = admin.clone();
        async move {
            let mut filter = RecordFilter::default();
            change(&mut filter);
            let status = admin.page(filter, size, "").await.unwrap_err();
            let message = status.message().to_owned();
            assert_eq!(code(Err::<(), _>(status)), Code::InvalidRequest);
            message
        }
    };
    assert!(
        refused(|f| f.outcome = "maybe".into(), 1)
            .await
            .contains("filter.outcome")
    );
    assert!(
        refused(|f| f.tool = "a b".into(), 1)
            .await
            .contains("filter.tool")
    );
    assert!(
        refused(|f| f.project = "A".into(), 1)
            .await
            .contains("filter.project")
    );
    assert!(
        refused(|f| f.trace_id = vec![1; 15], 1)
            .await
            .contains("filter.trace_id")
    );
    assert!(refused(|_| {}, 1001).await.contains("page_size"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_large_records_fits_into_a_message() {
    let world = World::new().await;
    let client = world.system_node().await;
    let mut node = Node::boot("node-1", 1);
    for _ in 0..24 {
        let first = if node.next() == 1 { 0 } else { node.next() };
        node.decide_with("acme", |d| {
            d.arguments_json = format!("\"{}\"", "x".repeat(300_000))
        });
        client.append(&node, first).await.unwrap();
    }
    let admin = world.admin("acme").await;
    let first = admin.page(RecordFilter::default(), 1000, "").await.unwrap();
    assert!(first.records.len() < 24 && !first.next_page_token.is_empty());
    assert_eq!(admin.all().await.len(), 24);
}
