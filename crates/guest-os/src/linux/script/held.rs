//! Output that outlives a script.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The pipe of a script that has ended, which what it left in the background holds.
#[derive(Debug)]
pub struct HeldOutput(OwnedFd);

impl HeldOutput {
    pub(super) const fn new(pipe: OwnedFd) -> Self {
        Self(pipe)
    }

    /// Lets another process of this program read it on its standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn hand_over(self, name: &str, arguments: &[&str]) -> io::Result<()> {
        Command::new("/proc/self/exe")
            .arg0(name)
            .args(arguments)
            .stdin(self.0)
            .process_group(0)
            .spawn()
            .map(drop)
    }
}
