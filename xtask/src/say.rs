//! The only place that writes to the person in front of the terminal.

use std::io::Write;

/// A line of result or progress.
pub(crate) fn line(text: &str) {
    // A reader who closed the pipe does not want to hear that it failed.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line that stands out: a stage begins.
pub(crate) fn heading(text: &str) {
    line(&format!("\n==> {text}"));
}

/// A line about what went wrong.
pub(crate) fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
