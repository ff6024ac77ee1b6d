//! Tenants do not see each other; what is outside is as if it were not there.

use veto_core::Code;
use veto_proto::administration::v1 as api;

use crate::harness::{World, agent, code, narrow, not_found, scope, wide};

#[tokio::test]
async fn two_organizations_have_the_same_names_and_see_only_their_own() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let globex = world.tenant("globex").await;
    globex.create_environment("shop", "secret").await.unwrap();
    assert_eq!(acme.environments("").await.unwrap(), ["shop/dev"]);
    assert_eq!(
        globex.environments("shop").await.unwrap(),
        ["shop/dev", "shop/secret"]
    );
    let organizations = |client: crate::harness::Client| async move {
        let request = api::ListOrganizationsRequest {};
        let answer = client.organizations().list_organizations(request).await;
        let rows = answer.unwrap().into_inner().organizations;
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(organizations(acme.clone()).await, ["acme"]);
    assert_eq!(organizations(world.root().await).await, ["acme", "globex"]);

    let theirs = not_found(acme.version(scope("shop", "secret"), 0).await);
    let nobodys = not_found(acme.version(scope("shop", "nothing"), 0).await);
    assert_eq!(theirs.replace("secret", "nothing"), nobodys);
    assert_eq!(code(acme.create_project("shop").await), Code::AlreadyExists);
}

#[tokio::test]
async fn only_the_system_makes_organizations_and_it_has_no_projects() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let make = |id: &str| api::CreateOrganizationRequest {
        id: id.into(),
        ..api::CreateOrganizationRequest::default()
    };
    let answer = acme
        .organizations()
        .create_organization(make("other"))
        .await;
    assert_eq!(code(answer), Code::PermissionDenied);
    let root = world.root().await;
    for taken in ["acme", "system"] {
        let answer = root.organizations().create_organization(make(taken)).await;
        assert_eq!(code(answer), Code::AlreadyExists, "{taken}");
    }
    for bad in ["", "Acme", "a/b", "-a", &"a".repeat(64)] {
        let answer = root.organizations().create_organization(make(bad)).await;
        assert_eq!(code(answer), Code::InvalidRequest, "{bad:?}");
    }
    assert_eq!(
        code(root.create_project("shop").await),
        Code::InvalidRequest
    );
}

#[tokio::test]
async fn a_narrow_admin_reaches_its_project_alone() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.create_project("bank").await.unwrap();
    admin.create_environment("bank", "dev").await.unwrap();
    let shop = world
        .key(&admin, narrow(api::KeyKind::Admin, "shop", ""))
        .await;
    assert_eq!(
        code(shop.create_project("new").await),
        Code::PermissionDenied
    );
    assert_eq!(shop.environments("").await.unwrap(), ["shop/dev"]);
    shop.create_environment("shop", "test").await.unwrap();
    let outside = not_found(shop.create_environment("bank", "test").await);
    let nowhere = not_found(shop.create_environment("tank", "test").await);
    assert_eq!(outside, nowhere.replace("tank", "bank"));
    let outside = not_found(shop.environments("bank").await);
    let nowhere = not_found(shop.environments("tank").await);
    assert_eq!(outside, nowhere.replace("tank", "bank"));
    let foreign = api::Agent {
        project: "bank".into(),
        ..agent("teller")
    };
    not_found(shop.put_agent(foreign).await);
    let dev = world
        .key(&admin, narrow(api::KeyKind::Ci, "shop", "dev"))
        .await;
    assert_eq!(dev.environments("shop").await.unwrap(), ["shop/dev"]);
    let request = api::ListProjectsRequest {};
    let projects = dev.organizations().list_projects(request).await.unwrap();
    let names: Vec<_> = projects.into_inner().projects;
    assert_eq!(
        names.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(),
        ["shop"]
    );
}

#[tokio::test]
async fn every_field_is_checked_and_named() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let too_many = api::Agent {
        roles: (0..65).map(|n| format!("r{n}")).collect(),
        ..agent("bot")
    };
    let owner = api::Agent {
        owner: "x".repeat(257),
        ..agent("bot")
    };
    let bad_role = api::Agent {
        roles: vec!["A role".into()],
        ..agent("bot")
    };
    for agent in [agent("Bot"), too_many, owner, bad_role] {
        assert_eq!(code(admin.put_agent(agent).await), Code::InvalidRequest);
    }
    let missing = admin
        .agents()
        .put_agent(api::PutAgentRequest::default())
        .await;
    assert_eq!(code(missing), Code::InvalidRequest);
    for bad in ["A B", "a\0b", "../x"] {
        assert_eq!(
            code(admin.environments(bad).await),
            Code::InvalidRequest,
            "{bad:?}"
        );
    }
    let hasty = api::CreateEnvironmentRequest {
        project: "shop".into(),
        id: "hasty".into(),
        staleness_seconds: 9,
        ..api::CreateEnvironmentRequest::default()
    };
    let answer = admin.organizations().create_environment(hasty).await;
    assert_eq!(code(answer), Code::InvalidRequest);
    for id in ["x".repeat(129), "a\0b".to_owned()] {
        let request = api::CreateKeyRequest {
            request_id: id,
            ..wide(api::KeyKind::Ci)
        };
        assert_eq!(code(admin.create_key(request).await), Code::InvalidRequest);
    }
}

#[tokio::test]
async fn an_agent_is_kept_as_it_was_put_last() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let put = api::Agent {
        roles: vec!["support".into(), "finance".into(), "support".into()],
        labels: [("team".to_owned(), "blue".to_owned())].into(),
        disabled: true,
        ..agent("bot")
    };
    let kept = admin.put_agent(put).await.unwrap();
    assert_eq!(kept.roles, ["finance", "support"]);
    assert_eq!(kept.display_name, "bot");
    let project = "shop".into();
    let request = api::ListAgentsRequest { project };
    let listed = admin.agents().list_agents(request).await.unwrap();
    assert_eq!(listed.into_inner().agents, [kept]);
    let request = api::ListAgentsRequest {
        project: "none".into(),
    };
    not_found(admin.agents().list_agents(request).await);
}
