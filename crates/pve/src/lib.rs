//! The Proxmox VE API without I/O: what is asked, and what the answers mean.
//!
//! ```text
//! call::* ─► Call { method, path, parameters } ─► (sent by a port) ─► Answer { status, reason, body }
//!                                                                        │
//!          Value of `data` ◄── Answer::data ──► Failure (who can act on it) ┘
//! ```
//!
//! Every call that the product makes is made here, and each is checked against the API's own
//! schema. Answers are read tolerantly: fields and words that are not known are no errors.

pub mod agent;
mod answer;
mod answers;
mod breaker;
pub mod call;
mod failure;
pub mod firewall;
mod poll;
pub mod privileges;
mod settings;
mod task;

pub use answer::Answer;
pub use answers::{
    AgentPort, CephCheck, CephDaemons, CephHealth, Found, GuestKind, HaRequest, HaService, HaSight,
    Member, NodeGuest, NodeRow, NodeStatus, NodeUpdate, PendingAgent, Preconditions, Qdevice,
    ReplicationJob, RunningTask, VmConfig, VmSnapshot, VmStatus, ha_nodes, is_standalone,
    is_without_ceph, memory_of_guests, noout, quorate, votes,
};
pub use breaker::{Breaker, Resting};
pub use call::{Call, Method};
pub use failure::Failure;
pub use poll::Poll;
pub use settings::{ClusterSettings, Credentials, Endpoint, Secret, SecretSource, Trust};
pub use task::{NotAnUpid, TaskEnd, TaskStatus, Upid};
