//! Helper programs, bounded in time and in what is kept of their output.

use std::ffi::OsStr;
use std::io::{self, ErrorKind, PipeReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::both::finished::{Finished, OUTPUT_LIMIT};
use crate::{Error, Result};

/// How long a kernel without `pidfd_open` (before 5.3) goes unasked whether the helper ended.
const TICK: Duration = Duration::from_millis(10);

/// How long a killed helper may take to leave before a thread waits for it instead.
const LAST_GASP: Duration = Duration::from_secs(1);

/// Runs `program` with `arguments`, gives it `stdin` and waits until it ends.
///
/// It gets a process group of its own, unblocked signals, and the agent's environment. What it
/// leaves in the background stays, and may keep its output open: the result does not wait for
/// that. At the deadline the whole group is killed.
///
/// # Errors
/// [`Error::Os`] when it could not be started (kind `NotFound` when there is no such program)
/// or ran longer than `deadline` (kind `TimedOut`).
pub(in crate::linux) fn run(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    stdin: &[u8],
    deadline: Duration,
) -> Result<Finished> {
    let name = program.display();
    let mut helper = Helper::start(program, arguments, stdin)
        .map_err(|error| Error::os(format!("failed to start '{name}'"), error))?;
    let finished = helper.finish_before(Instant::now() + deadline);
    if finished.is_err() {
        helper.kill();
    }
    finished.map_err(|error| match error.kind() {
        ErrorKind::TimedOut => {
            let seconds = deadline.as_secs_f32();
            Error::os(format!("'{name}' did not end within {seconds} s"), error)
        }
        _ => Error::os(format!("failed to wait for '{name}'"), error),
    })
}

struct Helper<'a> {
    child: Option<Child>,
    pid: Pid,
    /// Readable when the child ended; `None` on old kernels.
    end: Option<OwnedFd>,
    stdin: Option<ChildStdin>,
    unwritten: &'a [u8],
    reader: Option<PipeReader>,
    output: Vec<u8>,
}

impl<'a> Helper<'a> {
    fn start(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        unwritten: &'a [u8],
    ) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        rustix::io::ioctl_fionbio(&reader, true)?;
        // The statement's end drops the command and with it our ends of the output pipe.
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(if unwritten.is_empty() {
                Stdio::null()
            } else {
                Stdio::piped()
            })
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let pid = Pid::from_child(&child);
        let stdin = child.stdin.take();
        if let Some(stdin) = &stdin {
            rustix::io::ioctl_fionbio(stdin, true)?;
        }
        Ok(Self {
            child: Some(child),
            pid,
            end: pidfd_open(pid, PidfdFlags::empty()).ok(),
            stdin,
            unwritten,
            reader: Some(reader),
            output: Vec::new(),
        })
    }

    fn finish_before(&mut self, end: Instant) -> io::Result<Finished> {
        loop {
            let ended = self.ended()?;
            self.feed();
            self.listen();
            if let Some(status) = ended {
                return Ok(Finished {
                    status,
                    output: std::mem::take(&mut self.output),
                });
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.wait(left)?;
        }
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.as_mut().map_or(Ok(None), Child::try_wait)
    }

    /// Writes what its standard input takes now, and closes it after the last byte.
    fn feed(&mut self) {
        while let Some(stdin) = &mut self.stdin {
            match stdin.write(self.unwritten) {
                Ok(written) => self.unwritten = self.unwritten.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // It reads no more.
                Err(_) => self.unwritten = &[],
            }
            if self.unwritten.is_empty() {
                self.stdin = None;
            }
        }
    }

    /// Reads what it has written by now: at most what a pipe holds, so that a helper that writes
    /// without end cannot keep the deadline from being looked at.
    fn listen(&mut self) {
        let mut buffer = [0; 4096];
        for _ in 0..OUTPUT_LIMIT / buffer.len() {
            let Some(reader) = &mut self.reader else {
                return;
            };
            match reader.read(&mut buffer) {
                Ok(0) => self.reader = None,
                Ok(read) => {
                    let kept = read.min(OUTPUT_LIMIT - self.output.len());
                    self.output.extend_from_slice(&buffer[..kept]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.reader = None,
            }
        }
    }

    /// Waits for input that it takes, output, or its end.
    fn wait(&self, left: Duration) -> io::Result<()> {
        let mut descriptors = Vec::with_capacity(3);
        if let Some(stdin) = &self.stdin {
            descriptors.push(PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::OUT));
        }
        if let Some(reader) = &self.reader {
            descriptors.push(PollFd::from_borrowed_fd(reader.as_fd(), PollFlags::IN));
        }
        let longest = match &self.end {
            Some(end) => {
                descriptors.push(PollFd::from_borrowed_fd(end.as_fd(), PollFlags::IN));
                left
            }
            None => left.min(TICK),
        };
        let timeout = Timespec::try_from(longest).map_err(io::Error::other)?;
        match poll(&mut descriptors, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the whole group. Nothing that the helper does can hold the agent up.
    fn kill(mut self) {
        // It may have ended in this very moment.
        let _ = kill_process_group(self.pid, Signal::KILL);
        self.stdin = None;
        self.reader = None;
        let end = Instant::now() + LAST_GASP;
        while !matches!(self.ended(), Ok(Some(_)) | Err(_)) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || self.wait(left).is_err() {
                return self.leave_to_a_thread();
            }
        }
    }

    /// A process that the kernel cannot end yet (a dead disk) is waited for beside the agent.
    fn leave_to_a_thread(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = thread::Builder::new()
                .name("last-wait".into())
                .spawn(move || child.wait());
        }
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
pub(in crate::linux) mod tests;
