//! Servers as processes: started, killed and looked at from outside.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// A server that can be started again.
#[derive(Debug)]
pub(crate) struct Server {
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// A server that does not run yet; what it says goes to a file.
    pub(crate) fn new(program: &Path, arguments: Vec<String>, log: PathBuf) -> Self {
        Self {
            program: program.to_owned(),
            arguments,
            log,
            child: None,
        }
    }

    pub(crate) fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let environment = std::env::vars()
            .filter(|(name, _)| !name.starts_with("VETO_") && !name.starts_with("ETCD_"));
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", self.program.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    pub(crate) fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// The memory that it holds at this moment, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let child = self.child.as_ref().context("it does not run")?;
        let status = fs::read_to_string(format!("/proc/{}/status", child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        Ok(kib.context("no VmRSS")?.parse::<u64>()? << 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is left to tell it to.
        let _ = self.kill();
    }
}

/// Runs a program to its end; what it printed.
pub(crate) fn run(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Result<String> {
    let done = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .with_context(|| format!("{} does not start", program.display()))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("{} {arguments:?}: {said}", program.display());
    }
    Ok(String::from_utf8(done.stdout)?.trim().to_owned())
}

/// A loopback port that was free a moment ago.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks until there is an answer.
pub(crate) async fn until<T, F>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    let mut last = None;
    while begun.elapsed() < limit {
        match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(LOOK).await;
    }
    let last = last.map_or_else(String::new, |error| format!(": {error:#}"));
    bail!("waited {} s in vain for {what}{last}", limit.as_secs())
}
