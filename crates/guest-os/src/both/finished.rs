//! How helper programs end.

use std::process::ExitStatus;

/// Bytes of a helper's output that are kept; the rest is read and dropped.
pub(crate) const OUTPUT_LIMIT: usize = 64 * 1024;

/// Characters of an output that fit into an error text.
const WORDS: usize = 500;

/// A helper that ended by itself.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output and standard error, in order, up to [`OUTPUT_LIMIT`].
    pub(crate) output: Vec<u8>,
}

impl Finished {
    /// Its output as one short line.
    pub(crate) fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.output);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(WORDS).collect()
    }

    /// How it ended and what it said, for an error text (`exit status: 1: no such user`).
    pub(crate) fn complaint(&self) -> String {
        let words = self.words();
        let colon = if words.is_empty() { "" } else { ": " };
        format!("{}{colon}{words}", self.status)
    }
}
