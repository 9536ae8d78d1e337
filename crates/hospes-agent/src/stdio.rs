//! What is said on standard output, and on standard error.

use std::io::Write;
use std::process::ExitCode;

/// Prints to standard output; a reader that has gone is no failure of ours.
pub(crate) fn print(text: &str) -> ExitCode {
    drop(std::io::stdout().lock().write_all(text.as_bytes()));
    ExitCode::SUCCESS
}

pub(crate) fn complain(text: &str) {
    // Nothing is left to do when even this cannot be written.
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}
