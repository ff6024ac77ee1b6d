//! The generated reference is what the code says. `make docs` writes it; the tests compare.

mod api;
mod configuration;
mod language;

use std::fmt::Write as _;
use std::path::Path;

use veto_core::Code;

/// Compares a generated page with the one in the repository, or writes it.
fn page(path: &str, generated: &str) {
    let file = crate::root().join("docs/reference").join(path);
    if std::env::var_os("VETO_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, generated).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == generated,
        "docs/reference/{path} is out of date: run `make docs`"
    );
}

#[test]
fn the_reference_of_errors_is_current() {
    let mut text = String::from(
        "# Error codes\n\nGenerated from `core/src/code.rs` by `make docs`. A code stands in \
         `ErrorInfo.reason` (domain `veto`) of a gRPC status; it is never renamed or reused. An error \
         means that no decision was made: treat it as a denial.\n",
    );
    for code in Code::ALL {
        let (name, kind) = (code.as_str(), code.kind());
        let _ = write!(
            text,
            "\n## {name}\n\n{}\n\n- gRPC status: `{kind:?}`\n- What to do: {}\n",
            code.summary(),
            code.help()
        );
    }
    page("errors.md", &text);
}

#[test]
fn the_reference_of_diagnostics_is_current() {
    let mut text = String::from(
        "# Policy diagnostics\n\nGenerated from `policy/src/diagnostic` by `make docs`. What the checker \
         says of a policy file, with file, line and column.\n",
    );
    for code in veto_policy::DiagnosticCode::ALL {
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n{}\n",
            code.as_str(),
            code.summary(),
            code.help()
        );
    }
    page("diagnostics.md", &text);
}

#[test]
fn the_reference_of_the_api_is_current() {
    page("api.md", &api::markdown());
}

#[test]
fn the_reference_of_the_configuration_is_current() {
    page("configuration.md", &configuration::markdown());
}

#[test]
fn the_reference_of_reasons_is_current() {
    let mut text = String::from(
        "# Reason codes\n\nGenerated from `policy/src/reason.rs` by `make docs`. The code of a decision's reason \
         (`Reason.code`), also in its record.\n\n| Code | Meaning |\n|---|---|\n",
    );
    for code in veto_policy::ReasonCode::ALL {
        let _ = writeln!(text, "| `{}` | {} |", code.as_str(), code.summary());
    }
    page("reasons.md", &text);
}

#[test]
fn the_reference_of_the_policy_language_is_current() {
    page("policy-language.md", &language::markdown());
}

#[test]
fn the_reference_of_condition_functions_is_current() {
    page("functions.md", &language::functions());
}

/// Every policy in the docs is one that the checker takes; suites of tests are run by the tests of the command.
#[test]
fn policies_in_the_docs_compile() {
    let pages = std::fs::read_dir(crate::root().join("docs")).unwrap();
    let pages = pages.map(|page| page.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|e| e == "md"));
    for path in pages.chain([crate::root().join("README.md")]) {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks = text
            .split("```yaml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        let policies = blocks.filter(|block| block.starts_with("apiVersion: veto/v1"));
        for block in policies.filter(|block| !block.contains("\nkind: Tests\n")) {
            let (path, text) = (file.clone(), block.to_owned());
            match veto_policy::compile(&[veto_policy::Source { path, text }]) {
                Ok(compiled) => assert_eq!(compiled.warnings, [], "{file}\n{block}"),
                Err(found) => panic!("{file}: {found}\n{block}"),
            }
        }
    }
}

/// Links between our own pages lead somewhere.
#[test]
fn links_between_pages_lead_somewhere() {
    let mut broken = Vec::new();
    for folder in ["", "docs", "docs/adr", "docs/reference", "docs/operations"] {
        let Ok(entries) = std::fs::read_dir(crate::root().join(folder)) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|e| e == "md") {
                check_links(&path, &mut broken);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn check_links(path: &Path, broken: &mut Vec<String>) {
    let text = std::fs::read_to_string(path).unwrap();
    for target in text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        let file = target.split('#').next().unwrap();
        let outside = file.contains("://") || file.starts_with("mailto:") || file.is_empty();
        if !outside && !path.parent().unwrap().join(file).exists() {
            broken.push(format!("{}: {target}", path.display()));
        }
    }
}
