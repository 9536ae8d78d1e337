//! The graceful scripts' runner: a program beside our own.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::process::{Console, Launch, Place, Process, command_line, null};
use super::wait::wait_any;
use crate::{Error, Result};

/// How the runner is called in texts for people.
pub const RUNNER: &str = "GCEMetadataScriptRunner.exe graceful-shutdown";

/// Nobody but who has started the runner tells of its end.
pub const IS_SUPERVISED: bool = false;

/// Its file, beside our own.
const FILE: &str = "GCEMetadataScriptRunner.exe";

/// What it is told.
const ARGUMENTS: [&str; 1] = ["graceful-shutdown"];

/// Enough for waiting and for `on_end`, which reports.
const STACK_BYTES: usize = 256 << 10;

/// How a runner ended that nobody else tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, where it had one.
    pub code: Option<i64>,
}

/// Starts the runner that lies beside our own program, found by that one's path and nowhere else.
/// It outlives us: it has nothing of ours but our environment. `on_end` is called on a thread of
/// its own when it has ended, if we are there then.
///
/// # Errors
/// When it is missing or cannot be started. Then `on_end` is never called.
pub fn start(on_end: impl FnOnce(Ended) + Send + 'static) -> Result<()> {
    let own = env::current_exe().map_err(|error| Error::os("failed to find ourselves", error))?;
    start_at(&own.with_file_name(FILE), on_end)
}

fn start_at(runner: &Path, on_end: impl FnOnce(Ended) + Send + 'static) -> Result<()> {
    if !runner.is_file() {
        return Err(missing(runner));
    }
    let (give, given) = sync_channel::<Process>(1);
    let thread = thread::Builder::new()
        .name("runner".to_owned())
        .stack_size(STACK_BYTES);
    // It is there before the runner: nothing can fail after that has begun to act.
    thread
        .spawn(move || {
            if let Ok(process) = given.recv() {
                on_end(end_of(&process));
            }
        })
        .map_err(|error| Error::os("failed to start a thread for the runner", error))?;
    let process = launch(runner).map_err(|error| {
        let runner = runner.display();
        Error::os(format_args!("failed to start the runner '{runner}'"), error)
    })?;
    // It waits for exactly this.
    let _ = give.send(process);
    Ok(())
}

fn missing(runner: &Path) -> Error {
    let (path, folder) = (runner.display(), runner.parent().map(PathBuf::from));
    let folder = folder.unwrap_or_default();
    Error::Invalid(format!(
        "the runner of the graceful scripts is missing, '{path}': install hospes-agent again, or \
         copy hospes-agent.exe there under this name, in '{}'",
        folder.display()
    ))
}

fn launch(runner: &Path) -> io::Result<Process> {
    let null = null()?;
    let launch = Launch {
        command: command_line(runner, runner.as_os_str(), &ARGUMENTS.map(OsStr::new))?,
        environment: None,
        stdin: null.as_handle(),
        stdout: null.as_handle(),
        stderr: null.as_handle(),
        console: Console::Hidden,
        place: Place::Outside,
    };
    launch.start()
}

fn end_of(process: &Process) -> Ended {
    let waited = wait_any(&[process.as_handle()], None);
    let code = waited.and_then(|_| process.code()).ok();
    Ended {
        code: code.map(i64::from),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_missing_runner_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let refused = start_at(&path, |_| {}).unwrap_err().to_string();
        assert!(refused.contains(&path.display().to_string()), "{refused}");
        assert!(refused.contains("install hospes-agent again"), "{refused}");
        // None lies beside the test program either.
        assert!(start(|_| {}).is_err());
    }

    #[test]
    fn the_runner_s_end_is_told() {
        let folder = tempfile::tempdir().unwrap();
        // A batch file, which gets its argument as the runner does.
        let path = folder.path().join("runner.bat");
        std::fs::write(&path, "@echo %1> \"%~dp0told\"\r\n@exit /b 7\r\n").unwrap();
        let (tell, told) = channel();
        start_at(&path, move |ended| tell.send(ended).unwrap()).unwrap();
        let ended = told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(ended, Ended { code: Some(7) });
        let argument = std::fs::read_to_string(folder.path().join("told")).unwrap();
        assert_eq!(argument.trim(), "graceful-shutdown");
    }
}
