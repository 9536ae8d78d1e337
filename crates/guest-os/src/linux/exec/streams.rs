//! The pipes to and from a process.

use std::io::{self, PipeReader, PipeWriter, pipe};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Stdio;

use qga::{Capture, ExecCall};
use rustix::buffer::spare_capacity;
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread, read, write};

use super::KEPT_BYTES;

/// A pipe is asked for no less at once.
const READ_BYTES: usize = 4096;

/// Our ends.
pub(super) struct Streams {
    pub(super) input: Input,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
}

/// The process's ends.
pub(super) struct ChildStdio {
    pub(super) stdin: Stdio,
    pub(super) stdout: Stdio,
    pub(super) stderr: Stdio,
}

/// The pipes that `call` needs; where it needs none, `/dev/null`.
pub(super) fn open(call: &ExecCall) -> io::Result<(Streams, ChildStdio)> {
    let (input, stdin) = Input::open(call.input.as_deref().unwrap_or_default())?;
    let stdout_kept = !matches!(call.capture, Capture::None | Capture::Stderr);
    let stderr_kept = matches!(call.capture, Capture::Separated | Capture::Stderr);
    let (stdout, out_end) = Output::open(stdout_kept)?;
    let (stderr, err_end) = Output::open(stderr_kept)?;
    let stderr_end = match (&out_end, call.capture) {
        (Some(end), Capture::Merged) => Some(end.try_clone()?),
        _ => err_end,
    };
    let streams = Streams {
        input,
        stdout,
        stderr,
    };
    let stdio = ChildStdio {
        stdin: stdin.map_or_else(Stdio::null, Stdio::from),
        stdout: out_end.map_or_else(Stdio::null, Stdio::from),
        stderr: stderr_end.map_or_else(Stdio::null, Stdio::from),
    };
    Ok((streams, stdio))
}

/// What the process reads on standard input.
pub(super) struct Input {
    pipe: Option<PipeWriter>,
    bytes: Vec<u8>,
    written: usize,
}

impl Input {
    fn open(bytes: &[u8]) -> io::Result<(Self, Option<PipeReader>)> {
        let (pipe, end) = if bytes.is_empty() {
            (None, None)
        } else {
            let (end, pipe) = pipe()?;
            ioctl_fionbio(&pipe, true)?;
            (Some(pipe), Some(end))
        };
        let input = Self {
            pipe,
            bytes: bytes.to_vec(),
            written: 0,
        };
        Ok((input, end))
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Writes what fits; closes when all is written or nobody reads any more.
    pub(super) fn send(&mut self) {
        let Some(pipe) = &self.pipe else { return };
        match write(pipe, &self.bytes[self.written..]) {
            Ok(count) => self.written += count,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.written = self.bytes.len(),
        }
        if self.written == self.bytes.len() {
            self.pipe = None;
            self.bytes = Vec::new();
            self.written = 0;
        }
    }
}

/// What the process prints on one stream.
pub(super) struct Output {
    pipe: Option<PipeReader>,
    kept: Vec<u8>,
    truncated: bool,
    discarding: bool,
}

impl Output {
    fn open(kept: bool) -> io::Result<(Self, Option<PipeWriter>)> {
        let (pipe, end) = if kept {
            let (pipe, end) = pipe()?;
            ioctl_fionbio(&pipe, true)?;
            (Some(pipe), Some(end))
        } else {
            (None, None)
        };
        let output = Self {
            pipe,
            kept: Vec::new(),
            truncated: false,
            discarding: false,
        };
        Ok((output, end))
    }

    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// Reads once, without waiting: how many bytes. Closes at the end of the stream.
    pub(super) fn receive(&mut self) -> usize {
        let Some(pipe) = &self.pipe else { return 0 };
        let count = if self.discarding || self.kept.len() == KEPT_BYTES {
            let count = read(pipe, &mut [0_u8; READ_BYTES]);
            self.truncated |= !self.discarding && matches!(count, Ok(1..));
            count
        } else {
            self.kept.reserve(READ_BYTES);
            let count = read(pipe, spare_capacity(&mut self.kept));
            self.truncated |= self.kept.len() > KEPT_BYTES;
            self.kept.truncate(KEPT_BYTES);
            count
        };
        match count {
            Ok(count @ 1..) => count,
            Err(Errno::AGAIN | Errno::INTR) => 0,
            Ok(_) | Err(_) => {
                self.pipe = None;
                0
            }
        }
    }

    /// Takes what the process has left in the pipe and keeps no more: a background child may
    /// print for ever.
    pub(super) fn finish(&mut self) -> (Vec<u8>, bool) {
        let mut left = self
            .fd()
            .map_or(0, |pipe| ioctl_fionread(pipe).unwrap_or(0));
        while left > 0 {
            let count = self.receive() as u64;
            if count == 0 {
                break;
            }
            left = left.saturating_sub(count);
        }
        self.discarding = true;
        self.kept.shrink_to_fit();
        (std::mem::take(&mut self.kept), self.truncated)
    }
}
