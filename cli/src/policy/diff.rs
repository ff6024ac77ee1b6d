//! `veto policy diff`: what differs between two policy sets, each a directory or a version of the environment.

mod text;

use std::path::PathBuf;
use std::str::FromStr;

use veto_policy::diff::Side;
use veto_policy::matrix::Wanted;
use veto_policy::{Source, compile};

use super::findings::refuse;
use super::subjects::Subjects;
use super::{files, show};
use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format};

/// What to compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// A directory, or a version: `@latest`, or a number such as `7` (`./7` is a directory)
    old: Place,
    /// The same, for what comes after
    new: Place,
    /// Compare what calls come to, and not the text: which subjects may do more or less with which tools
    #[arg(long)]
    semantic: bool,
    /// Exit with 1 when it is so; without it, exit with 0 whatever differs
    #[arg(long, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    #[command(flatten, next_help_heading = "With --semantic")]
    subjects: Subjects,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Anything differs
    Any,
    /// A call may get a looser outcome than before; needs --semantic
    Looser,
}

/// Where a policy set is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Directory(PathBuf),
    /// 0: the newest.
    Version(u64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix('@').unwrap_or(text);
        if text == "@latest" {
            return Ok(Self::Version(0));
        }
        match number.parse() {
            Ok(0) => Err("versions are counted from 1".to_owned()),
            Ok(version) => Ok(Self::Version(version)),
            Err(_) if text.starts_with('@') => Err("write `@latest` or `@7`".to_owned()),
            Err(_) => Ok(Self::Directory(PathBuf::from(text))),
        }
    }
}

/// Prints what differs.
pub(super) async fn run(global: &Global, command: Diff) -> Result<(), Error> {
    let semantic = command.semantic;
    if !semantic && (command.subjects.are_chosen() || command.fail_on == Some(FailOn::Looser)) {
        let message = "agents, roles, labels, tools and `--fail-on looser` need `--semantic`";
        return Err(Error::Usage(message.to_owned()));
    }
    let old = sources(global, &command.old).await?;
    let new = sources(global, &command.new).await?;
    let wanted = command.subjects.wanted(global).await?;
    let found = if semantic {
        by_meaning(global.output, &old, &new, &wanted)?
    } else {
        by_text(global.output, &old, &new)?
    };
    match (command.fail_on, found) {
        (
            Some(FailOn::Any),
            Found {
                any: Some(what), ..
            },
        )
        | (
            Some(FailOn::Looser),
            Found {
                looser: Some(what), ..
            },
        ) => Err(Error::Found(what)),
        (None | Some(_), _) => Ok(()),
    }
}

/// What was found, in words.
struct Found {
    any: Option<String>,
    looser: Option<String>,
}

fn by_text(format: Format, old: &[Source], new: &[Source]) -> Result<Found, Error> {
    let changed = text::compare(old, new);
    match format {
        Format::Table => changed
            .iter()
            .try_for_each(|file| output::line(file.diff.trim_end()))?,
        Format::Jsonl => changed.iter().try_for_each(|file| format.document(file))?,
        Format::Json | Format::Yaml => format.document(&changed)?,
    }
    let any = match changed.len() {
        0 => None,
        1 => Some("1 file differs".to_owned()),
        count => Some(format!("{count} files differ")),
    };
    Ok(Found { any, looser: None })
}

fn by_meaning(
    format: Format,
    old: &[Source],
    new: &[Source],
    wanted: &Wanted,
) -> Result<Found, Error> {
    let compiled = |sources: &[Source]| compile(sources).map_err(|found| refuse(&found.0, sources));
    let (before, after) = (compiled(old)?, compiled(new)?);
    let old = Side {
        set: &before.set,
        sources: old,
    };
    let new = Side {
        set: &after.set,
        sources: new,
    };
    let changes = veto_policy::diff::semantic(old, new, wanted)
        .map_err(|error| Error::Usage(error.to_string()))?;
    if format == Format::Table {
        output::line(changes.to_text().trim_end())?;
    } else {
        format.document(&changes.to_json())?;
    }
    let [looser, different, stricter] = changes.counts();
    let all = looser + different + stricter;
    // What differs otherwise may be looser for some calls.
    let open = looser + different;
    Ok(Found {
        any: (all > 0).then(|| format!("cells that differ: {all}")),
        looser: (open > 0).then(|| format!("cells that may be looser than before: {open}")),
    })
}

async fn sources(global: &Global, place: &Place) -> Result<Vec<Source>, Error> {
    match place {
        Place::Directory(path) => files::read(path),
        Place::Version(version) => {
            let (_, files) = show::fetch(global, *version).await?;
            let sources = files.into_iter().map(|file| Source {
                path: file.path,
                text: file.text,
            });
            Ok(sources.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_version_or_a_directory() {
        for (text, version) in [("@latest", 0), ("7", 7), ("@7", 7)] {
            assert_eq!(text.parse(), Ok(Place::Version(version)), "{text}");
        }
        for text in ["policies", "./7", "../old"] {
            assert_eq!(text.parse(), Ok(Place::Directory(text.into())), "{text}");
        }
        for text in ["0", "@0", "@newest", "@"] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
