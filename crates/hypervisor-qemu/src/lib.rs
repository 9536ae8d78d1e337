//! The qemu backend: QMP and agent sockets of local machines.
//!
//! ```text
//! QemuHypervisor ─► observe   reads the machine through QMP, or proves that it is off
//!                 ─► channel   LocalChannel: is the agent's socket free? ─► AgentClient
//!                 ─► shutdown  one guest-shutdown through the agent, then silence
//!                 ─► start     the guest's own command, in a session of its own
//!                 ─► snapshots inside qcow2 disks: through QMP, or by qemu-img while it is off
//! ```
//!
//! QEMU's monitor and agent sockets serve one client at a time, so nothing here stays connected:
//! each question connects, asks and leaves. The monitor is asked questions and told to take or delete
//! snapshots, and nothing else (`qmp::command`); there is no command in this crate that stops, resets
//! or ends a machine.

mod agent;
mod backend;
mod channel;
mod guest;
pub mod launch;
mod observe;
mod presence;
mod qmp;
mod shutdown;
mod snapshots;
mod start;

pub use agent::AgentClient;
pub use backend::QemuHypervisor;
pub use guest::{Deadlines, LocalGuest};
