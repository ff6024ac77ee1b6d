//! Who may import whom. The table is the architecture: a change to it is a change of the house and
//! goes with a decision record.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

/// Package → what it may import of ours, directly. `veto-core` is open to all.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("veto-core", &[]),
    ("veto-history", &[]),
    ("veto-proto", &[]),
    ("veto-policy", &[]),
    ("veto-identity", &[]),
    ("veto-trail", &["veto-policy"]),
    (
        "veto-wire",
        &["veto-proto", "veto-policy", "veto-trail", "veto-identity"],
    ),
    ("veto-process", &["veto-wire"]),
    ("veto-state", &["veto-proto"]),
    (
        "veto-raft",
        &["veto-state", "veto-wire", "veto-proto", "veto-identity"],
    ),
    (
        "veto-server",
        &[
            "veto-process",
            "veto-raft",
            "veto-state",
            "veto-policy",
            "veto-wire",
            "veto-proto",
            "veto-identity",
        ],
    ),
    (
        "veto-data-plane",
        &[
            "veto-process",
            "veto-policy",
            "veto-trail",
            "veto-wire",
            "veto-proto",
            "veto-identity",
        ],
    ),
    (
        "veto-ledger",
        &[
            "veto-process",
            "veto-trail",
            "veto-wire",
            "veto-proto",
            "veto-identity",
        ],
    ),
    (
        "veto-dev",
        &[
            "veto-server",
            "veto-data-plane",
            "veto-ledger",
            "veto-wire",
            "veto-proto",
            "veto-identity",
        ],
    ),
    (
        "veto-cli",
        &[
            "veto-policy",
            "veto-trail",
            "veto-wire",
            "veto-proto",
            "veto-identity",
            "veto-raft",
            "veto-dev",
        ],
    ),
    (
        "veto-simulation",
        &[
            "veto-raft",
            "veto-state",
            "veto-history",
            "veto-wire",
            "veto-proto",
            "veto-identity",
        ],
    ),
    ("veto-bench-cluster", &["veto-proto", "veto-wire"]),
    ("veto-house", &[]),
    ("veto-fuzz-targets", &["veto-policy"]),
];

/// Crates that only one of ours may see.
const SEEN_BY_ONE: &[(&str, &str)] = &[
    ("openraft", "veto-raft"),
    ("rocksdb", "veto-raft"),
    ("rusqlite", "veto-ledger"),
];

/// Pure crates, and what would end that.
const PURE: &[&str] = &[
    "veto-core",
    "veto-policy",
    "veto-trail",
    "veto-state",
    "veto-identity",
];
const IMPURE: &[&str] = &[
    "tokio", "tonic", "hyper", "rocksdb", "rusqlite", "openraft", "axum",
];

fn direct_imports() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(crate::root().join("Cargo.toml"))
        .features(CargoOpt::SomeFeatures(Vec::new()))
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec()
        .unwrap();
    let normal = |package: &cargo_metadata::Package| {
        let kept = package
            .dependencies
            .iter()
            .filter(|d| d.kind == DependencyKind::Normal);
        (
            package.name.to_string(),
            kept.map(|d| d.name.clone()).collect(),
        )
    };
    metadata.packages.iter().map(normal).collect()
}

#[test]
fn every_import_stands_in_the_table() {
    let imports = direct_imports();
    let table: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    assert_eq!(
        imports.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        table.keys().copied().collect(),
        "a crate is missing in the table, or gone from the workspace",
    );
    for (package, dependencies) in &imports {
        for dependency in dependencies.iter().filter(|name| name.starts_with("veto-")) {
            let allowed =
                dependency == "veto-core" || table[package.as_str()].contains(&dependency.as_str());
            assert!(allowed, "{package} must not import {dependency}");
        }
    }
}

#[test]
fn each_storage_engine_is_seen_by_one_crate() {
    for (package, dependencies) in direct_imports() {
        for (engine, owner) in SEEN_BY_ONE {
            assert!(
                package == *owner || !dependencies.contains(*engine),
                "{package} sees {engine}"
            );
        }
    }
}

#[test]
fn pure_crates_know_no_socket_and_no_disk() {
    let imports = direct_imports();
    for package in PURE {
        for engine in IMPURE {
            assert!(
                !imports[*package].contains(*engine),
                "{package} imports {engine}"
            );
        }
    }
}

#[test]
fn the_data_plane_links_no_consensus_and_no_rocksdb() {
    let imports = direct_imports();
    let mut seen = BTreeSet::new();
    let mut open = vec!["veto-data-plane".to_owned()];
    while let Some(package) = open.pop() {
        for dependency in imports.get(&package).into_iter().flatten() {
            assert!(
                !["openraft", "rocksdb"].contains(&dependency.as_str()),
                "through {package}"
            );
            if seen.insert(dependency.clone()) {
                open.push(dependency.clone());
            }
        }
    }
}

#[test]
fn only_one_file_of_the_cli_touches_the_composition() {
    let mut users = Vec::new();
    crate::files::rust_files(&crate::root().join("cli"), &mut |path, text| {
        if text.contains("veto_dev") {
            users.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    });
    users.retain(|name| name != "dev.rs");
    assert_eq!(users, Vec::<String>::new());
}
