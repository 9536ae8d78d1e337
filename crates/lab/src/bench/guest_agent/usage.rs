//! What a process uses, as `/proc/PID` tells it (proc(5)).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A process that lives.
#[derive(Debug, Clone, Copy)]
pub(in crate::bench) struct Process {
    pub(in crate::bench) pid: u32,
}

/// How often each thread was given a processor and lost it again, by thread id.
pub(in crate::bench) type Switches = BTreeMap<u32, u64>;

impl Process {
    /// Resident memory in bytes. Counted page by page: `VmRSS` of a small process may be 2 MB short.
    pub(in crate::bench) fn resident(self) -> Result<u64> {
        let map = std::fs::read_to_string(self.dir().join("smaps_rollup"));
        figure(&map.context("it has ended")?, "Rss:").map(|kib| kib * 1024)
    }

    /// The most resident memory so far in bytes.
    pub(in crate::bench) fn peak(self) -> Result<u64> {
        let status = std::fs::read_to_string(self.dir().join("status"));
        figure(&status.context("it has ended")?, "VmHWM:").map(|kib| kib * 1024)
    }

    /// Context switches of all its threads, voluntary and not.
    pub(in crate::bench) fn switches(self) -> Result<Switches> {
        let threads = std::fs::read_dir(self.dir().join("task")).context("it has ended")?;
        let threads = threads.filter_map(|thread| Some(thread.ok()?.path()));
        Ok(threads.filter_map(|thread| switches_of(&thread)).collect())
    }

    fn dir(self) -> PathBuf {
        Path::new("/proc").join(self.pid.to_string())
    }
}

/// How often threads were given a processor between two looks.
pub(in crate::bench) fn wake_ups(before: &Switches, after: &Switches) -> u64 {
    let since = |(thread, count): (&u32, &u64)| {
        let earlier = before.get(thread).copied().unwrap_or_default();
        count.saturating_sub(earlier)
    };
    after.iter().map(since).sum()
}

/// Nothing of a thread that has ended.
fn switches_of(thread: &Path) -> Option<(u32, u64)> {
    let id = thread.file_name()?.to_str()?.parse().ok()?;
    let status = std::fs::read_to_string(thread.join("status")).ok()?;
    Some((id, switches_in(&status)))
}

/// `voluntary_ctxt_switches` and `nonvoluntary_ctxt_switches` together.
fn switches_in(status: &str) -> u64 {
    let counts = status
        .lines()
        .filter(|line| line.contains("ctxt_switches:"));
    let counts = counts.filter_map(|line| line.split_ascii_whitespace().nth(1));
    counts.filter_map(|count| count.parse::<u64>().ok()).sum()
}

/// A figure of a file such as `status`: that of memory is in units of 1,024 bytes.
pub(super) fn figure(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find(|line| line.starts_with(name));
    let figure = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    let figure = figure.and_then(|figure| figure.parse().ok());
    figure.with_context(|| format!("the process tells no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tqemu-ga\nVmHWM:\t    4608 kB\n\
        voluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";

    #[test]
    fn both_kinds_of_switches_count() {
        assert_eq!(switches_in(STATUS), 42);
    }

    #[test]
    fn memory_is_told_in_units_of_1024_bytes() {
        assert_eq!(figure(STATUS, "VmHWM:").unwrap(), 4608);
        assert!(figure("Name:\tkthreadd\n", "VmHWM:").is_err());
    }

    #[test]
    fn a_new_thread_counts_whole_and_one_that_ended_not_at_all() {
        let before = Switches::from([(1, 10), (2, 5)]);
        let after = Switches::from([(1, 13), (3, 4)]);
        assert_eq!(wake_ups(&before, &after), 7);
    }
}
