//! Runs a command beside the servers, as `make agentdojo` does.

use tokio::process::Command;

use crate::error::Error;

/// Runs the command with the variables set; its exit code is the answer.
pub(super) async fn run(command: &[String], variables: &[(&str, String)]) -> Result<(), Error> {
    let Some((program, arguments)) = command.split_first() else {
        return Ok(());
    };
    let mut child = Command::new(program);
    child
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)));
    // A signal that stops Veto must not leave the command behind.
    child.kill_on_drop(true);
    let failed = |source| Error::File {
        path: program.clone(),
        source,
    };
    let status = child.status().await.map_err(failed)?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(Error::Command(u8::try_from(code).unwrap_or(1))),
        None => Err(Error::Command(1)),
    }
}
