//! Going to the background (`-d`).
#![allow(unsafe_code, reason = "fork has no safe interface")]

use std::fs::OpenOptions;
use std::io;

use rustix::fs::Mode;

use crate::{Error, Result};

/// Leaves the caller's process and goes on in a child: session and umask (`077`) of its own, `/`
/// as directory, standard streams on `/dev/null`. The calling process ends here with status 0.
///
/// `prepare` runs in the child while it still has the terminal and the directory: for the pid
/// file, which may be named relative to it.
///
/// Must be called before the first thread: only the calling one lives on.
///
/// # Errors
/// When the kernel refuses, or `prepare` does; standard error is then still the caller's.
pub fn daemonize<T>(prepare: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: called before other threads exist (see above), so the child may run any code.
    match unsafe { libc::fork() } {
        -1 => return Err(failed(io::Error::last_os_error())),
        0 => {}
        // SAFETY: ends the process without running anything twice that the child goes on with.
        _ => unsafe { libc::_exit(0) },
    }
    let prepared = prepare()?;
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    rustix::process::setsid().map_err(failed)?;
    rustix::process::chdir("/").map_err(failed)?;
    close_terminal().map_err(failed)?;
    Ok(prepared)
}

fn close_terminal() -> io::Result<()> {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

fn failed(source: impl Into<io::Error>) -> Error {
    Error::os("failed to daemonize", source)
}
