//! The six conditions of a guest that is safe to touch from outside, without I/O.
//!
//! ```text
//! Observation (hypervisor) ─┐
//! ChannelReport (agent)    ─┼─► assess ─► Check ─► (lifecycle) Permit
//! GuestFacts (probe)       ─┘      └────► Remedies ─► (lifecycle) fix
//! ```
//!
//! Nothing here reads a clock, a socket or a file: what was seen comes in as values,
//! what it means goes out as values.

mod channel;
mod facts;
mod identity;
mod observation;
mod time;
mod verdict;

pub use channel::{ChannelAnswers, ChannelReport, FreezeStatus, MachineMarks, SilenceReason};
pub use facts::{FileFacts, GuestFacts, PackageFacts, UnitFacts, Via};
pub use identity::{BootId, GuestId, InvalidName, NodeName};
pub use observation::{ChannelDevice, Observation, RunState};
pub use time::Timestamp;
pub use verdict::{Condition, Evidence, State, Verdict};
