//! Running one script.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use guest_os::reason;
use guest_os::script::{Moment, Script};
use metadata::scripts::{End, Event, Invocation, Lines, invocation};

use super::forward;
use super::interrupt::Interrupt;
use super::log::Log;

/// The kernel's word for a file without an interpreter.
const ENOEXEC: i32 = 8;

/// How long a script that was told to end may take.
const LAST_GASP: Duration = Duration::from_secs(10);

/// How long the output of what a script has left behind is waited for: of a `tee`, the last lines.
const LINGER: Duration = Duration::from_millis(500);

/// What a script runs with.
pub(super) struct Surroundings<'a> {
    pub(super) event: Event,
    pub(super) key: &'static str,
    /// What the runner was called by.
    pub(super) name: &'a str,
    pub(super) shell: Option<&'a str>,
    pub(super) timeout: Option<Duration>,
    pub(super) variables: &'a [(&'static str, String)],
}

/// How it went.
pub(super) struct Outcome {
    pub(super) end: End,
    /// A signal came: nothing more shall be run.
    pub(super) interrupted: bool,
}

impl Surroundings<'_> {
    /// Runs the script in `file` and logs what it prints.
    pub(super) fn run(&self, file: &Path, interrupt: &mut Interrupt, log: &mut Log) -> Outcome {
        // Before it runs: a signal must not end us between the two.
        interrupt.set_running(true);
        let mut script = match self.start(file, log) {
            Ok(script) => script,
            Err(end) => {
                interrupt.set_running(false);
                let interrupted = false;
                return Outcome { end, interrupted };
            }
        };
        let mut lines = Lines::default();
        let outcome = self.follow(&mut script, &mut lines, interrupt, log);
        interrupt.set_running(false);
        script.rest(LINGER, |bytes| {
            lines.push(bytes, |line| log.output(self.key, line));
        });
        lines.finish(|line| log.output(self.key, line));
        if let Some(pipe) = script.held_output()
            && let Err(error) = forward::hand_over(pipe, self.event, self.key, self.name)
        {
            let what = "what it left in the background is not logged any more";
            log.warn(Some(self.key), &format!("{}: {what}: {error}", self.key));
        }
        outcome
    }

    fn start(&self, file: &Path, log: &mut Log) -> Result<Script, End> {
        let path = file.to_str();
        let path =
            path.ok_or_else(|| End::NotStarted("its folder's name is no text".to_owned()))?;
        let shell = self.shell.filter(|shell| {
            let exists = Path::new(shell).exists();
            if !exists {
                let what = "does not exist: the script runs by itself";
                log.warn(Some(self.key), &format!("default_shell {shell} {what}"));
            }
            exists
        });
        let started = Script::start(self.command(&invocation(shell, path)));
        let started = match started {
            // As execvp(3) has it.
            Err(error) if error.raw_os_error() == Some(ENOEXEC) => {
                let arguments = vec![path.to_owned()];
                let program = "/bin/sh".to_owned();
                Script::start(self.command(&Invocation { program, arguments }))
            }
            started => started,
        };
        started.map_err(|error| End::NotStarted(format!("it cannot be run: {}", reason(&error))))
    }

    fn command(&self, invocation: &Invocation) -> Command {
        let mut command = Command::new(&invocation.program);
        command
            .args(&invocation.arguments)
            .env("HOSPES_EVENT", self.event.name())
            .env("HOSPES_SCRIPT_KEY", self.key)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Until the script has ended, or nobody can wait for it any longer.
    fn follow(
        &self,
        script: &mut Script,
        lines: &mut Lines,
        interrupt: &mut Interrupt,
        log: &mut Log,
    ) -> Outcome {
        let mut until = self.timeout.map(|limit| Instant::now() + limit);
        let (mut late, mut interrupted) = (None, false);
        let end = loop {
            match script.wait(interrupt, until) {
                Ok(Moment::Output(bytes)) => {
                    lines.push(bytes, |line| log.output(self.key, line));
                }
                Ok(Moment::Ended(status)) => break late.unwrap_or_else(|| end(status)),
                Ok(Moment::Beside) => {
                    interrupt.take();
                    script.terminate();
                    interrupted = true;
                    until = Some(Instant::now() + LAST_GASP);
                }
                Ok(Moment::Late) if interrupted => {
                    let why = "the runner was told to end and the script did not: it is left alone";
                    break End::NotStarted(why.to_owned());
                }
                Ok(Moment::Late) => {
                    script.kill();
                    let timed_out = End::TimedOut(self.timeout.unwrap_or_default());
                    if late.replace(timed_out.clone()).is_some() {
                        break timed_out;
                    }
                    until = Some(Instant::now() + LAST_GASP);
                }
                Err(error) => break End::NotStarted(error.to_string()),
            }
        };
        Outcome { end, interrupted }
    }
}

fn end(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Code(code),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => End::NotStarted("nobody knows how it ended".to_owned()),
    }
}
