//! The system's log for scripts: the journal, with fields, and the console.

mod console;
mod journal;

use std::io;

use console::Console;
use journal::Journal;

pub use crate::both::entry::{Entry, Priority};

/// The way to it.
#[derive(Debug)]
pub struct SystemLog {
    journal: Journal,
    console: Console,
}

impl SystemLog {
    /// The way to it, if standard output leads to the journal: else lines belong there.
    #[must_use]
    pub fn behind_standard_output() -> Option<Self> {
        let journal = Journal::behind_standard_output()?;
        let console = Console::open();
        Some(Self { journal, console })
    }

    /// Writes an entry; the console gets what it takes at once.
    ///
    /// # Errors
    /// When the journal does not take it.
    pub fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let Entry { name, message, .. } = entry;
        let pid = std::process::id();
        let line = [format!("{name}[{pid}]: ").as_bytes(), message].concat();
        self.console.write_line(&line);
        let mut fields = vec![
            ("MESSAGE", *message),
            ("PRIORITY", entry.priority.digit()),
            ("SYSLOG_IDENTIFIER", name.as_bytes()),
        ];
        let more = entry.fields.iter();
        fields.extend(more.map(|(name, value)| (*name, value.as_bytes())));
        self.journal.send(&fields)
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
