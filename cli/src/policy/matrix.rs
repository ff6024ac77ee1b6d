//! `veto policy matrix`: who may do what, worked out from the rules.

use std::path::PathBuf;

use veto_policy::compile;
use veto_policy::matrix::matrix;

use super::subjects::Subjects;
use super::{files, findings};
use crate::arguments::Global;
use crate::error::Error;
use crate::output::{self, Format};

/// Of which policies, and which part.
#[derive(Debug, clap::Args)]
pub(crate) struct Matrix {
    /// The directory of policies, or one file
    path: PathBuf,
    #[command(flatten)]
    subjects: Subjects,
}

/// Prints the matrix.
pub(super) async fn run(global: &Global, command: Matrix) -> Result<(), Error> {
    let sources = files::read(&command.path)?;
    let compiled = compile(&sources).map_err(|found| findings::refuse(&found.0, &sources))?;
    let wanted = command.subjects.wanted(global).await?;
    let matrix = matrix(&compiled.set, &sources, &wanted)
        .map_err(|error| Error::Usage(error.to_string()))?;
    if global.output == Format::Table {
        return output::line(matrix.to_text().trim_end());
    }
    global.output.document(&matrix.to_json())
}
