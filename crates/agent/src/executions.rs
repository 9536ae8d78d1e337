//! The programs that `guest-exec` has started: which still run, and how the others ended.
//!
//! ```text
//! started ─► running ─ended─► unread ─status─► read ─► forgotten
//!                               │   24 h        │  a while (60 s)
//!                               └───────────────┴─► forgotten earlier, when there are too many
//! ```
//!
//! A result outlives its first read, so that a client whose reply was lost may ask again. Programs
//! and results are bounded: too many running ones are refused, and of too many results those go
//! first that were read, the oldest first.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Programs that run at once.
    pub running: usize,
    /// Results.
    pub results: usize,
    /// Bytes of results together. One that alone has more is kept alone.
    pub bytes: usize,
    /// How long a result is kept after its first read.
    pub kept: Duration,
    /// How long a result is kept that nobody reads.
    pub unread: Duration,
}

/// Programs by their process ids, with results of type `R`. `now` is the time since any fixed
/// moment, the same in all calls.
#[derive(Debug)]
pub struct Executions<R> {
    limits: Limits,
    weight: fn(&R) -> usize,
    programs: BTreeMap<i64, Program<R>>,
    /// Bytes of all results.
    bytes: usize,
    /// Counts what happens: it tells programs of one id apart, and orders results that came at one
    /// moment.
    events: u64,
}

/// One program that was started: its process id may come again, this does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Execution {
    pid: i64,
    serial: u64,
}

/// Where a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status<'a, R> {
    /// It runs.
    Running,
    /// It has ended, so.
    Exited(&'a R),
    /// No such program was started, or it is forgotten.
    Unknown,
}

/// So many programs run that no other may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{running} programs are running already")]
pub struct TooManyRunning {
    /// How many.
    pub running: usize,
}

/// A process id that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("PID {0} does not exist")]
pub struct UnknownPid(pub i64);

#[derive(Debug)]
enum Program<R> {
    Running { serial: u64 },
    Ended(Ending<R>),
}

#[derive(Debug)]
struct Ending<R> {
    result: R,
    order: u64,
    bytes: usize,
    was_read: bool,
    forgotten_at: Duration,
}

impl Limits {
    /// 1024 programs and results, 64 MiB, and a day for what nobody reads.
    #[must_use]
    pub const fn new(kept: Duration) -> Self {
        Self {
            running: 1024,
            results: 1024,
            bytes: 64 << 20,
            kept,
            unread: Duration::from_secs(24 * 3600),
        }
    }
}

impl<R> Executions<R> {
    /// No programs yet. `weight` is the memory of a result in bytes.
    #[must_use]
    pub fn new(limits: Limits, weight: fn(&R) -> usize) -> Self {
        Self {
            limits,
            weight,
            programs: BTreeMap::new(),
            bytes: 0,
            events: 0,
        }
    }

    /// Whether another program may be started.
    ///
    /// # Errors
    /// So many run that it may not.
    pub fn admit(&self) -> Result<(), TooManyRunning> {
        let is_running = |program: &&Program<R>| matches!(program, Program::Running { .. });
        let running = self.programs.values().filter(is_running).count();
        if running < self.limits.running {
            Ok(())
        } else {
            Err(TooManyRunning { running })
        }
    }

    /// A program was started. An old result of the same process id is forgotten: the kernel has
    /// given the id to another, and the newest counts.
    pub fn started(&mut self, pid: i64, now: Duration) -> Execution {
        self.expire(now);
        self.forget(pid);
        let serial = self.next_event();
        self.programs.insert(pid, Program::Running { serial });
        Execution { pid, serial }
    }

    /// A program has ended; older results make room for its own. When its process id is another
    /// program's by now, its result is nobody's.
    pub fn ended(&mut self, execution: Execution, result: R, now: Duration) {
        self.expire(now);
        let Execution { pid, serial } = execution;
        let newest = self.programs.get(&pid);
        if !matches!(newest, Some(Program::Running { serial: newest }) if *newest == serial) {
            return;
        }
        let ending = Ending {
            bytes: (self.weight)(&result),
            result,
            order: self.next_event(),
            was_read: false,
            forgotten_at: now.saturating_add(self.limits.unread),
        };
        self.bytes = self.bytes.saturating_add(ending.bytes);
        self.programs.insert(pid, Program::Ended(ending));
        self.make_room(pid);
    }

    /// Where a program stands. A result that is read for the first time is kept for a while from
    /// now on.
    pub fn status(&mut self, pid: i64, now: Duration) -> Status<'_, R> {
        self.expire(now);
        match self.programs.get_mut(&pid) {
            None => Status::Unknown,
            Some(Program::Running { .. }) => Status::Running,
            Some(Program::Ended(ending)) => {
                if !ending.was_read {
                    ending.was_read = true;
                    ending.forgotten_at = now.saturating_add(self.limits.kept);
                }
                Status::Exited(&ending.result)
            }
        }
    }

    /// Forgets results whose time has come; every other call does so too.
    pub fn expire(&mut self, now: Duration) {
        let bytes = &mut self.bytes;
        self.programs.retain(|_, program| match program {
            Program::Ended(ending) if ending.forgotten_at < now => {
                *bytes -= ending.bytes;
                false
            }
            _ => true,
        });
    }

    /// Forgets old results until the limits hold, but not the newest, which is `pid`'s.
    fn make_room(&mut self, pid: i64) {
        while self.endings().count() > self.limits.results || self.bytes > self.limits.bytes {
            let others = self.endings().filter(|(other, _)| *other != pid);
            // Read ones come first, as `false` comes before `true`.
            let oldest = others.min_by_key(|(_, ending)| (!ending.was_read, ending.order));
            let Some((oldest, _)) = oldest else { return };
            self.forget(oldest);
        }
    }

    fn forget(&mut self, pid: i64) {
        if let Some(Program::Ended(ending)) = self.programs.remove(&pid) {
            self.bytes -= ending.bytes;
        }
    }

    const fn next_event(&mut self) -> u64 {
        self.events += 1;
        self.events
    }

    fn endings(&self) -> impl Iterator<Item = (i64, &Ending<R>)> {
        self.programs
            .iter()
            .filter_map(|(pid, program)| match program {
                Program::Running { .. } => None,
                Program::Ended(ending) => Some((*pid, ending)),
            })
    }
}

#[cfg(test)]
mod tests;
