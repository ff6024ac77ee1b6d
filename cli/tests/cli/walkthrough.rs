//! The tutorial about policies, done as it is written: its files are written, its commands are run, and what it
//! shows is what they say.

use std::path::Path;
use std::process::Command;

use crate::harness::{Answer, Dev, root};

/// What a reader does.
#[derive(Debug)]
enum Step {
    /// Writes a file.
    Write { path: String, text: String },
    /// Runs a command and sees this; each line in its order, `…` for anything.
    Run { line: String, shown: Vec<String> },
}

#[test]
fn the_tutorial_about_policies_shows_what_happens() {
    let directory = tempfile::tempdir().unwrap();
    let dev = Dev::start(&directory.path().join("state"), &[]);
    let text = std::fs::read_to_string(root().join("docs/tutorial-policies.md")).unwrap();
    let (mut files, mut commands) = (0, 0);
    for step in steps(&text) {
        match step {
            Step::Write { path, text } => {
                files += 1;
                let path = directory.path().join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Step::Run { line, shown } => {
                commands += 1;
                let answer = run(&dev, directory.path(), &line);
                let said = format!("{}{}", answer.stdout, answer.stderr);
                assert_shown(&line, &said, &shown);
            }
        }
    }
    assert!(
        files >= 4 && commands >= 9,
        "{files} files, {commands} commands"
    );
    assert_eq!(dev.stop(), Some(0));
}

fn run(dev: &Dev, directory: &Path, line: &str) -> Answer {
    let binary = Path::new(env!("CARGO_BIN_EXE_veto")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut shell = Command::new("bash");
    shell
        .args(["-c", line])
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", binary.display()))
        .envs(
            dev.exports
                .iter()
                .filter(|(name, _)| name.starts_with("VETO_")),
        );
    Answer::of(shell)
}

/// Asserts that each line is there, in order; `…` stands for any text.
fn assert_shown(command: &str, said: &str, shown: &[String]) {
    let mut rest = said;
    for piece in shown
        .iter()
        .flat_map(|line| line.split('…'))
        .filter(|piece| !piece.trim().is_empty())
    {
        let at = rest.find(piece.trim_end());
        let at = at.unwrap_or_else(|| panic!("`{command}` does not say `{piece}`, but:\n{said}"));
        rest = &rest[at + piece.trim_end().len()..];
    }
}

/// A file is a `yaml` block after a line that ends in its name and a colon; commands stand in `console` blocks.
fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut named = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line {
            _ if line.starts_with("```yaml") => steps.push(Step::Write {
                path: named.take().unwrap(),
                text: lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .map(|line| format!("{line}\n"))
                    .collect(),
            }),
            "```console" => {
                for line in lines.by_ref().take_while(|line| *line != "```") {
                    match (line.strip_prefix("$ "), steps.last_mut()) {
                        (Some(command), _) => steps.push(Step::Run {
                            line: command.to_owned(),
                            shown: Vec::new(),
                        }),
                        (None, Some(Step::Run { shown, .. })) => shown.push(line.to_owned()),
                        (None, _) => panic!("`{line}` is said by no command"),
                    }
                }
            }
            prose => named = name(prose).or(named),
        }
    }
    steps
}

/// The last quoted path of a line.
fn name(prose: &str) -> Option<String> {
    let quoted = prose.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| text.ends_with(".yaml") && text.contains('/'))
        .last()
        .map(str::to_owned)
}
