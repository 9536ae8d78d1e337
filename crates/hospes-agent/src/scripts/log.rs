//! Where the runner's lines go.
//!
//! When standard output is the journal, each line is an entry with fields, and goes to the console
//! as far as the console takes it at once. Else it is a line of standard output.

use std::io::Write;

use guest_os::console::Console;
use guest_os::journal::Journal;
use metadata::scripts::{Event, words};

/// How much a line matters, as the journal knows it.
#[derive(Debug, Clone, Copy)]
enum Priority {
    Warning,
    Info,
}

/// The log of one event.
pub(super) struct Log {
    event: Event,
    /// What the program was called by.
    name: String,
    way: Option<(Journal, Console)>,
}

impl Log {
    pub(super) fn open(event: Event, name: &str) -> Self {
        let journal = Journal::behind_standard_output();
        Self {
            event,
            name: name.to_owned(),
            way: journal.map(|journal| (journal, Console::open())),
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
        let sent = self.way.as_mut().is_some_and(|(journal, console)| {
            let pid = std::process::id();
            console.write_line(&[format!("{}[{pid}]: ", self.name).as_bytes(), line].concat());
            let mut fields = vec![
                ("MESSAGE", line),
                ("PRIORITY", priority.digit()),
                ("SYSLOG_IDENTIFIER", self.name.as_bytes()),
                ("HOSPES_SCRIPT_EVENT", self.event.name().as_bytes()),
            ];
            fields.extend(key.map(|key| ("HOSPES_SCRIPT_KEY", key.as_bytes())));
            journal.send(&fields).is_ok()
        });
        if !sent {
            // Whoever reads it may have gone, and scripts run all the same.
            drop(std::io::stdout().lock().write_all(&[line, b"\n"].concat()));
        }
    }
}

impl Priority {
    /// As syslog(3) numbers them.
    const fn digit(self) -> &'static [u8] {
        match self {
            Self::Warning => b"4",
            Self::Info => b"6",
        }
    }
}
