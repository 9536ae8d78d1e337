//! The events that have scripts, and the keys they have them under.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::{Dialect, Kind};

/// When scripts run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The machine has booted.
    Startup,
    /// The machine goes down: the OS's own shutdown has begun.
    Shutdown,
    /// The host has announced a stop; the OS's own shutdown has not begun.
    GracefulShutdown,
    /// The image is made into a machine.
    Specialize,
}

/// A word that is no event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no event: expected startup, shutdown, graceful-shutdown or specialize")]
pub struct UnknownEvent(pub String);

/// An attribute that holds a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptKey {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub form: Form,
}

/// What the value of an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The script, of this kind.
    Text(Kind),
    /// Where the script is.
    Url,
}

/// An event with its keys on each system, in the order in which they run.
struct Row {
    event: Event,
    name: &'static str,
    linux: [ScriptKey; 2],
    windows: [ScriptKey; 4],
}

const fn text(name: &'static str, kind: Kind) -> ScriptKey {
    ScriptKey {
        name,
        form: Form::Text(kind),
    }
}

const fn url(name: &'static str) -> ScriptKey {
    ScriptKey {
        name,
        form: Form::Url,
    }
}

const ROWS: [Row; 4] = [
    Row {
        event: Event::Startup,
        name: "startup",
        linux: [
            text("startup-script", Kind::Plain),
            url("startup-script-url"),
        ],
        windows: [
            text("windows-startup-script-ps1", Kind::Ps1),
            text("windows-startup-script-cmd", Kind::Cmd),
            text("windows-startup-script-bat", Kind::Bat),
            url("windows-startup-script-url"),
        ],
    },
    Row {
        event: Event::Shutdown,
        name: "shutdown",
        linux: [
            text("shutdown-script", Kind::Plain),
            url("shutdown-script-url"),
        ],
        windows: [
            text("windows-shutdown-script-ps1", Kind::Ps1),
            text("windows-shutdown-script-cmd", Kind::Cmd),
            text("windows-shutdown-script-bat", Kind::Bat),
            url("windows-shutdown-script-url"),
        ],
    },
    Row {
        event: Event::GracefulShutdown,
        name: "graceful-shutdown",
        linux: [
            text("graceful-shutdown-script", Kind::Plain),
            url("graceful-shutdown-script-url"),
        ],
        windows: [
            text("windows-graceful-shutdown-script-ps1", Kind::Ps1),
            text("windows-graceful-shutdown-script-cmd", Kind::Cmd),
            text("windows-graceful-shutdown-script-bat", Kind::Bat),
            url("windows-graceful-shutdown-script-url"),
        ],
    },
    Row {
        event: Event::Specialize,
        name: "specialize",
        linux: [
            text("sysprep-specialize-script", Kind::Plain),
            url("sysprep-specialize-script-url"),
        ],
        windows: [
            text("sysprep-specialize-script-ps1", Kind::Ps1),
            text("sysprep-specialize-script-cmd", Kind::Cmd),
            text("sysprep-specialize-script-bat", Kind::Bat),
            url("sysprep-specialize-script-url"),
        ],
    },
];

impl Event {
    /// Its name on the command line and in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Its keys, in the order in which they run.
    #[must_use]
    pub fn keys(self, dialect: Dialect) -> &'static [ScriptKey] {
        match dialect {
            Dialect::Linux => &self.row().linux,
            Dialect::Windows => &self.row().windows,
        }
    }

    /// Every event.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.event)
    }

    fn row(self) -> &'static Row {
        let row = ROWS.iter().find(|row| row.event == self);
        row.unwrap_or(&ROWS[0])
    }
}

impl FromStr for Event {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        let row = ROWS.iter().find(|row| row.name == text);
        row.map(|row| row.event)
            .ok_or_else(|| UnknownEvent(text.to_owned()))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_the_keys_of_the_reference_the_text_first() {
        for (name, linux, windows) in [
            ("startup", "startup", "windows-startup"),
            ("shutdown", "shutdown", "windows-shutdown"),
            (
                "graceful-shutdown",
                "graceful-shutdown",
                "windows-graceful-shutdown",
            ),
            ("specialize", "sysprep-specialize", "sysprep-specialize"),
        ] {
            let event: Event = name.parse().unwrap();
            assert_eq!(event.to_string(), name);
            let keys = |dialect| -> Vec<(String, Form)> {
                let keys = event.keys(dialect).iter();
                keys.map(|key| (key.name.to_owned(), key.form)).collect()
            };
            assert_eq!(
                keys(Dialect::Linux),
                [
                    (format!("{linux}-script"), Form::Text(Kind::Plain)),
                    (format!("{linux}-script-url"), Form::Url)
                ]
            );
            assert_eq!(
                keys(Dialect::Windows),
                [
                    (format!("{windows}-script-ps1"), Form::Text(Kind::Ps1)),
                    (format!("{windows}-script-cmd"), Form::Text(Kind::Cmd)),
                    (format!("{windows}-script-bat"), Form::Text(Kind::Bat)),
                    (format!("{windows}-script-url"), Form::Url)
                ]
            );
        }
        assert_eq!(Event::all().count(), 4);
    }

    #[test]
    fn another_word_is_no_event() {
        for word in ["", "Startup", "boot", "startup ", "windows-startup"] {
            assert!(word.parse::<Event>().is_err(), "{word}");
        }
    }
}
