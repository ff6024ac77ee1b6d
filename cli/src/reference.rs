//! Tests alone: `docs/reference/command-line.md` is what the command line says. `make docs` writes it.

mod pages;

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use crate::arguments::Cli;

fn describe(command: &mut clap::Command, path: &str, page: &mut String) {
    let name = format!("{path}{}", command.get_name());
    // What the one who generates has set is nobody's business.
    let hidden = command
        .clone()
        .mut_args(|argument| argument.hide_env_values(true));
    let help = hidden.bin_name(&name).render_long_help();
    // What every subcommand takes stands once, at the top.
    let help = help.to_string();
    let own = if path.is_empty() {
        &*help
    } else {
        help.split("Global options:").next().unwrap()
    };
    let own: Vec<_> = own.lines().map(str::trim_end).collect();
    let _ = write!(
        page,
        "\n## {name}\n\n```text\n{}\n```\n",
        own.join("\n").trim_end()
    );
    for subcommand in command
        .get_subcommands_mut()
        .filter(|c| c.get_name() != "help")
    {
        describe(subcommand, &format!("{name} "), page);
    }
}

#[test]
fn the_reference_of_the_command_line_is_current() {
    let mut page = String::from(
        "# Command line\n\nGenerated from `cli/src` by `make docs`. The global options stand with `veto` \
         and hold for every subcommand.\n",
    );
    let mut command = Cli::command().term_width(100);
    command.build();
    describe(&mut command, "", &mut page);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/command-line.md");
    if std::env::var_os("VETO_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "docs/reference/command-line.md is out of date: run `make docs`"
    );
}
