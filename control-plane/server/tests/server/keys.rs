//! Keys: made within the scope of who asks, shown once, revoked for good.

use veto_core::Code;
use veto_proto::administration::v1 as api;

use crate::harness::{World, bot, code, narrow, not_found, wide};

#[tokio::test]
async fn a_secret_is_shown_once_and_a_repeated_request_makes_no_second_key() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let before = admin.list_keys().await.len();
    let request = api::CreateKeyRequest {
        request_id: "r-1".into(),
        description: "for the pipeline".into(),
        ..wide(api::KeyKind::Ci)
    };
    let first = admin.create_key(request.clone()).await.unwrap();
    let again = admin.create_key(request.clone()).await.unwrap();
    assert!(first.secret_key.starts_with("veto_ci_"));
    assert_eq!(again.secret_key, "");
    assert_eq!(first.key, again.key);
    assert_eq!(admin.list_keys().await.len(), before + 1);
    let other = api::CreateKeyRequest {
        description: "for another".into(),
        ..request
    };
    assert_eq!(code(admin.create_key(other).await), Code::AlreadyExists);
    let shown = format!("{:?}", admin.list_keys().await);
    let secret = first.secret_key.rsplit('_').nth(1).unwrap();
    assert!(!shown.contains(secret));
}

#[tokio::test]
async fn an_organization_that_is_asked_for_twice_has_one_admin_key() {
    let world = World::new().await;
    let root = world.root().await;
    let request = api::CreateOrganizationRequest {
        id: "acme".into(),
        request_id: "r-1".into(),
        ..api::CreateOrganizationRequest::default()
    };
    let mut organizations = root.organizations();
    let first = organizations.create_organization(request.clone()).await;
    let again = organizations.create_organization(request).await;
    let (first, again) = (first.unwrap().into_inner(), again.unwrap().into_inner());
    assert_eq!(again.admin_key, "");
    assert_eq!(first.organization, again.organization);
    let admin = world.client(&first.admin_key).await;
    assert_eq!(admin.list_keys().await.len(), 1);
}

#[tokio::test]
async fn nobody_grants_what_they_lack() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.create_environment("shop", "live").await.unwrap();
    let shop = world
        .key(&admin, narrow(api::KeyKind::Admin, "shop", ""))
        .await;
    let dev = world
        .key(&shop, narrow(api::KeyKind::Admin, "shop", "dev"))
        .await;
    world
        .key(&dev, narrow(api::KeyKind::Ci, "shop", "dev"))
        .await;
    not_found(shop.create_key(wide(api::KeyKind::Admin)).await);
    not_found(dev.create_key(narrow(api::KeyKind::Ci, "shop", "")).await);
    let live = not_found(
        dev.create_key(narrow(api::KeyKind::Ci, "shop", "live"))
            .await,
    );
    let none = not_found(
        dev.create_key(narrow(api::KeyKind::Ci, "shop", "none"))
            .await,
    );
    assert_eq!(live, none.replace("none", "live"));
    let ids = |keys: Vec<api::Key>| keys.into_iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(dev.list_keys().await.len(), 2);
    assert_eq!(shop.list_keys().await.len(), 3);
    let all = ids(admin.list_keys().await);
    assert_eq!(all.len(), 4);
    assert!(all.is_sorted());
}

#[tokio::test]
async fn a_key_that_makes_no_sense_is_not_made() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let bad = [
        wide(api::KeyKind::Unspecified),
        wide(api::KeyKind::Agent),
        narrow(api::KeyKind::Agent, "shop", "dev"),
        narrow(api::KeyKind::Ci, "", "dev"),
        api::CreateKeyRequest {
            agents: vec!["bot".into()],
            ..wide(api::KeyKind::Ci)
        },
        api::CreateKeyRequest {
            expires_at: world.now().0,
            ..wide(api::KeyKind::Ci)
        },
        api::CreateKeyRequest {
            description: "x".repeat(257),
            ..wide(api::KeyKind::Ci)
        },
        api::CreateKeyRequest {
            kind: 99,
            ..api::CreateKeyRequest::default()
        },
    ];
    for request in bad {
        let shown = format!("{request:?}");
        assert_eq!(
            code(admin.create_key(request).await),
            Code::InvalidRequest,
            "{shown}"
        );
    }
    let ghost = api::CreateKeyRequest {
        agents: vec!["ghost".into()],
        ..bot()
    };
    not_found(admin.create_key(ghost).await);
    not_found(
        admin
            .create_key(narrow(api::KeyKind::Ci, "shop", "none"))
            .await,
    );
    let root = world.root().await;
    for kind in [api::KeyKind::Ci, api::KeyKind::Agent] {
        assert_eq!(
            code(root.create_key(wide(kind)).await),
            Code::InvalidRequest
        );
    }
    for kind in [api::KeyKind::Node, api::KeyKind::Admin] {
        root.create_key(wide(kind)).await.unwrap();
    }
}

#[tokio::test]
async fn a_key_is_revoked_by_its_own_organization_alone() {
    let world = World::new().await;
    let acme = world.tenant("acme").await;
    let globex = world.tenant("globex").await;
    let made = acme.create_key(wide(api::KeyKind::Ci)).await.unwrap();
    let id = made.key.unwrap().id;
    let theirs = not_found(globex.revoke_key(&id).await);
    let nobodys = not_found(globex.revoke_key("k-none").await);
    assert_eq!(theirs.replace(&id, "k-none"), nobodys);
    let root = world.root().await;
    not_found(root.revoke_key(&id).await);
    let narrow = world
        .key(&acme, narrow(api::KeyKind::Admin, "shop", ""))
        .await;
    not_found(narrow.revoke_key(&id).await);

    let client = world.client(&made.secret_key).await;
    assert!(client.environments("").await.is_ok());
    let first = acme.revoke_key(&id).await.unwrap();
    assert_eq!(code(client.environments("").await), Code::CredentialInvalid);
    assert!(first.key.as_ref().unwrap().revoked);
    let again = acme.revoke_key(&id).await.unwrap();
    assert_eq!(first, again, "a second revocation changes nothing");
}
