//! The product as its users run it: the real program in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};

const LONGEST_RUN: Duration = Duration::from_secs(600);
const BINARY: &str = "HOSPES_BIN";

/// A run of `hospes` that ended.
#[derive(Debug, Clone)]
pub struct HospesRun {
    /// The exit code; none when a signal ended it.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

/// A `hospes` under way; dropping it kills it.
#[derive(Debug)]
pub struct HospesProcess {
    child: Child,
    started: Instant,
    transcript: PathBuf,
    arguments: String,
}

impl HospesRun {
    /// Standard output as JSON.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.stdout)
            .with_context(|| format!("hospes printed no JSON\n{}", self.shown()))
    }

    /// The run itself, if it ended with `expected`.
    ///
    /// # Errors
    /// It ended with another exit code.
    pub fn expect_exit(self, expected: i32) -> Result<Self> {
        if self.exit != Some(expected) {
            bail!(
                "hospes ended with {:?}, expected {expected}\n{}",
                self.exit,
                self.shown()
            );
        }
        Ok(self)
    }

    /// Fails unless standard output or error contains `text`.
    ///
    /// # Errors
    /// Neither does.
    pub fn expect_text(&self, text: &str) -> Result<()> {
        if !self.stdout.contains(text) && !self.stderr.contains(text) {
            bail!("hospes did not say `{text}`\n{}", self.shown());
        }
        Ok(())
    }

    fn shown(&self) -> String {
        format!(
            "--- standard output\n{}\n--- standard error\n{}",
            self.stdout.trim_end(),
            self.stderr.trim_end()
        )
    }
}

impl HospesProcess {
    pub(super) fn start(dir: &Path, arguments: &[&str]) -> Result<Self> {
        let program = program()?;
        let mut hospes = Command::new(&program);
        hospes
            .args(arguments)
            .current_dir(dir)
            .env("HOSPES_CONFIG", dir.join("hospes.toml"))
            .env("HOME", dir)
            .env("HOSPES_STATE", dir.join("state"))
            .env("XDG_CONFIG_HOME", dir.join("config"))
            .env("NO_COLOR", "1")
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = hospes
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let transcript = dir.join("hospes.log");
        Ok(Self {
            child,
            started: Instant::now(),
            transcript,
            arguments: arguments.join(" "),
        })
    }

    /// Sends SIGINT, as Ctrl-C does.
    ///
    /// # Errors
    /// The process has ended.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT)
    }

    /// Sends SIGKILL.
    ///
    /// # Errors
    /// The process has ended.
    pub fn kill(&self) -> Result<()> {
        self.signal(Signal::KILL)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self
            .child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(pid.context("hospes has already ended")?, signal)
            .context("cannot signal hospes")
    }

    /// Waits for the end and adds what was printed to the scenario's transcript.
    ///
    /// # Errors
    /// It takes longer than ten minutes.
    pub async fn wait(self) -> Result<HospesRun> {
        let Self {
            child,
            started,
            transcript,
            arguments,
        } = self;
        let output = tokio::time::timeout(LONGEST_RUN, child.wait_with_output()).await;
        let output = output
            .with_context(|| format!("`hospes {arguments}` took longer than {LONGEST_RUN:?}"))??;
        let run = HospesRun {
            exit: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: started.elapsed(),
        };
        write_transcript(&transcript, &arguments, &run)?;
        Ok(run)
    }
}

/// `$HOSPES_BIN`, or the `hospes` that was built beside the lab.
fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(BINARY) {
        return Ok(path.into());
    }
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let beside = lab.with_file_name("hospes");
    if !beside.is_file() {
        bail!(
            "{} does not exist: `cargo build -p hospes`, or set {BINARY}",
            beside.display()
        );
    }
    Ok(beside)
}

fn write_transcript(path: &Path, arguments: &str, run: &HospesRun) -> Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(path)?;
    let took = run.took.as_secs_f32();
    writeln!(
        file,
        "$ hospes {arguments}\n{}\n=> {:?} after {took:.1} s\n",
        run.shown(),
        run.exit
    )?;
    Ok(())
}
