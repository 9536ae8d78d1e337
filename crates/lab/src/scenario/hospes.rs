//! The product as its users run it: the real program in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{sleep, timeout, timeout_at};

/// Three nodes that are emulated side by side take ten minutes.
const LONGEST_RUN: Duration = Duration::from_secs(1200);
/// How often a run's memory is looked at. The kernel keeps the peak, so only what is new since the last
/// look before the end is missed.
const MEMORY_LOOK: Duration = Duration::from_millis(20);
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
    /// The most memory that it held at once (`VmHWM` in proc(5)), in KiB.
    pub peak_kib: u64,
}

/// A `hospes` under way; dropping it kills it.
#[derive(Debug)]
pub struct HospesProcess {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// What was read of standard error so far.
    said: Vec<u8>,
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

    /// How the operation on the only guest ended, from a document of `--json`.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn outcome(&self) -> Result<Value> {
        Ok(self.json()?["guests"][0]["outcome"].clone())
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
    /// The program: `$HOSPES_BIN`, or the `hospes` that was built beside the lab.
    ///
    /// # Errors
    /// There is none.
    pub fn program() -> Result<PathBuf> {
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

    pub(super) fn start(dir: &Path, arguments: &[&str]) -> Result<Self> {
        let program = Self::program()?;
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
        let mut child = hospes
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let stderr = child
            .stderr
            .take()
            .context("hospes without standard error")?;
        let transcript = dir.join("hospes.log");
        Ok(Self {
            child,
            stderr: BufReader::new(stderr),
            said: Vec::new(),
            started: Instant::now(),
            transcript,
            arguments: arguments.join(" "),
        })
    }

    /// Waits until a line of standard error contains `text`; those of earlier waits count.
    ///
    /// # Errors
    /// None does within `deadline`, or standard error ends.
    pub async fn wait_for_line(&mut self, text: &str, deadline: Duration) -> Result<()> {
        let end = tokio::time::Instant::now() + deadline;
        while !String::from_utf8_lossy(&self.said).contains(text) {
            let read = timeout_at(end, self.stderr.read_until(b'\n', &mut self.said)).await;
            let arguments = &self.arguments;
            let said = String::from_utf8_lossy(&self.said);
            match read {
                Ok(Ok(0)) => bail!("`hospes {arguments}` ended without `{text}`:\n{said}"),
                Ok(result) => result.context("reading what hospes says")?,
                Err(_) => {
                    bail!("`hospes {arguments}` did not say `{text}` in {deadline:?}:\n{said}")
                }
            };
        }
        Ok(())
    }

    /// Sends SIGINT to the process and all in its group, as Ctrl-C on a terminal does.
    ///
    /// # Errors
    /// The process has ended.
    pub fn interrupt(&self) -> Result<()> {
        kill_process_group(self.pid()?, Signal::INT).context("cannot interrupt hospes")
    }

    /// Sends SIGKILL.
    ///
    /// # Errors
    /// The process has ended.
    pub fn kill(&self) -> Result<()> {
        kill_process(self.pid()?, Signal::KILL).context("cannot kill hospes")
    }

    /// Its process id.
    ///
    /// # Errors
    /// The process has ended.
    pub fn pid(&self) -> Result<Pid> {
        let id = self.child.id();
        let pid = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        pid.context("hospes has already ended")
    }

    /// Waits for the end and adds what was printed to the scenario's transcript.
    ///
    /// # Errors
    /// It takes longer than twenty minutes.
    pub async fn wait(self) -> Result<HospesRun> {
        let Self {
            mut child,
            mut stderr,
            said: mut errors,
            started,
            transcript,
            arguments,
        } = self;
        let pid = child.id().unwrap_or_default();
        let mut stdout = child
            .stdout
            .take()
            .context("hospes without standard output")?;
        let mut output = Vec::new();
        let gathering = async {
            tokio::try_join!(
                stdout.read_to_end(&mut output),
                stderr.read_to_end(&mut errors)
            )?;
            child.wait().await
        };
        let (status, peak_kib) = timeout(LONGEST_RUN, with_peak_memory(pid, gathering))
            .await
            .with_context(|| format!("`hospes {arguments}` took longer than {LONGEST_RUN:?}"))?;
        let run = HospesRun {
            exit: status?.code(),
            stdout: String::from_utf8_lossy(&output).into_owned(),
            stderr: String::from_utf8_lossy(&errors).into_owned(),
            took: started.elapsed(),
            peak_kib,
        };
        write_transcript(&transcript, &arguments, &run)?;
        Ok(run)
    }
}

/// What `work` comes to, and the most memory that process `pid` held meanwhile, in KiB.
async fn with_peak_memory<T>(pid: u32, work: impl Future<Output = T>) -> (T, u64) {
    let mut peak = 0;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, peak),
            () = sleep(MEMORY_LOOK) => peak = peak.max(peak_memory(pid).unwrap_or_default()),
        }
    }
}

fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
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
