//! From what was seen to a [`Check`]: six verdicts, whose machine it is, and what is running.
//!
//! A condition reads healthy only when something positively shows it.

mod agent;
mod boot;
mod check;
mod judgement;
mod machine;
mod service;
mod sightings;

pub(crate) use boot::{Boot, starts_at_boot};
pub use check::{Check, assess};
pub use machine::Identity;
pub use sightings::{Sightings, SshSighting, Unreadable, UnreadableReason};

#[cfg(test)]
mod tests;
