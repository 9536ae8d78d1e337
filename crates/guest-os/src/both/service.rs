//! Services of the system, and what is done to them.

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
