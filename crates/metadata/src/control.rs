//! What a controller and the metadata service say to each other: one JSON document a line, over the
//! control socket in the state directory. One command a connection, except `watch`.

use serde::{Deserialize, Serialize};

use crate::Key;

/// Whose values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Of every guest: what is below `project/`.
    Project,
    /// Of one guest, by its name in the configuration: what is below `instance/`.
    Guest(String),
}

/// A value to set, or to take away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// `None` takes it away.
    pub value: Option<String>,
}

/// A value as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose.
    pub scope: Scope,
    /// Which.
    pub key: Key,
    /// `None`: it was taken away, and who waits for a change must learn it.
    pub value: Option<String>,
    /// Counts every change of the store, from 1.
    pub revision: u64,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The values at and below a key.
    Get {
        /// Whose.
        scope: Scope,
        /// Where.
        key: Key,
    },
    /// All changes at once, or none.
    Change {
        /// Whose.
        scope: Scope,
        /// What.
        changes: Vec<Change>,
    },
    /// An answer now, and one more after each change at or below a key.
    Watch {
        /// Whose.
        scope: Scope,
        /// Where.
        key: Key,
    },
    /// Whether somebody in the guest watches for a stop.
    Presence {
        /// The guest.
        guest: String,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To `get` and `watch`: every value, in the order of the keys.
    Values(Vec<(Key, String)>),
    /// To `change`.
    Changed,
    /// To `presence`.
    Presence {
        /// A hanging GET on the stop state is open, or was within the last 70 s.
        watcher: bool,
        /// Seconds since anything was asked by the guest; absent when it never was.
        last_request: Option<u64>,
    },
    /// Nothing was done, and why.
    Refused(String),
}
