//! Files that people keep: the examples and the documentation's policies, formatted and printed.

use std::path::{Path, PathBuf};

use serde_json::Value;
use veto_policy::{Source, compile, format, print};

/// All policy texts of the repository: examples, the conformance corpus, and blocks of the documentation.
pub(crate) fn texts() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for path in files(&root.join("examples"), "yaml") {
        let text = std::fs::read_to_string(&path).unwrap();
        found.push(Source {
            path: path.display().to_string(),
            text,
        });
    }
    for path in files(&root.join("policy/corpus"), "yaml") {
        let text = std::fs::read_to_string(&path).unwrap();
        let corpus = values(&text);
        for policies in corpus
            .iter()
            .filter_map(|corpus| corpus["policies"].as_str())
        {
            found.push(Source {
                path: path.display().to_string(),
                text: policies.to_owned(),
            });
        }
    }
    for path in files(&root.join("docs"), "md") {
        let page = std::fs::read_to_string(&path).unwrap();
        let blocks = page.split("```yaml\n").skip(1);
        for block in blocks.filter_map(|rest| rest.split("```").next()) {
            if block.contains("apiVersion:") {
                found.push(Source {
                    path: path.display().to_string(),
                    text: block.to_owned(),
                });
            }
        }
    }
    assert!(found.len() > 10);
    found
}

/// The documents of a text, read as YAML 1.2: `n` is text.
pub(crate) fn values(text: &str) -> Vec<Value> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_multiple_with_options(text, options).unwrap()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn formatted(source: &Source) -> String {
    format(source).unwrap_or_else(|error| panic!("{}: {error}", source.path))
}

/// What the checker says of a text, without the places.
fn said(source: &Source) -> Vec<(String, String)> {
    let found = match compile(std::slice::from_ref(source)) {
        Ok(compiled) => compiled.warnings,
        Err(found) => found.0,
    };
    found
        .into_iter()
        .map(|d| (d.code.to_string(), d.message))
        .collect()
}

#[test]
fn every_text_of_the_repository_is_formatted_once_and_means_the_same() {
    for source in texts() {
        let text = formatted(&source);
        let new = Source {
            path: source.path.clone(),
            text: text.clone(),
        };
        assert_eq!(formatted(&new), text, "{}", source.path);
        assert_eq!(
            print(&new).unwrap(),
            print(&source).unwrap(),
            "{}",
            source.path
        );
        assert_eq!(said(&new), said(&source), "{}", source.path);
        assert!(
            text.lines().all(|line| line == line.trim_end()),
            "{}",
            source.path
        );
        for word in ["#", "\n---\n"] {
            assert_eq!(
                source.text.matches(word).count(),
                text.matches(word).count(),
                "{}",
                source.path
            );
        }
    }
}

#[test]
fn what_is_printed_is_formatted_and_checks_alike() {
    for source in texts() {
        let text = print(&source).unwrap();
        let new = Source {
            path: source.path.clone(),
            text: text.clone(),
        };
        assert_eq!(print(&new).unwrap(), text, "{}", source.path);
        let mut alike = [said(&new), said(&source)];
        alike.iter_mut().for_each(|found| found.sort());
        assert_eq!(alike[0], alike[1], "{}", source.path);
        // What formatting does to it is alignment alone.
        let spaces = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(spaces(&formatted(&new)), spaces(&text), "{}", source.path);
    }
}

#[test]
fn a_policy_as_people_write_it_keeps_its_comments_and_columns() {
    let text = "# Money.\napiVersion: veto/v1\nkind: Policy\nmetadata:\n  name: support-refunds # unique\n  controls: [CC6.1]     # criteria\n\
        subjects: { roles: [support] }\nrules:\n  - id: small-refunds\n    # Closed.\n    tools: [payments.refund]\n    effect: allow\n    arguments:\n\
        \x20     amount:   { type: number, maximum: 50 }\n      order_id: { type: string, pattern: '^O-[0-9]{6}$' }\n\n  - id: never-export\n\
        \x20   tools: ['**.export']\n    effect: deny\n";
    let source = Source {
        path: "p.yaml".to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(formatted(&source), text);
}
