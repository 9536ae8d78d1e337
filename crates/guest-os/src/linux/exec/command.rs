//! What is executed: the program's file, its arguments and environment.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use qga::ExecCall;
use rustix::fs::{Access, access};

use super::Group;
use super::streams::{self, Streams};

/// Where programs are looked for when no `PATH` says so.
const DEFAULT_PATH: &str = "/bin:/usr/bin:.";

/// Executes the program of `call`. A file that is neither a binary nor begins with `#!` is a
/// script of the shell, as execvp(3) has it.
pub(super) fn execute(call: &ExecCall, group: Group) -> io::Result<(Child, Streams)> {
    let file = locate(call)?;
    match run(call, group, Command::new(&file).arg0(&call.path)) {
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) => {
            run(call, group, Command::new("/bin/sh").arg(&file))
        }
        done => done,
    }
}

fn run(call: &ExecCall, group: Group, command: &mut Command) -> io::Result<(Child, Streams)> {
    command.args(&call.arguments);
    if group == Group::Own {
        command.process_group(0);
    }
    if let Some(environment) = &call.environment {
        command.env_clear().envs(variables(environment));
    }
    let (streams, stdio) = streams::open(call)?;
    let child = command
        .stdin(stdio.stdin)
        .stdout(stdio.stdout)
        .stderr(stdio.stderr)
        .spawn()?;
    Ok((child, streams))
}

/// `NAME=value` each, the first of one name last, so that it is the one that counts, as for
/// getenv(3).
fn variables(environment: &[String]) -> impl Iterator<Item = (&str, &str)> {
    environment
        .iter()
        .rev()
        .filter_map(|variable| variable.split_once('='))
}

/// The program's file: as it is named with a slash, else the first in the search path.
fn locate(call: &ExecCall) -> io::Result<PathBuf> {
    let name = Path::new(&call.path);
    if call.path.is_empty() || call.path.contains('/') {
        return Ok(name.to_owned());
    }
    search(name, &search_path(call.environment.as_deref()))
}

/// The `PATH` of the given environment, else the agent's own.
fn search_path(environment: Option<&[String]>) -> OsString {
    let given = environment.and_then(|environment| {
        variables(environment)
            .filter(|(name, _)| *name == "PATH")
            .last()
    });
    match given {
        Some((_, value)) => value.into(),
        None => std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()),
    }
}

fn search(name: &Path, directories: &OsStr) -> io::Result<PathBuf> {
    let mut refusal = libc::ENOENT;
    for directory in std::env::split_paths(directories) {
        // An empty directory is the current one; the slash keeps the name from another search.
        let file = Path::new(".").join(directory).join(name);
        match access(&file, Access::EXEC_OK) {
            Ok(()) if file.is_file() => return Ok(file),
            Ok(()) | Err(rustix::io::Errno::ACCESS) => refusal = libc::EACCES,
            Err(_) => {}
        }
    }
    Err(io::Error::from_raw_os_error(refusal))
}
