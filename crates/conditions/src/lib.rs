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

pub mod assess;
mod channel;
mod facts;
pub mod fix;
#[cfg(test)]
mod fixture;
pub mod hooks;
mod identity;
mod machine;
mod observation;
pub mod probe;
mod time;
mod verdict;

pub use assess::{Check, Identity, Sightings, SshSighting, Unreadable, UnreadableReason, assess};
pub use channel::{ChannelAnswers, ChannelReport, FreezeStatus, MachineMarks, SilenceReason};
pub use facts::{
    AGENT_PACKAGES, AGENT_UNITS, FileFacts, GuestFacts, PORT_DEVICE, PORT_PATH, PackageFacts,
    UnitFacts, Via,
};
pub use fix::{FixPlan, Remedy, plan};
pub use hooks::{Hook, Source};
pub use identity::{BootId, GuestId, InvalidName, NodeName};
pub use machine::{Host, InvalidMachine, MachineId, MachineKind, Titled};
pub use observation::{ChannelDevice, ClusterSight, HaResource, Observation, RunState};
pub use probe::{Probe, ProbeStep};
pub use time::Timestamp;
pub use verdict::{Condition, Evidence, State, Verdict};
