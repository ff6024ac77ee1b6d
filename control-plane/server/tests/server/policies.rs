//! Versions of policy sets: all or nothing, gapless, never changed.

use sha2::{Digest as _, Sha256};
use veto_core::Code;
use veto_proto::administration::v1 as api;
use veto_wire::status::{code_of, violations_of};

use crate::harness::{GOOD, World, code, file, good, narrow, not_found, scope, wide};

const BAD: &str = "apiVersion: veto/v1
kind: Policy
metadata:
  name: broken
subjects: { roles: [support] }
rules:
  - id: look-up
    tools: [orders.get]
    effect: perhaps
    arguments: any
";

#[tokio::test]
async fn a_published_set_is_given_back_as_it_was() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let ci = world
        .key(&admin, narrow(api::KeyKind::Ci, "shop", "dev"))
        .await;
    let text = GOOD.replace("name: orders", "name: more");
    let request = api::PublishPoliciesRequest {
        files: vec![file("b/more.yaml", &text), file("a/orders.yaml", GOOD)],
        message: "first".into(),
        source: "abc123".into(),
        ..good()
    };
    let version = ci.publish(request).await.unwrap().version.unwrap();
    assert_eq!(
        (version.version, version.parent, version.policy_count),
        (1, 0, 2)
    );
    assert_eq!(version.author, version.published.as_ref().unwrap().actor);
    assert_eq!(version.published.as_ref().unwrap().time, world.now().0);
    let mut digest = Sha256::new();
    for part in ["a/orders.yaml", GOOD, "b/more.yaml", &text] {
        digest.update(u64::try_from(part.len()).unwrap().to_le_bytes());
        digest.update(part);
    }
    assert_eq!(version.digest, digest.finalize().to_vec());
    let read = admin.version(scope("shop", "dev"), 0).await.unwrap();
    assert_eq!(read.version, Some(version));
    let files = [file("a/orders.yaml", GOOD), file("b/more.yaml", &text)];
    assert_eq!(read.files, files);
}

#[tokio::test]
async fn a_set_with_an_error_leaves_nothing_behind() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let request = api::PublishPoliciesRequest {
        files: vec![file("good.yaml", GOOD), file("bad.yaml", BAD)],
        request_id: "r-1".into(),
        ..good()
    };
    let refusal = admin.publish(request.clone()).await.unwrap_err();
    assert_eq!(code_of(&refusal), Some(Code::InvalidPolicy));
    let violations = violations_of(&refusal);
    let (place, problem) = &violations[0];
    assert!(place.starts_with("bad.yaml:9:"), "{violations:?}");
    assert!(problem.contains(": "), "{violations:?}");
    not_found(admin.version(scope("shop", "dev"), 0).await);

    let check = api::ValidatePoliciesRequest {
        files: request.files,
    };
    let found = admin.policies().validate_policies(check).await.unwrap();
    let found = found.into_inner().diagnostics;
    assert_eq!((found[0].path.as_str(), found[0].line), ("bad.yaml", 9));
    assert_eq!(found[0].severity(), api::Severity::Error);
    assert_eq!(problem.split(": ").next(), Some(found[0].code.as_str()));

    let request = api::PublishPoliciesRequest {
        request_id: "r-1".into(),
        ..good()
    };
    let version = admin.publish(request).await.unwrap().version.unwrap();
    assert_eq!(version.version, 1, "a refused request may be sent again");
}

#[tokio::test]
async fn who_builds_on_an_older_version_is_told() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let on = |parent: Option<u64>| api::PublishPoliciesRequest { parent, ..good() };
    for parent in [Some(0), Some(1), None] {
        admin.publish(on(parent)).await.unwrap();
    }
    for parent in [0, 2, 4] {
        assert_eq!(
            code(admin.publish(on(Some(parent))).await),
            Code::VersionConflict
        );
    }
    let request = api::ListPolicyVersionsRequest {
        scope: scope("shop", "dev"),
        page_size: 2,
        before_version: 0,
    };
    let page = |request| async {
        let answer = admin.policies().list_policy_versions(request).await?;
        let versions = answer.into_inner().versions.into_iter();
        Ok::<_, tonic::Status>(versions.map(|v| (v.version, v.parent)).collect::<Vec<_>>())
    };
    assert_eq!(page(request.clone()).await.unwrap(), [(3, 2), (2, 1)]);
    let next = api::ListPolicyVersionsRequest {
        before_version: 2,
        ..request.clone()
    };
    assert_eq!(page(next).await.unwrap(), [(1, 0)]);
    let large = api::ListPolicyVersionsRequest {
        page_size: 1001,
        ..request
    };
    assert_eq!(code(page(large).await), Code::InvalidRequest);
}

