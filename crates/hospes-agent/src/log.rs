//! The agent's log: lines of text, held back while they could not be written.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use agent::held::HeldLog;
use guest_os::log_sink::LogSink;

/// Bytes of log that are kept while nothing may be written.
const HELD_BYTES: usize = 64 << 10;

/// A log that many threads write.
pub(crate) struct Log {
    is_verbose: bool,
    state: Mutex<State>,
}

struct State {
    /// Nothing before it is opened: its file may be on a disk that an agent before has frozen.
    sink: Option<LogSink>,
    /// File systems may be frozen: a write could wait for ever.
    is_held: bool,
    held: HeldLog,
}

impl Log {
    /// A log that holds everything back until it has a sink.
    pub(crate) const fn new(is_verbose: bool) -> Self {
        let state = State {
            sink: None,
            is_held: false,
            held: HeldLog::new(HELD_BYTES),
        };
        Self {
            is_verbose,
            state: Mutex::new(state),
        }
    }

    /// Says what only somebody who looks for a fault wants to know.
    pub(crate) fn debug(&self, text: fmt::Arguments<'_>) {
        if self.is_verbose {
            self.say("debug", text);
        }
    }

    pub(crate) fn info(&self, text: fmt::Arguments<'_>) {
        self.say("info", text);
    }

    pub(crate) fn warn(&self, text: fmt::Arguments<'_>) {
        self.say("warning", text);
    }

    /// Where lines go from now on.
    pub(crate) fn open(&self, sink: LogSink) {
        let mut state = self.lock();
        state.sink = Some(sink);
        state.write_held();
    }

    /// Keeps lines in memory from now on.
    pub(crate) fn hold(&self) {
        self.lock().is_held = true;
    }

    /// Writes what was held, and everything after it at once.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.is_held = false;
        state.write_held();
    }

    fn say(&self, level: &str, text: fmt::Arguments<'_>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let (seconds, micros) = (now.as_secs(), now.subsec_micros());
        let line = format!("{seconds}.{micros:06}: {level}: {text}\n");
        let mut state = self.lock();
        state.held.push(line);
        state.write_held();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write_held(&mut self) {
        if self.is_held {
            return;
        }
        let Some(sink) = &mut self.sink else { return };
        for line in self.held.drain() {
            // A log that cannot be written must not stop the agent, and there is nowhere to say so.
            drop(sink.write_line(line.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_for_the_sink_and_for_the_thaw() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let written = || std::fs::read_to_string(&path).unwrap().lines().count();
        let log = Log::new(false);
        log.info(format_args!("before"));
        log.debug(format_args!("not asked for"));
        log.open(LogSink::file(&path).unwrap());
        assert_eq!(written(), 1);
        log.hold();
        log.warn(format_args!("frozen"));
        assert_eq!(written(), 1);
        log.release();
        assert_eq!(written(), 2);
    }
}
