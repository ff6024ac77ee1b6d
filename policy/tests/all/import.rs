//! Imports of small packs: what they become, what they decide, and what is told.

mod cerbos;
mod veto_sdk;

use veto_policy::import::{Format, Imported, import};
use veto_policy::import::{Options, Unmapped};
use veto_policy::{PolicySet, Source, compile};

fn from(format: Format, text: &str, options: &Options) -> Imported {
    let source = Source {
        path: "pack.yaml".to_owned(),
        text: text.to_owned(),
    };
    import(format, &[source], options)
}

/// The set that the imported policies make; they must compile.
fn set(imported: &Imported) -> PolicySet {
    match compile(&imported.documents) {
        Ok(compiled) => compiled.set,
        Err(found) => panic!("{found}\n{}", text(imported)),
    }
}

fn text(imported: &Imported) -> String {
    let texts: Vec<_> = imported
        .documents
        .iter()
        .map(|document| document.text.as_str())
        .collect();
    texts.join("---\n")
}

/// The reasons, one a line.
fn reasons(unmapped: &[Unmapped]) -> String {
    let line = |u: &Unmapped| format!("{}:{} {}: {}\n", u.path, u.line, u.rule, u.reason);
    unmapped.iter().map(line).collect()
}
