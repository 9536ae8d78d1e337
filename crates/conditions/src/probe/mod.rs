//! Reading a guest: a conversation of shell scripts and their output, the same through SSH and
//! through guest-exec, without I/O of its own.
//!
//! ```text
//! Probe::new ──script()──► /bin/sh in the guest ──stdout──► handle ─┬─► Run(next script) ─► ...
//!                                                                   └─► Done(GuestFacts)
//! ```
//!
//! Round 1 reads who the machine is, systemd's state, packages, the agent's units and every timer;
//! later rounds read the units and scripts that these reach, until nothing new is named or
//! [`MAX_ROUNDS`] is reached. What stays unread becomes a gap. The scripts only read. Their output
//! is length-prefixed, so that no file's content can pass for another's.

mod intake;
mod machine;
mod script;
mod show;
mod wants;

pub(crate) use script::RULES_DIRECTORIES;

pub use machine::{MAX_ROUNDS, Probe, ProbeStep};

#[cfg(test)]
mod tests;
