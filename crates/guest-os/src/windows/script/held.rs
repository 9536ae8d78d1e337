//! Output that outlives a script.

use std::ffi::OsStr;
use std::io;
use std::os::windows::io::{AsHandle, OwnedHandle};

use crate::windows::process::{Console, Launch, Place, command_line, inheritable, null};

/// The pipe of a script that has ended, which what it left in the background holds.
#[derive(Debug)]
pub struct HeldOutput(OwnedHandle);

impl HeldOutput {
    pub(super) const fn new(pipe: OwnedHandle) -> Self {
        Self(pipe)
    }

    /// Lets another process of this program read it on its standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn hand_over(self, name: &str, arguments: &[&str]) -> io::Result<()> {
        let own = std::env::current_exe()?;
        let (stdin, null) = (inheritable(self.0)?, null()?);
        let launch = Launch {
            command: command_line(&own, OsStr::new(name), arguments)?,
            environment: None,
            stdin: stdin.as_handle(),
            stdout: null.as_handle(),
            stderr: null.as_handle(),
            console: Console::Hidden,
            place: Place::Outside,
        };
        launch.start().map(drop)
    }
}
