//! Where the runner's lines go.
//!
//! The system's own log where that is behind standard output, with the console; else a line of
//! standard output.

use std::io::Write;

use guest_os::system_log::{Entry, Priority, SystemLog};
use metadata::scripts::{Event, words};

/// The log of one event.
pub(super) struct Log {
    event: Event,
    /// What the program was called by.
    name: String,
    way: Option<SystemLog>,
}

impl Log {
    pub(super) fn open(event: Event, name: &str) -> Self {
        Self {
            event,
            name: name.to_owned(),
            way: SystemLog::behind_standard_output(),
        }
    }

    /// What a script has printed.
    pub(super) fn output(&mut self, key: &str, line: &[u8]) {
        self.say(Priority::Info, Some(key), &words::output(key, line));
    }

    pub(super) fn info(&mut self, key: Option<&str>, line: &str) {
        self.say(Priority::Info, key, line.as_bytes());
    }

    pub(super) fn warn(&mut self, key: Option<&str>, line: &str) {
        self.say(Priority::Warning, key, line.as_bytes());
    }

    fn say(&mut self, priority: Priority, key: Option<&str>, line: &[u8]) {
        let mut fields = vec![("HOSPES_SCRIPT_EVENT", self.event.name())];
        fields.extend(key.map(|key| ("HOSPES_SCRIPT_KEY", key)));
        let entry = Entry {
            priority,
            name: &self.name,
            message: line,
            fields: &fields,
        };
        let way = self.way.as_mut();
        if way.is_none_or(|way| way.write(&entry).is_err()) {
            // Whoever reads it may have gone, and scripts run all the same.
            drop(std::io::stdout().lock().write_all(&[line, b"\n"].concat()));
        }
    }
}