#[tokio::test]
async fn many_who_publish_at_once_make_each_version_once() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let tasks = (0..16).map(|_| {
        let admin = admin.clone();
        tokio::spawn(async move { admin.publish(good()).await.unwrap().version.unwrap() })
    });
    let mut versions = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        versions.push(task.await.unwrap().version);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=16).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_repeated_request_publishes_once_and_its_id_serves_no_other() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.create_environment("shop", "live").await.unwrap();
    let request = api::PublishPoliciesRequest {
        request_id: "r-1".into(),
        ..good()
    };
    let first = admin.publish(request.clone()).await.unwrap();
    admin.publish(good()).await.unwrap();
    let again = admin.publish(request.clone()).await.unwrap();
    assert_eq!(first, again);
    let newest = admin.version(scope("shop", "dev"), 0).await.unwrap();
    assert_eq!(newest.version.unwrap().version, 2);
    let elsewhere = api::PublishPoliciesRequest {
        scope: scope("shop", "live"),
        ..request.clone()
    };
    assert_eq!(code(admin.publish(elsewhere).await), Code::AlreadyExists);
    let globex = world.tenant("globex").await;
    globex.publish(request).await.unwrap();
}

#[tokio::test]
async fn what_is_no_set_of_files_is_refused() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    let with = |files| api::PublishPoliciesRequest { files, ..good() };
    let long = format!("{}.yaml", "x".repeat(256));
    let paths = [
        "",
        "/a.yaml",
        "a//b.yaml",
        "../a.yaml",
        "a/../b.yaml",
        "./a",
        "a\\b",
        "a\0",
        &long,
    ];
    for path in paths {
        let answer = admin.publish(with(vec![file(path, GOOD)])).await;
        assert_eq!(code(answer), Code::InvalidRequest, "{path:?}");
    }
    let large = "#".repeat((1 << 20) + 1);
    let most = &large[..1 << 20];
    let sets = [
        vec![file("a.yaml", GOOD), file("a.yaml", GOOD)],
        vec![file("a.yaml", &large)],
        (0..3).map(|n| file(&n.to_string(), most)).collect(),
        (0..1001).map(|n| file(&n.to_string(), "")).collect(),
    ];
    for files in sets {
        let count = files.len();
        let answer = admin.publish(with(files)).await;
        assert_eq!(code(answer), Code::InvalidRequest, "{count} files");
    }
    for scope in [None, scope("shop", ""), scope("", "dev")] {
        let request = api::PublishPoliciesRequest { scope, ..good() };
        assert_eq!(code(admin.publish(request).await), Code::InvalidRequest);
    }
    let nothing = api::ValidatePoliciesRequest::default();
    let answer = admin.policies().validate_policies(nothing).await;
    assert_eq!(code(answer), Code::InvalidRequest, "1 file is the least");
    let empty = admin
        .publish(with(Vec::new()))
        .await
        .unwrap()
        .version
        .unwrap();
    assert_eq!((empty.version, empty.policy_count), (1, 0));
}

#[tokio::test]
async fn a_pipeline_of_one_environment_publishes_there_alone() {
    let world = World::new().await;
    let admin = world.tenant("acme").await;
    admin.create_environment("shop", "live").await.unwrap();
    let ci = world
        .key(&admin, narrow(api::KeyKind::Ci, "shop", "dev"))
        .await;
    let to = |environment: &str| api::PublishPoliciesRequest {
        scope: scope("shop", environment),
        ..good()
    };
    ci.publish(to("dev")).await.unwrap();
    let live = not_found(ci.publish(to("live")).await);
    let none = not_found(ci.publish(to("none")).await);
    assert_eq!(live, none.replace("none", "live"));
    let wide = world.key(&admin, wide(api::KeyKind::Ci)).await;
    let none_at_all = not_found(wide.publish(to("none")).await);
    assert_eq!(none, none_at_all, "as if it were not there");
    not_found(ci.version(scope("shop", "dev"), 2).await);
}
