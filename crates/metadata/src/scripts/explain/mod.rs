//! Why a script did not run: what its exit status does not tell.

mod linux;
mod windows;

use super::{Dialect, End, Kind, Shebang};

/// Bytes of a script's beginning that are looked at.
pub const HEAD_BYTES: usize = 4096;

/// What was seen of a script that failed, and of where it lay.
#[derive(Debug)]
pub struct Sight<'a> {
    /// How it ended.
    pub end: &'a End,
    /// What kind of file it is.
    pub kind: Kind,
    /// Its first bytes, at most [`HEAD_BYTES`].
    pub head: &'a [u8],
    /// Its first line.
    pub shebang: Option<&'a Shebang>,
    /// The program that runs such files, or that the first line names, and that does not exist.
    pub missing: Option<&'a str>,
    /// The folder is on a file system that forbids to execute files.
    pub is_noexec: Option<&'a str>,
    /// SELinux enforces its rules.
    pub is_enforcing: bool,
}

/// Why the script failed and what to do, in one line; `None` when it ran and failed by itself, or
/// when nothing is certain.
#[must_use]
pub fn explain(dialect: Dialect, sight: &Sight<'_>) -> Option<String> {
    match dialect {
        Dialect::Linux => linux::explain(sight),
        Dialect::Windows => windows::explain(sight).map(str::to_owned),
    }
}
