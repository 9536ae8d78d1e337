//! Services of the system: what the service control manager starts and restarts.
//!
//! ```text
//! change ─► Plan (what is there, what is wanted) ─► manager: Entry ─► settings
//!                                                └► event_source
//! run ─► dispatcher ─► main, on a thread of the manager's ─► its exit status
//!            └─ stop, shutdown ─► process::termination
//! ```

mod change;
mod dispatcher;
mod event_source;
mod manager;
mod plan;
mod presence;
mod settings;

pub use change::change;
pub use dispatcher::run;
pub use presence::presence;

/// A program that the system runs in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The arguments of our program.
    pub arguments: &'static [&'static str],
}

/// What is done to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is made, or made as it should be.
    Install,
    /// It is taken away.
    Uninstall,
    /// It is started.
    Start,
    /// It is stopped.
    Stop,
}

/// Whether there is a service of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There is none of this name.
    Missing,
    /// It is there, and nobody can start it.
    Disabled,
    /// It runs, or can be started.
    Enabled,
}
