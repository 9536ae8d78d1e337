//! The script's process and its pipe.
#![allow(unsafe_code, reason = "console events have no safe interface")]

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::AsHandle;
use std::time::{Duration, Instant};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};

use super::{Bell, Ended, HeldOutput, Invocation, Moment};
use crate::windows::process::{
    Console, Job, Launch, Place, Process, Reader, command_line, from_program, locate, null,
    own_search_path, with_ours,
};
use crate::windows::wait::wait_any;
use crate::{Error, Result};

/// A script that runs, in a job of its own.
pub struct Script {
    process: Process,
    job: Job,
    output: Reader,
}

impl Script {
    /// Starts a program with nothing on its standard input. A batch file is `cmd`'s. Nobody sees a
    /// window.
    ///
    /// # Errors
    /// When it cannot be executed, or the system has no pipe for it.
    pub fn start(invocation: &Invocation<'_>) -> io::Result<Self> {
        let name = OsStr::new(invocation.program);
        let file = locate(name, &own_search_path())?;
        let job = Job::new()?;
        let (output, theirs) = from_program()?;
        let null = null()?;
        let launch = Launch {
            command: command_line(&file, name, invocation.arguments)?,
            environment: Some(with_ours(invocation.environment.iter().copied())?),
            stdin: null.as_handle(),
            stdout: theirs.as_handle(),
            stderr: theirs.as_handle(),
            console: Console::Ours,
            place: Place::Job(&job),
        };
        // Our copies of its ends go with the end of this function.
        let process = launch.start()?;
        Ok(Self {
            process,
            job,
            output,
        })
    }

    /// Waits until something happens: to the script, or to `beside`. Not to be called after [`Moment::Ended`].
    ///
    /// # Errors
    /// When the system can tell nothing about the process.
    pub fn wait(&mut self, beside: &Bell, until: Option<Instant>) -> Result<Moment<'_>> {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let is_late = left.is_some_and(|left| left.is_zero());
            self.output.prepare();
            // What is late is late, however much it prints.
            let output = self.output.event().filter(|_| !is_late);
            let ended = self.process.as_handle();
            let handles: Vec<_> = [beside.as_handle()]
                .into_iter()
                .chain(output)
                .chain([ended])
                .collect();
            let last = handles.len() - 1;
            let came = wait_any(&handles, left)
                .map_err(|error| Error::os("failed to wait for the script", error))?;
            match came {
                Some(0) => return Ok(Moment::Beside),
                Some(which) if which == last => return Ok(Moment::Ended(self.ended())),
                Some(_) if self.output.receive() > 0 => {
                    return Ok(Moment::Output(self.output.received()));
                }
                None if is_late => return Ok(Moment::Late),
                Some(_) | None => {}
            }
        }
    }

    /// Reads what an ended script has left in the pipe, and what others who hold the pipe print
    /// within `grace`, and returns as soon as nobody holds it.
    pub fn rest(&mut self, grace: Duration, mut each: impl FnMut(&[u8])) {
        let until = Instant::now() + grace;
        self.output.drain(&mut each);
        loop {
            self.output.prepare();
            let left = until.saturating_duration_since(Instant::now());
            let Some(event) = self.output.event() else {
                return;
            };
            if left.is_zero() || !matches!(wait_any(&[event], Some(left)), Ok(Some(_))) {
                break;
            }
            each(self.output.take());
        }
        // Nothing is under way any more, so that nobody's line is lost to us.
        self.output.drain(each);
    }

    /// The pipe, if somebody still holds its other end: without a reader, they would fail at their
    /// next line. [`rest`](Self::rest) comes before.
    #[must_use]
    pub fn held_output(self) -> Option<HeldOutput> {
        self.output.into_pipe().map(HeldOutput::new)
    }

    /// Asks the script, and all that it started in its group, to end: Ctrl-Break, which reaches
    /// what shares our console. Without a console there is nothing that could be asked.
    pub fn terminate(&self) {
        self.ask_to_end();
    }

    /// Whether it could be asked.
    pub(super) fn ask_to_end(&self) -> bool {
        // SAFETY: takes plain numbers. They may have ended in this very moment.
        unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.process.id()) != 0 }
    }

    /// Kills the script, and all that it started in its job.
    pub fn kill(&self) {
        self.job.kill();
    }

    fn ended(&self) -> Ended {
        let code = self.process.code();
        code.map_or(Ended::Unknown, |code| Ended::Code(code.into()))
    }
}
