//! Starts `veto dev`, reads its banner, and runs `veto` with what the banner exports.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Above any start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// `veto` with no variable of the one who runs the tests.
pub(crate) fn veto() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veto"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VETO_")) {
        command.env_remove(name);
    }
    command
}

/// `veto dev` that runs.
pub(crate) struct Dev {
    child: Child,
    /// What the banner exports.
    pub(crate) exports: BTreeMap<String, String>,
    /// All that was said up to the end of the banner.
    pub(crate) banner: String,
}

impl Dev {
    /// Starts it in the directory and waits for the end of the banner.
    pub(crate) fn start(directory: &Path, more: &[&str]) -> Self {
        let mut command = veto();
        command
            .arg("dev")
            .arg("--data-dir")
            .arg(directory)
            .args(more);
        for port in ["--control-plane-port", "--data-plane-port", "--ledger-port"] {
            command.args([port, "0"]);
        }
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (lines, heard) = mpsc::channel();
        // Reads to the end, so that a full pipe never stops the process.
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .for_each(|line| drop(lines.send(line)));
        });
        let mut dev = Self {
            child,
            exports: BTreeMap::new(),
            banner: String::new(),
        };
        let end = Instant::now() + PATIENCE;
        while !dev.banner.contains("Ctrl-C stops") {
            let left = end.saturating_duration_since(Instant::now());
            let line = heard.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("veto dev did not start:\n{}", dev.banner));
            if let Some((name, value)) = line
                .trim()
                .strip_prefix("export ")
                .and_then(|text| text.split_once('='))
            {
                dev.exports
                    .entry(name.to_owned())
                    .or_insert_with(|| value.to_owned());
            }
            dev.banner.push_str(&line);
            dev.banner.push('\n');
        }
        dev
    }

    /// Runs `veto` with what the banner exports.
    pub(crate) fn veto(&self, arguments: &[&str]) -> Answer {
        self.veto_with(arguments, &[])
    }

    /// The same with other variables over it; an empty one counts as absent.
    pub(crate) fn veto_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
        let mut command = veto();
        let exports = self
            .exports
            .iter()
            .filter(|(name, _)| name.starts_with("VETO_"));
        command
            .args(arguments)
            .envs(exports)
            .envs(variables.iter().copied());
        Answer::of(command)
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        // The shell's own `kill`: a small system has no program of that name.
        let kill = format!("kill -TERM {pid}");
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        until("the end of veto dev", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // After `stop` it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The exit code.
    pub(crate) code: i32,
    /// Data.
    pub(crate) stdout: String,
    /// Talk.
    pub(crate) stderr: String,
}

impl Answer {
    /// Runs the command to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        let Output {
            status,
            stdout,
            stderr,
        } = command.stdin(Stdio::null()).output().unwrap();
        Self {
            code: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Says that it must have ended like this.
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, expected, "{self:#?}");
        self
    }

    /// The data as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}
