//! A process that runs, and what is done with it until nobody holds its pipes any more.

use std::io::{self, pipe};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::Child;
use std::thread;
use std::time::Duration;

use qga::ExecCall;
use qga::results::exec::{Ended, Exit};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use super::streams::Streams;
use super::{Group, command};
use crate::{Error, Result, reason};

/// Makes a file descriptor that is readable as soon as the process has ended.
pub(in super::super) type EndSignal = fn(Pid) -> io::Result<OwnedFd>;

/// A pidfd, or before Linux 5.3 a thread that waits.
pub(in super::super) fn end_signal(pid: Pid) -> io::Result<OwnedFd> {
    pidfd_open(pid, PidfdFlags::empty()).or_else(|_| waiter(pid))
}

/// A pipe that closes when the process has ended. The process is not reaped by it.
pub(super) fn waiter(pid: Pid) -> io::Result<OwnedFd> {
    let (closed, held) = pipe()?;
    thread::Builder::new()
        .name("exec-wait".into())
        .stack_size(super::STACK_BYTES)
        .spawn(move || {
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), ended), Err(Errno::INTR)) {}
            drop(held);
        })?;
    Ok(closed.into())
}

/// A process with its pipes.
pub(super) struct Running {
    child: Child,
    streams: Streams,
    /// `None`: there is no pipe that would need care until the end.
    end: Option<OwnedFd>,
}

impl Running {
    pub(super) fn start(call: &ExecCall, group: Group, end_signal: EndSignal) -> Result<Self> {
        let (mut child, streams) = command::execute(call, group).map_err(|error| {
            Error::Invalid(format!(
                "Failed to execute child process “{}” ({})",
                call.path,
                reason(&error)
            ))
        })?;
        let end = if streams.are_closed() {
            None
        } else {
            let end = end_signal(Pid::from_child(&child));
            Some(end.map_err(|error| {
                let _ = child.kill();
                let _ = child.wait();
                Error::os("failed to watch the process", error)
            })?)
        };
        Ok(Self {
            child,
            streams,
            end,
        })
    }

    pub(super) fn pid(&self) -> i64 {
        i64::from(self.child.id())
    }

    /// Until the process has ended and nobody holds its pipes.
    pub(super) fn follow(mut self, on_end: impl FnOnce(Ended)) {
        while let Some(end) = &self.end {
            let [ended, input, stdout, stderr] = ready([
                Some((end.as_fd(), PollFlags::IN)),
                self.streams.input.fd().map(|fd| (fd, PollFlags::OUT)),
                self.streams.stdout.fd().map(|fd| (fd, PollFlags::IN)),
                self.streams.stderr.fd().map(|fd| (fd, PollFlags::IN)),
            ]);
            self.streams.serve([input, stdout, stderr]);
            if ended {
                self.end = None;
            }
        }
        let exit = self.reap();
        let (stdout, out_truncated) = self.streams.stdout.finish();
        let (stderr, err_truncated) = self.streams.stderr.finish();
        on_end(Ended {
            exit,
            stdout,
            stderr,
            out_truncated,
            err_truncated,
        });
        self.streams.outlast();
    }

    fn reap(&mut self) -> Exit {
        let Ok(status) = self.child.wait() else {
            return Exit::Unknown;
        };
        match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code.into()),
            (None, Some(signal)) => Exit::Signal(signal.into()),
            (None, None) => Exit::Unknown,
        }
    }
}

impl Streams {
    fn are_closed(&self) -> bool {
        self.input.fd().is_none() && self.stdout.fd().is_none() && self.stderr.fd().is_none()
    }

    fn serve(&mut self, [input, stdout, stderr]: [bool; 3]) {
        if input {
            self.input.send();
        }
        if stdout {
            self.stdout.receive();
        }
        if stderr {
            self.stderr.receive();
        }
    }

    /// Serves whoever still holds the pipes of a process that has ended.
    fn outlast(&mut self) {
        while !self.are_closed() {
            let held = ready([
                self.input.fd().map(|fd| (fd, PollFlags::OUT)),
                self.stdout.fd().map(|fd| (fd, PollFlags::IN)),
                self.stderr.fd().map(|fd| (fd, PollFlags::IN)),
            ]);
            self.serve(held);
        }
    }
}

/// Waits until one of these can be served, or has hung up.
fn ready<const N: usize>(sources: [Option<(BorrowedFd<'_>, PollFlags)>; N]) -> [bool; N] {
    let mut polled: Vec<PollFd<'_>> = sources
        .iter()
        .flatten()
        .map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
        .collect();
    while let Err(error) = poll(&mut polled, None) {
        // Out of memory: another try in a while, not a spin.
        if error != Errno::INTR {
            thread::sleep(Duration::from_millis(10));
        }
    }
    let mut events = polled.iter().map(PollFd::revents);
    sources.map(|source| source.is_some() && events.next().is_some_and(|found| !found.is_empty()))
}
