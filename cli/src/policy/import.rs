//! `veto policy import`: policies of other systems, here, without a server.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use veto_policy::Source;
use veto_policy::import::{
    Format as From, Imported, Mapped, Note, Options, Precedence, Unmapped, Unmatched, import,
};

use super::files;
use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format};

/// What to import, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// The directory with the policies of the other system, or one file
    path: PathBuf,
    /// The other system
    #[arg(long, value_enum, value_name = "SYSTEM")]
    from: System,
    /// Write the policies to this directory; without it they are printed
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// What happens to calls that no imported rule decides; without it as in the other system
    #[arg(long, value_enum, value_name = "OUTCOME")]
    default: Option<Default>,
    /// Which rule counts when a block and an approval before it both match
    #[arg(long, value_enum, default_value_t)]
    precedence: Order,
    /// Who approves, such as `role:finance-lead`; may be given several times
    #[arg(long = "approver", default_value = "role:approver", value_name = "WHO")]
    approvers: Vec<String>,
    /// A control that the policies implement, such as `CC6.1`; may be given several times
    #[arg(long = "control", value_name = "CONTROL")]
    controls: Vec<String>,
    /// Fail when a rule was not mapped
    #[arg(long)]
    strict: bool,
}

/// A system that policies come from.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum System {
    /// Rule packs of the Veto SDK (PyPI `veto`)
    VetoSdk,
    /// Resource policies of Cerbos
    Cerbos,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Default {
    /// They are allowed, for the tools that the imported rules name
    Allow,
    /// They are denied
    Deny,
}

#[derive(Debug, Clone, Copy, std::default::Default, clap::ValueEnum)]
enum Order {
    /// The first in the file, as in the Veto SDK
    #[default]
    First,
    /// The strictest, as everywhere in Veto
    Strictest,
}

/// The report as data.
#[derive(Serialize)]
struct Report<'a> {
    files: Vec<&'a str>,
    mapped: Vec<MappedRule<'a>>,
    unmapped: Vec<Told<'a>>,
    notes: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct MappedRule<'a> {
    rule: &'a str,
    path: &'a str,
    line: u32,
    rules: &'a [String],
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a str>,
    path: &'a str,
    line: u32,
    text: &'a str,
}

/// Imports, writes the policies, and says what was not mapped.
pub(super) fn run(global: &Global, arguments: &Import) -> Result<(), Error> {
    let sources = files::read(&arguments.path)?;
    let from = match arguments.from {
        System::VetoSdk => From::VetoSdk,
        System::Cerbos => From::Cerbos,
    };
    let options = Options {
        unmatched: match arguments.default {
            None => Unmatched::AsBefore,
            Some(Default::Allow) => Unmatched::Allow,
            Some(Default::Deny) => Unmatched::Deny,
        },
        precedence: match arguments.precedence {
            Order::First => Precedence::First,
            Order::Strictest => Precedence::Strictest,
        },
        approvers: arguments.approvers.clone(),
        controls: arguments.controls.clone(),
    };
    let imported = import(from, &sources, &options);
    if let Some(directory) = &arguments.out {
        for document in &imported.documents {
            write(directory, document, arguments.overwrite)?;
        }
    }
    report(global.output, arguments.out.is_some(), &imported)?;
    match imported.unmapped.len() {
        count if arguments.strict && count > 0 => {
            Err(Error::Usage(format!("{count} rules were not mapped")))
        }
        _ => Ok(()),
    }
}

fn write(directory: &Path, document: &Source, overwrite: bool) -> Result<(), Error> {
    let path = directory.join(&document.path);
    let shown = path.display().to_string();
    let failed = |source| Error::File {
        path: shown.clone(),
        source,
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let mut file = options.open(&path).map_err(failed)?;
    file.write_all(document.text.as_bytes()).map_err(failed)
}

/// The policies, unless they were written, and the report; for people, that goes to stderr.
fn report(format: Format, written: bool, imported: &Imported) -> Result<(), Error> {
    if format != Format::Table {
        return format.document(&Report::from(imported));
    }
    if !written {
        let texts: Vec<_> = imported
            .documents
            .iter()
            .map(|d| d.text.trim_end())
            .collect();
        if !texts.is_empty() {
            output::line(&texts.join("\n---\n"))?;
        }
    }
    for Note {
        path,
        line,
        message,
    } in &imported.notes
    {
        eprintln!("note: {path}:{line}: {message}");
    }
    for Unmapped {
        rule,
        path,
        line,
        reason,
    } in &imported.unmapped
    {
        eprintln!("not mapped: {path}:{line}: `{rule}`: {reason}");
    }
    let rules: usize = imported
        .mapped
        .iter()
        .map(|mapped| mapped.rules.len())
        .sum();
    eprintln!(
        "{} rules mapped to {rules} in {} files, {} not mapped",
        imported.mapped.len(),
        imported.documents.len(),
        imported.unmapped.len()
    );
    Ok(())
}

impl<'a> Report<'a> {
    fn from(imported: &'a Imported) -> Self {
        let mapped = |mapped: &'a Mapped| MappedRule {
            rule: &mapped.rule,
            path: &mapped.path,
            line: mapped.line,
            rules: &mapped.rules,
        };
        let unmapped = |unmapped: &'a Unmapped| Told {
            rule: Some(&unmapped.rule),
            path: &unmapped.path,
            line: unmapped.line,
            text: &unmapped.reason,
        };
        let note = |note: &'a Note| Told {
            rule: None,
            path: &note.path,
            line: note.line,
            text: &note.message,
        };
        Self {
            files: imported.documents.iter().map(|d| d.path.as_str()).collect(),
            mapped: imported.mapped.iter().map(mapped).collect(),
            unmapped: imported.unmapped.iter().map(unmapped).collect(),
            notes: imported.notes.iter().map(note).collect(),
        }
    }
}
