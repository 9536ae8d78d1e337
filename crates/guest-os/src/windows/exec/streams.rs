//! The pipes to and from a process.

use std::io;
use std::os::windows::io::{BorrowedHandle, OwnedHandle};

use qga::{Capture, ExecCall};

use super::KEPT_BYTES;
use crate::windows::process::{Reader, Writer, from_program, null, to_program};

/// Our ends.
pub(super) struct Streams {
    input: Option<Writer>,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
}

/// The process's ends.
pub(super) struct Theirs {
    pub(super) stdin: OwnedHandle,
    pub(super) stdout: OwnedHandle,
    pub(super) stderr: OwnedHandle,
}

/// The pipes that `call` needs; where it needs none, `NUL`.
pub(super) fn open(call: &ExecCall) -> io::Result<(Streams, Theirs)> {
    let (input, stdin) = match call.input.as_deref() {
        None | Some([]) => (None, null()?),
        Some(bytes) => {
            let (writer, stdin) = to_program(bytes)?;
            (Some(writer), stdin)
        }
    };
    let stdout_kept = matches!(call.capture, Capture::Separated | Capture::Stdout);
    let stderr_kept = matches!(call.capture, Capture::Separated | Capture::Stderr);
    let (out, stdout) = Output::open(stdout_kept)?;
    let (err, stderr) = Output::open(stderr_kept)?;
    let ours = Streams {
        input,
        stdout: out,
        stderr: err,
    };
    let theirs = Theirs {
        stdin,
        stdout,
        stderr,
    };
    Ok((ours, theirs))
}

impl Streams {
    /// Sees to it that something is under way on all that are open.
    pub(super) fn prepare(&mut self) {
        self.input.iter_mut().for_each(Writer::prepare);
        self.outputs().for_each(Reader::prepare);
    }

    /// Of those that are open, what is signalled when they can be served.
    pub(super) fn events(&self) -> impl Iterator<Item = BorrowedHandle<'_>> {
        let outputs = [&self.stdout, &self.stderr].into_iter();
        let outputs = outputs.filter_map(|output| output.pipe.as_ref()?.event());
        let input = self.input.as_ref().and_then(Writer::event);
        outputs.chain(input)
    }

    /// Takes and gives what can be without waiting.
    pub(super) fn serve(&mut self) {
        self.input.iter_mut().for_each(Writer::proceed);
        self.stdout.receive();
        self.stderr.receive();
    }

    fn outputs(&mut self) -> impl Iterator<Item = &mut Reader> {
        let outputs = [&mut self.stdout, &mut self.stderr].into_iter();
        outputs.filter_map(|output| output.pipe.as_mut())
    }
}

/// What the process prints on one stream.
pub(super) struct Output {
    pipe: Option<Reader>,
    kept: Kept,
}

/// The beginning of a stream.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    truncated: bool,
    discarding: bool,
}

impl Output {
    fn open(kept: bool) -> io::Result<(Self, OwnedHandle)> {
        let (pipe, end) = if kept {
            let (reader, end) = from_program()?;
            (Some(reader), end)
        } else {
            (None, null()?)
        };
        let kept = Kept::default();
        Ok((Self { pipe, kept }, end))
    }

    fn receive(&mut self) {
        if let Some(pipe) = &mut self.pipe {
            self.kept.add(pipe.take());
        }
    }

    /// Takes what the process has left in the pipe and keeps no more: a background child may
    /// print for ever.
    pub(super) fn finish(&mut self) -> (Vec<u8>, bool) {
        if let Some(pipe) = &mut self.pipe {
            pipe.drain(|bytes| self.kept.add(bytes));
        }
        self.kept.discarding = true;
        self.kept.bytes.shrink_to_fit();
        (std::mem::take(&mut self.kept.bytes), self.kept.truncated)
    }
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        if self.discarding {
            return;
        }
        let room = KEPT_BYTES - self.bytes.len();
        self.truncated |= bytes.len() > room;
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}
