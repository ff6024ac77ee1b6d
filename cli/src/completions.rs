//! `veto completions`: a completion script for a shell.

use clap::CommandFactory as _;

use crate::arguments::Cli;
use crate::error::Error;
use crate::output;

/// Which shell.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "veto", &mut script);
    output::bytes(&script)
}
