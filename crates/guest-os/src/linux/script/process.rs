//! The script's process and its pipe.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};
use rustix::process::{Pid, Signal, kill_process_group};

use super::super::exec::end_signal;
use super::{Bell, Ended, HeldOutput, Invocation, Moment};
use crate::{Error, Result};

/// Bytes that are read at once: what a pipe holds.
const READ_BYTES: usize = 64 << 10;

/// A script that runs, in a process group of its own.
pub struct Script {
    child: Child,
    pid: Pid,
    /// Readable when the process has ended.
    end: OwnedFd,
    /// `None`: nobody holds the other end any more.
    output: Option<PipeReader>,
    buffer: Vec<u8>,
}

impl Script {
    /// Starts a program with nothing on its standard input. A file that names no interpreter is
    /// `/bin/sh`'s, as execvp(3) has it.
    ///
    /// # Errors
    /// When it cannot be executed, or the system has no pipe for it.
    pub fn start(invocation: &Invocation<'_>) -> io::Result<Self> {
        let Invocation {
            program, arguments, ..
        } = invocation;
        let mut command = Command::new(program);
        command.args(*arguments);
        match Self::spawn(command, invocation) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOEXEC) => {
                let mut shell = Command::new("/bin/sh");
                shell.arg(program).args(*arguments);
                Self::spawn(shell, invocation)
            }
            started => started,
        }
    }

    fn spawn(mut command: Command, invocation: &Invocation<'_>) -> io::Result<Self> {
        let (output, writer) = io::pipe()?;
        ioctl_fionbio(&output, true)?;
        let mut child = command
            .envs(invocation.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        // Our ends of the pipe's writing end, which the command has kept.
        drop(command);
        let pid = Pid::from_child(&child);
        let end = end_signal(pid).inspect_err(|_| {
            // It shall not run where nobody watches it.
            let _ = kill_process_group(pid, Signal::KILL);
            let _ = child.wait();
        })?;
        Ok(Self {
            child,
            pid,
            end,
            output: Some(output),
            buffer: vec![0; READ_BYTES],
        })
    }

    /// Waits until something happens: to the script, or to `beside`. Not to be called after [`Moment::Ended`].
    ///
    /// # Errors
    /// When the system can tell nothing about the process.
    pub fn wait(&mut self, beside: &Bell, until: Option<Instant>) -> Result<Moment<'_>> {
        let failed = |error: io::Error| Error::os("failed to wait for the script", error);
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let [beside_readable, ended, readable] = self.ready(beside, left).map_err(failed)?;
            if beside_readable {
                return Ok(Moment::Beside);
            }
            // A script that prints without end is late too.
            let is_late = left.is_some_and(|left| left.is_zero());
            if !is_late
                && readable
                && let count @ 1.. = self.read()
            {
                return Ok(Moment::Output(&self.buffer[..count]));
            }
            if ended && let Some(status) = self.child.try_wait().map_err(failed)? {
                return Ok(Moment::Ended(ended_by(status)));
            }
            if is_late {
                return Ok(Moment::Late);
            }
        }
    }

    /// Reads what an ended script has left in the pipe, and what others who hold the pipe print
    /// within `grace`, and returns as soon as nobody holds it.
    pub fn rest(&mut self, grace: Duration, mut each: impl FnMut(&[u8])) {
        let until = Instant::now() + grace;
        let mut left = self
            .output
            .as_ref()
            .map_or(0, |pipe| ioctl_fionread(pipe).unwrap_or_default());
        while let Some(pipe) = &self.output {
            let time = until.saturating_duration_since(Instant::now());
            if time.is_zero() && left == 0 {
                return;
            }
            let mut polled = [PollFd::new(pipe, PollFlags::IN)];
            if wait_for(&mut polled, Some(time)).is_err() || polled[0].revents().is_empty() {
                return;
            }
            let count = self.read();
            each(&self.buffer[..count]);
            left = left.saturating_sub(count as u64);
        }
    }

    /// The pipe, if somebody still holds its other end: without a reader, they would be killed by
    /// their next line.
    #[must_use]
    pub fn held_output(self) -> Option<HeldOutput> {
        let pipe = self.output?;
        // Whoever reads it next waits for bytes.
        ioctl_fionbio(&pipe, false).ok()?;
        Some(HeldOutput::new(pipe.into()))
    }

    /// Asks the script, and all that it started in its group, to end.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills the script, and all that it started in its group.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // They may have ended in this very moment.
        let _ = kill_process_group(self.pid, signal);
    }

    fn ready(&self, beside: &Bell, left: Option<Duration>) -> io::Result<[bool; 3]> {
        let mut polled = vec![
            PollFd::from_borrowed_fd(beside.as_fd(), PollFlags::IN),
            PollFd::new(&self.end, PollFlags::IN),
        ];
        if let Some(output) = &self.output {
            polled.push(PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN));
        }
        wait_for(&mut polled, left)?;
        let is_ready = |at: usize| polled.get(at).is_some_and(|fd| !fd.revents().is_empty());
        Ok([is_ready(0), is_ready(1), is_ready(2)])
    }

    /// Reads once, without waiting: how many bytes. Closes at the end of the stream.
    fn read(&mut self) -> usize {
        let Some(pipe) = &mut self.output else {
            return 0;
        };
        match pipe.read(&mut self.buffer) {
            Ok(count @ 1..) => count,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) =>
            {
                0
            }
            Ok(_) | Err(_) => {
                self.output = None;
                0
            }
        }
    }
}

fn ended_by(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Code(code.into()),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Unknown,
    }
}

/// Polls; a signal's interruption is as if nothing had happened.
fn wait_for(polled: &mut [PollFd<'_>], left: Option<Duration>) -> io::Result<()> {
    let timeout = left.map(Timespec::try_from).transpose();
    let timeout = timeout.map_err(io::Error::other)?;
    match poll(polled, timeout.as_ref()) {
        Ok(_) => Ok(()),
        Err(Errno::INTR) => {
            for fd in polled {
                fd.clear_revents();
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
