//! `veto policy init`: a first directory of policies.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use veto_core::PolicyName;
use veto_policy::{Scaffold, Source, scaffold};

use crate::error::Error;
use crate::output;

/// Where to start, and with what.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The directory; it is made when it does not exist
    #[arg(default_value = ".", value_name = "DIR")]
    directory: PathBuf,
    /// The name of the first policy
    #[arg(long, default_value = "first-policy", value_name = "NAME")]
    name: PolicyName,
    /// What the first policy is about
    #[arg(long, default_value = Scaffold::Minimal.as_str(), value_name = "FLAVOUR")]
    #[arg(value_parser = flavours())]
    flavour: Scaffold,
}

fn flavours() -> impl clap::builder::TypedValueParser<Value = Scaffold> {
    PossibleValuesParser::new(Scaffold::ALL.map(Scaffold::as_str))
        .map(|text| Scaffold::parse(&text).unwrap_or_default())
}

/// Writes the files; refuses to touch what exists.
pub(super) fn run(init: &Init) -> Result<(), Error> {
    let files = scaffold(&init.name, init.flavour);
    let place = |file: &Source| init.directory.join(&file.path);
    let taken: Vec<_> = files
        .iter()
        .map(place)
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if !taken.is_empty() {
        let taken = taken.join(", ");
        return Err(Error::Usage(format!(
            "{taken}: it is there already, and nothing is overwritten"
        )));
    }
    for file in &files {
        let path = place(file);
        write(&path, &file.text).map_err(|source| Error::File {
            path: path.display().to_string(),
            source,
        })?;
        output::line(&path.display().to_string())?;
    }
    let policies = init.directory.join("policies");
    eprintln!(
        "next: `veto policy validate {}`, then change it to what your agents do",
        policies.display()
    );
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // What was made since is not overwritten either.
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn init(directory: &Path) -> Init {
        Init {
            directory: directory.to_owned(),
            name: PolicyName::new("payouts").unwrap(),
            flavour: Scaffold::Payments,
        }
    }

    #[test]
    fn a_directory_is_filled_once_and_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("new");
        run(&init(&directory)).unwrap();
        let policy = directory.join("policies/payouts.yaml");
        let text = std::fs::read_to_string(&policy).unwrap();
        assert!(text.contains("name: payouts"));
        std::fs::write(&policy, "mine").unwrap();
        assert!(matches!(run(&init(&directory)), Err(Error::Usage(_))));
        assert_eq!(std::fs::read_to_string(&policy).unwrap(), "mine");
    }
}
