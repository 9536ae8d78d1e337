//! The events that have scripts, and the keys they have them under.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

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
    /// The script.
    Text,
    /// Where the script is.
    Url,
}

/// An event with its keys on one system, in the order in which they run.
struct Row {
    event: Event,
    name: &'static str,
    keys: [ScriptKey; 2],
}

const fn keys(text: &'static str, url: &'static str) -> [ScriptKey; 2] {
    [
        ScriptKey {
            name: text,
            form: Form::Text,
        },
        ScriptKey {
            name: url,
            form: Form::Url,
        },
    ]
}

/// Of Linux.
const ROWS: [Row; 4] = [
    Row {
        event: Event::Startup,
        name: "startup",
        keys: keys("startup-script", "startup-script-url"),
    },
    Row {
        event: Event::Shutdown,
        name: "shutdown",
        keys: keys("shutdown-script", "shutdown-script-url"),
    },
    Row {
        event: Event::GracefulShutdown,
        name: "graceful-shutdown",
        keys: keys("graceful-shutdown-script", "graceful-shutdown-script-url"),
    },
    Row {
        event: Event::Specialize,
        name: "specialize",
        keys: keys("sysprep-specialize-script", "sysprep-specialize-script-url"),
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
    pub fn keys(self) -> &'static [ScriptKey] {
        &self.row().keys
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
        for (name, expected) in [
            ("startup", ["startup-script", "startup-script-url"]),
            ("shutdown", ["shutdown-script", "shutdown-script-url"]),
            (
                "graceful-shutdown",
                ["graceful-shutdown-script", "graceful-shutdown-script-url"],
            ),
            (
                "specialize",
                ["sysprep-specialize-script", "sysprep-specialize-script-url"],
            ),
        ] {
            let event: Event = name.parse().unwrap();
            assert_eq!(event.to_string(), name);
            let keys: Vec<_> = event.keys().iter().map(|key| key.name).collect();
            assert_eq!(keys, expected);
            assert_eq!(event.keys()[0].form, Form::Text);
            assert_eq!(event.keys()[1].form, Form::Url);
        }
        assert_eq!(Event::all().count(), 4);
    }

    #[test]
    fn another_word_is_no_event() {
        for word in ["", "Startup", "boot", "startup "] {
            assert!(word.parse::<Event>().is_err(), "{word}");
        }
    }
}
