//! Handles of open files: numbers that never mean two files, not even across restarts.

use crate::settings::KeyFile;

/// The most files that are open at once; more are refused.
pub const MOST_OPEN: usize = 1024;

/// The file in the state directory that keeps the counter; QEMU's agent keeps its own there too.
pub const STATE_FILE: &str = "qga.state";

const FIRST: i64 = 1000;
const GROUP: &str = "global";
const KEY: &str = "fd_counter";

/// Counts handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    next: i64,
}

impl Counter {
    /// Carries on where the state file ends. Without one, or with one that says nothing of use,
    /// counting begins at 1000.
    #[must_use]
    pub fn decode(state: &[u8]) -> Self {
        let next = KeyFile::parse(state).ok().and_then(|file| {
            let value = file.entry(GROUP, KEY)?.text().ok()?;
            value.trim_end().parse().ok()
        });
        let is_sane = |next: &i64| *next >= 0;
        Self {
            next: next.filter(is_sane).unwrap_or(FIRST),
        }
    }

    /// What the state file holds from now on, as QEMU's agent writes it.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("[{GROUP}]\n{KEY}={}\n", self.next)
    }

    /// The next handle. The state file is written before it is given out.
    pub const fn next(&mut self) -> i64 {
        let handle = self.next;
        self.next = match handle.checked_add(1) {
            Some(next) => next,
            None => FIRST,
        };
        handle
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_outlive_the_agent() {
        let mut counter = Counter::default();
        assert_eq!([counter.next(), counter.next()], [1000, 1001]);
        assert_eq!(counter.encode(), "[global]\nfd_counter=1002\n");
        let mut later = Counter::decode(counter.encode().as_bytes());
        assert_eq!(later.next(), 1002);
    }

    #[test]
    fn a_state_that_says_nothing_begins_anew() {
        let states: [&[u8]; 7] = [
            b"",
            b"\xff\x00garbage",
            b"[global]\n",
            b"[other]\nfd_counter=7\n",
            b"[global]\nfd_counter=abc\n",
            b"[global]\nfd_counter=-5\n",
            b"[global]\nfd_counter=99999999999999999999\n",
        ];
        for state in states {
            assert_eq!(Counter::decode(state), Counter::default(), "{state:?}");
        }
        let mut last = Counter::decode(b"[global]\nfd_counter=9223372036854775807\n");
        assert_eq!([last.next(), last.next()], [i64::MAX, 1000]);
    }
}
