//! Every command line in the pages is one that the command takes.

use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::arguments::Cli;

#[test]
fn command_lines_of_the_pages_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "examples"] {
        collect(&root.join(folder), &mut pages);
    }
    let (mut lines, mut wrong) = (0, Vec::new());
    for page in pages
        .iter()
        .filter(|page| !page.ends_with("docs/reference/command-line.md"))
    {
        let text = std::fs::read_to_string(page).unwrap();
        for line in commands(&text) {
            lines += 1;
            if let Err(error) = Cli::try_parse_from(words(&line)) {
                wrong.push(format!("{}: {line}\n{error}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines > 30, "only {lines} command lines were found");
}

fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// The lines of blocks of shell that begin with `veto `; those that a backslash ends go on.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let (mut fence, mut commands) = (None, Vec::new());
    for line in joined.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = fence.is_none().then_some(language);
            continue;
        }
        let code = match fence {
            None => line.strip_prefix("    "),
            Some("" | "console" | "sh") => Some(line.trim_start()),
            Some(_) => None,
        };
        let command = code.map(|code| code.strip_prefix("$ ").unwrap_or(code));
        commands.extend(
            command
                .filter(|code| code.starts_with("veto "))
                .map(str::to_owned),
        );
    }
    commands
}

/// The words of the command as a shell reads them: up to a comment, a pipe, another command, or a file.
fn words(line: &str) -> Vec<String> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("`{line}` has an open quote"));
    let ends = |word: &String| ["|", "||", "&&", ">", "2>"].contains(&word.as_str());
    words.into_iter().take_while(|word| !ends(word)).collect()
}
