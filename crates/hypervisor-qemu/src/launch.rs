//! Becoming a process that outlives this program.
//!
//! A machine's command must not share this program's session: Ctrl-C and a closing terminal reach
//! every process of it. A session is left by setsid(2) between fork and exec, which safe Rust does
//! not offer, so the program is run again as `PROGRAM __launch COMMAND ARG...`: that process makes
//! itself the leader of a new session and then becomes the command, under the same process id.
//!
//! A program that starts guests calls [`run`] before it parses its command line:
//!
//! ```no_run
//! let mut args = std::env::args_os().skip(1);
//! if args.next().is_some_and(|first| first == hypervisor_qemu::launch::ARG) {
//!     hypervisor_qemu::launch::run(args);
//! }
//! ```

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

/// The hidden first argument that calls [`run`].
pub const ARG: &str = "__launch";

/// Exit status when the command cannot be run, as shells have it.
const CANNOT_RUN: i32 = 126;

/// Becomes the command in `args` (those behind [`ARG`]), in a session of its own. Where that fails
/// the reason goes to standard error and the process ends with status 126.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ! {
    let mut args = args.into_iter();
    let Some(program) = args.next() else {
        fail("no command was given");
    };
    if let Err(error) = rustix::process::setsid() {
        fail(format_args!("cannot leave the session: {error}"));
    }
    let error = Command::new(&program).args(args).exec();
    fail(format_args!("cannot run {}: {error}", program.display()))
}

fn fail(what: impl Display) -> ! {
    // Nobody is left to tell when standard error cannot be written.
    let _ = writeln!(io::stderr(), "hospes {ARG}: {what}");
    exit(CANNOT_RUN)
}
