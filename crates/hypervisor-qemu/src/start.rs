//! Powering a machine on: its own command, in a session or scope of its own, until QEMU says that
//! its processors run. The command is never ended from here, whatever comes of it.

mod command;
mod log;
mod surroundings;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use conditions::{GuestId, RunState};
use lifecycle::ports::{HypervisorError, StartReport};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use self::command::composed;
use self::log::Log;
use self::surroundings::Surroundings;
use crate::guest::LocalGuest;
use crate::observe::{look, run_state};

/// How long to wait between two looks at a machine that is starting.
const POLL: Duration = Duration::from_millis(100);

/// What starting any guest takes.
#[derive(Debug)]
pub(crate) struct Starter {
    /// A program that calls [`crate::launch::run`] when its first argument asks for it.
    pub(crate) launcher: PathBuf,
    /// Where each guest's command writes what it prints.
    pub(crate) log_dir: PathBuf,
}

impl Starter {
    /// Starts `guest`, called `id`, and returns when it runs.
    pub(crate) async fn power_on(
        &self,
        id: &GuestId,
        guest: &LocalGuest,
        deadline: Duration,
    ) -> Result<StartReport, HypervisorError> {
        let begun = Instant::now();
        let Some(argv) = guest.start.as_ref().filter(|argv| !argv.is_empty()) else {
            return Err(HypervisorError::NotConfigured(format!(
                "hospes does not know how to start {id}: add `start = [\"qemu-system-x86_64\", ...]` \
                 to the guest's configuration"
            )));
        };
        refuse_unless_stopped(id, guest).await?;
        let log = Log::open(&self.log_dir, id).map_err(HypervisorError::Refused)?;
        let launch = self.spawn(id, argv, &log).await?;
        let running = launch
            .until_running(id, guest, begun + deadline, &log)
            .await?;
        Ok(StartReport {
            evidence: format!(
                "process {} in {}, {running} after {:.1} s; it prints to {}",
                launch.pid,
                launch.home,
                begun.elapsed().as_secs_f64(),
                log.path().display()
            ),
        })
    }

    async fn spawn(
        &self,
        id: &GuestId,
        argv: &[String],
        log: &Log,
    ) -> Result<Launch, HypervisorError> {
        let (scope, home) = Surroundings::of_this_process().scope_for(id).await;
        let command = composed(&self.launcher, argv, scope.as_ref());
        let not_started = |error: std::io::Error| {
            let program = Path::new(&command[0]).display();
            HypervisorError::Refused(format!(
                "{id} was not started: cannot run {program}: {error}"
            ))
        };
        let (stdout, stderr) = log.streams().map_err(&not_started)?;
        let mut process = Command::new(&command[0]);
        process.args(&command[1..]).current_dir("/");
        process.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let mut child = process.spawn().map_err(&not_started)?;
        let pid = child.id().unwrap_or_default();
        // This task reaps the process whenever it ends, also after this operation has returned.
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move { end.send_replace(child.wait().await.ok()) });
        Ok(Launch { pid, home, ended })
    }
}

/// A machine that was started over a running one would take its sockets away from it.
async fn refuse_unless_stopped(id: &GuestId, guest: &LocalGuest) -> Result<(), HypervisorError> {
    let sight = look(guest).await?;
    if sight.run_state == RunState::Stopped {
        return Ok(());
    }
    Err(HypervisorError::Refused(format!(
        "{id} was not started, it is not stopped by now: {}",
        sight.evidence
    )))
}

/// A command that was started.
#[derive(Debug)]
struct Launch {
    pid: u32,
    home: String,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Launch {
    /// Waits until the machine runs and says how that showed. A command that ends well is waited
    /// on as well: with `-daemonize` the machine goes on without it.
    async fn until_running(
        &self,
        id: &GuestId,
        guest: &LocalGuest,
        end: Instant,
        log: &Log,
    ) -> Result<String, HypervisorError> {
        let mut seen = "its monitor was not reached".to_owned();
        loop {
            match timeout_at(end, run_state(guest)).await {
                Ok(Ok(RunState::Running)) => return Ok("query-status: running".to_owned()),
                Ok(Ok(RunState::Other(word))) if will_not_run(&word) => {
                    return Err(HypervisorError::Refused(format!(
                        "{id} was started and is `{word}` instead of running; it stays as it is. {}",
                        log.last_words()
                    )));
                }
                Ok(Ok(state)) => seen = format!("query-status: {}", word_of(&state)),
                Ok(Err(error)) => seen = error.to_string(),
                Err(_) => {}
            }
            let ended = *self.ended.borrow();
            if let Some(status) = ended.filter(|status| !status.success()) {
                return Err(HypervisorError::Refused(format!(
                    "{id} was not started: its command ended with {status}. {}",
                    log.last_words()
                )));
            }
            if Instant::now() >= end {
                return Err(HypervisorError::TimedOut(
                    self.overdue(id, ended, &seen, log),
                ));
            }
            sleep(POLL).await;
        }
    }

    fn overdue(&self, id: &GuestId, ended: Option<ExitStatus>, seen: &str, log: &Log) -> String {
        let pid = self.pid;
        let process = match ended {
            None => format!("its process {pid} lives and was left alone"),
            Some(status) => format!("its command (process {pid}) ended with {status}"),
        };
        format!(
            "{id} does not run within the deadline: {process}; {seen}. {}",
            log.last_words()
        )
    }
}

/// Whether a machine that was just started will not run by itself any more.
fn will_not_run(word: &str) -> bool {
    matches!(
        word,
        "shutdown" | "guest-panicked" | "internal-error" | "io-error"
    )
}

fn word_of(state: &RunState) -> &str {
    match state {
        RunState::Running => "running",
        RunState::Stopped => "stopped",
        RunState::Other(word) => word,
    }
}
