//! Helper programs, bounded in time and in what is kept of their output.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::os::windows::io::AsHandle;
use std::os::windows::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::{
    Console, Job, Launch, Place, Process, Reader, Writer, command_line, from_program, locate, null,
    own_search_path, to_program,
};
use crate::both::finished::{Finished, OUTPUT_LIMIT};
use crate::windows::wait::wait_any;
use crate::{Error, Result};

/// How long a killed helper may take to leave.
const LAST_GASP: Duration = Duration::from_secs(1);

/// Runs `program` with `arguments`, gives it `stdin` and waits until it ends.
///
/// A name without a directory is looked for in the system's directory first. The helper gets a
/// job of its own and the agent's environment. What it leaves in the background stays, and may
/// keep its output open: the result does not wait for that. At the deadline the whole job is
/// killed.
///
/// # Errors
/// [`Error::Os`] when it could not be started (kind `NotFound` when there is no such program)
/// or ran longer than `deadline` (kind `TimedOut`).
pub(in crate::windows) fn run(
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

struct Helper {
    process: Process,
    job: Job,
    stdin: Option<Writer>,
    reader: Reader,
    output: Vec<u8>,
}

impl Helper {
    fn start(program: &Path, arguments: &[impl AsRef<OsStr>], input: &[u8]) -> io::Result<Self> {
        let file = locate(program.as_os_str(), &own_search_path())?;
        let job = Job::new()?;
        let (reader, output) = from_program()?;
        let (writer, stdin) = if input.is_empty() {
            (None, null()?)
        } else {
            let (writer, stdin) = to_program(input)?;
            (Some(writer), stdin)
        };
        let launch = Launch {
            command: command_line(&file, program.as_os_str(), arguments)?,
            environment: None,
            stdin: stdin.as_handle(),
            stdout: output.as_handle(),
            stderr: output.as_handle(),
            console: Console::Hidden,
            place: Place::Job(&job),
        };
        // Our copies of its ends go with the end of this function.
        let process = launch.start()?;
        Ok(Self {
            process,
            job,
            stdin: writer,
            reader,
            output: Vec::new(),
        })
    }

    /// Its end is looked at first: output without end cannot keep the deadline from being seen.
    fn finish_before(&mut self, end: Instant) -> io::Result<Finished> {
        loop {
            self.reader.prepare();
            self.stdin.iter_mut().for_each(Writer::prepare);
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            let output = self.reader.event();
            let input = self.stdin.as_ref().and_then(Writer::event);
            let ended = Some(self.process.as_handle());
            let handles: Vec<_> = [ended, output, input].into_iter().flatten().collect();
            let came = wait_any(&handles, Some(left))?;
            if came == Some(0) {
                self.reader.drain(|bytes| keep(&mut self.output, bytes));
                return self.finished();
            }
            keep(&mut self.output, self.reader.take());
            self.stdin.iter_mut().for_each(Writer::proceed);
        }
    }

    fn finished(&mut self) -> io::Result<Finished> {
        Ok(Finished {
            status: ExitStatus::from_raw(self.process.code()?.cast_unsigned()),
            output: std::mem::take(&mut self.output),
        })
    }

    /// Ends the whole job. Nothing that the helper does can hold the agent up for long.
    fn kill(self) {
        self.job.kill();
        let _ = wait_any(&[self.process.as_handle()], Some(LAST_GASP));
    }
}

fn keep(output: &mut Vec<u8>, bytes: &[u8]) {
    let kept = bytes.len().min(OUTPUT_LIMIT - output.len());
    output.extend_from_slice(&bytes[..kept]);
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
