//! Running one script.

use std::path::Path;
use std::time::{Duration, Instant};

use guest_os::reason;
use guest_os::script::{self, Ended, Moment, Script};
use metadata::scripts::{End, Event, Invocation, Kind, Lines, invocation};

use super::forward;
use super::interrupt::Interrupt;
use super::log::Log;

/// How long a script that was told to end may take.
const LAST_GASP: Duration = Duration::from_secs(10);

/// How long the output of what a script has left behind is waited for: of a `tee`, the last lines.
const LINGER: Duration = Duration::from_millis(500);

/// What a script runs with.
pub(super) struct Surroundings<'a> {
    pub(super) event: Event,
    pub(super) key: &'static str,
    pub(super) kind: Kind,
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
        let Invocation { program, arguments } = invocation(self.kind, shell, path);
        let own = [
            ("HOSPES_EVENT", self.event.name()),
            ("HOSPES_SCRIPT_KEY", self.key),
        ];
        let others = self.variables.iter().map(|(name, value)| (*name, &**value));
        let environment: Vec<_> = own.into_iter().chain(others).collect();
        let started = Script::start(&script::Invocation {
            program: &program,
            arguments: &arguments,
            environment: &environment,
        });
        started.map_err(|error| End::NotStarted(format!("it cannot be run: {}", reason(&error))))
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
            match script.wait(interrupt.bell(), until) {
                Ok(Moment::Output(bytes)) => {
                    lines.push(bytes, |line| log.output(self.key, line));
                }
                Ok(Moment::Ended(ended)) => break late.unwrap_or_else(|| end(ended)),
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

fn end(ended: Ended) -> End {
    match ended {
        Ended::Code(code) => End::Code(code),
        Ended::Signal(signal) => End::Signal(signal),
        Ended::Unknown => End::NotStarted("nobody knows how it ended".to_owned()),
    }
}
