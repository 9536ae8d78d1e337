//! A process that runs, and what is done with it until nobody holds its pipes any more.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::thread;
use std::time::Duration;

use qga::ExecCall;
use qga::results::exec::{Ended, Exit};

use super::streams::{self, Streams};
use crate::windows::process::{
    Console, Launch, Place, Process, block, command_line, locate, own_search_path,
};
use crate::windows::wait::wait_any;
use crate::{Error, Result, reason};

/// From here on an exit code is an NTSTATUS of the class "error": by an exception that nobody
/// handled. As QEMU's agent has it.
const EXCEPTIONS: u32 = 0xC000_0000;

/// A process with its pipes.
pub(super) struct Running {
    process: Process,
    streams: Streams,
}

impl Running {
    pub(super) fn start(call: &ExecCall) -> Result<Self> {
        execute(call).map_err(|error| {
            Error::Invalid(format!(
                "Failed to execute child process “{}” ({})",
                call.path,
                reason(&error)
            ))
        })
    }

    pub(super) fn pid(&self) -> i64 {
        self.process.id().into()
    }

    /// Until the process has ended and nobody holds its pipes.
    pub(super) fn follow(mut self, on_end: impl FnOnce(Ended)) {
        serve(&mut self.streams, Some(self.process.as_handle()));
        let exit = self.process.code().map_or(Exit::Unknown, exit);
        let (stdout, out_truncated) = self.streams.stdout.finish();
        let (stderr, err_truncated) = self.streams.stderr.finish();
        on_end(Ended {
            exit,
            stdout,
            stderr,
            out_truncated,
            err_truncated,
        });
        serve(&mut self.streams, None);
    }
}

fn execute(call: &ExecCall) -> io::Result<Running> {
    let given = call.environment.as_deref();
    let file = locate(OsStr::new(&call.path), &search_path(given))?;
    let environment = given.map(|given| {
        let variables = variables(given).map(|(name, value)| (name.into(), value.into()));
        block(variables)
    });
    let (streams, theirs) = streams::open(call)?;
    let launch = Launch {
        command: command_line(&file, OsStr::new(&call.path), &call.arguments)?,
        environment: environment.transpose()?,
        stdin: theirs.stdin.as_handle(),
        stdout: theirs.stdout.as_handle(),
        stderr: theirs.stderr.as_handle(),
        console: Console::Hidden,
        place: Place::Beside,
    };
    let process = launch.start()?;
    Ok(Running { process, streams })
}

/// `NAME=value` each, the first of one name last, so that it is the one that counts, as on Linux.
fn variables(environment: &[String]) -> impl Iterator<Item = (&str, &str)> {
    let named = |variable: &&String| variable.find('=').is_some_and(|at| at > 0);
    environment
        .iter()
        .rev()
        .filter(named)
        .filter_map(|variable| variable.split_once('='))
}

/// The `PATH` of the given environment, else the agent's own.
fn search_path(environment: Option<&[String]>) -> OsString {
    let given = environment.and_then(|environment| {
        variables(environment)
            .filter(|(name, _)| name.eq_ignore_ascii_case("PATH"))
            .last()
    });
    given.map_or_else(own_search_path, |(_, value)| value.into())
}

fn exit(code: i32) -> Exit {
    match code.cast_unsigned() {
        EXCEPTIONS.. => Exit::Signal(code.into()),
        _ => Exit::Code(code.into()),
    }
}

/// Serves the pipes until `end` is signalled or, without one, until all are closed.
fn serve(streams: &mut Streams, end: Option<BorrowedHandle<'_>>) {
    loop {
        streams.prepare();
        let handles: Vec<_> = end.into_iter().chain(streams.events()).collect();
        if handles.is_empty() {
            return;
        }
        match wait_any(&handles, None) {
            Ok(Some(0)) if end.is_some() => return,
            Ok(_) => streams.serve(),
            // Out of memory: another try in a while, not a spin.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_reference() {
        for (code, expected) in [
            (0, Exit::Code(0)),
            (259, Exit::Code(259)),
            (0x8000_0003_u32.cast_signed(), Exit::Code(-2_147_483_645)),
            (0xC000_0005_u32.cast_signed(), Exit::Signal(-1_073_741_819)),
            (-1, Exit::Signal(-1)),
        ] {
            assert_eq!(exit(code), expected);
        }
    }
}
