//! `veto version`.

use serde::Serialize;

use crate::arguments::Global;
use crate::error::Error;
use crate::output::Row;

#[derive(Serialize)]
struct Version {
    version: &'static str,
    target: String,
}

impl Row for Version {
    const COLUMNS: &'static [&'static str] = &["VERSION", "TARGET"];

    fn cells(&self) -> Vec<String> {
        vec![self.version.to_owned(), self.target.clone()]
    }
}

/// Prints the version.
pub(crate) fn run(global: &Global) -> Result<(), Error> {
    let target = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    global.output.row(&Version {
        version: env!("CARGO_PKG_VERSION"),
        target,
    })
}
