//! What `veto dev` says once everything runs, and the demonstration.

use std::fmt;
use std::path::{Path, PathBuf};

use super::sample::{DEMO, ENVIRONMENT, ORGANIZATION, QUESTIONS};
use crate::arguments::Global;
use crate::check;
use crate::error::Error;
use crate::output::{self, Format};

/// All that the banner names.
pub(super) struct Banner<'a> {
    /// Where the servers are.
    pub(super) global: &'a Global,
    /// Where state is kept.
    pub(super) data_dir: &'a Path,
    /// Whose token it shows.
    pub(super) agent: &'a str,
    /// Where that agent's key is kept.
    pub(super) agent_key_file: PathBuf,
    /// The lines to paste.
    pub(super) exports: Vec<(&'static str, String)>,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Global {
            control_plane,
            data_plane,
            ledger,
            ..
        } = self.global;
        let directory = self.data_dir.display();
        writeln!(
            f,
            "==> Veto runs, for development: on this machine only, without TLS\n"
        )?;
        writeln!(f, "    control plane   {control_plane}")?;
        writeln!(f, "    data plane      {data_plane}")?;
        writeln!(f, "    audit ledger    {ledger}")?;
        writeln!(
            f,
            "    state           {directory} (remove it to start anew)"
        )?;
        let environments = DEMO.environments.join(" and ");
        writeln!(
            f,
            "    organization    {ORGANIZATION}, project {}, {environments}",
            DEMO.id
        )?;
        writeln!(f, "\nPaste this into another terminal:\n")?;
        if let Some(folder) = folder_to_add() {
            writeln!(
                f,
                "    export PATH={}:$PATH",
                quoted(&folder.display().to_string())
            )?;
        }
        for (name, value) in &self.exports {
            writeln!(f, "    export {name}={}", quoted(value))?;
        }
        let file = std::path::absolute(&self.agent_key_file);
        let file = file.unwrap_or_else(|_| self.agent_key_file.clone());
        let file = quoted(&file.display().to_string());
        writeln!(
            f,
            "\nThe token is of agent {} in {ENVIRONMENT} and lives 15 minutes. Another:\n",
            self.agent
        )?;
        writeln!(f, "    export VETO_TOKEN=$(veto token --key @{file})\n")?;
        writeln!(f, "Ask:\n")?;
        for question in QUESTIONS {
            writeln!(
                f,
                "    {}   # {}",
                command(question.tool, question.arguments),
                question.shows
            )?;
        }
        write!(
            f,
            "\nThen `veto decisions list` shows what was recorded. Ctrl-C stops.\n"
        )
    }
}

/// Asks the three questions and prints the answers.
pub(super) async fn demonstrate(agent: &Global) -> Result<(), Error> {
    for question in QUESTIONS {
        let decision = check::ask(agent, question.tool, question.arguments).await?;
        output::line(&format!("$ {}", command(question.tool, question.arguments)))?;
        Format::Table.row(&decision)?;
        output::line("")?;
    }
    Ok(())
}

fn command(tool: &str, arguments: &str) -> String {
    format!("veto check --tool {tool} --arguments '{arguments}'")
}

/// The folder of this binary, unless the shell would find it anyway.
fn folder_to_add() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = std::env::split_paths(&path).any(|known| known == folder);
    (!known).then_some(folder)
}

/// Quotes for a POSIX shell where needed.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_is_one_word_to_the_shell() {
        assert_eq!(quoted("http://127.0.0.1:7700"), "http://127.0.0.1:7700");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
