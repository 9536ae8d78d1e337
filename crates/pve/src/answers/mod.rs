//! What answers mean. Fields and words that are not known are no errors: each release brings some.

mod ceph;
mod cluster;
pub(crate) mod field;
mod ha;
mod membership;
mod migration;
mod node;
mod port;
mod resources;
mod snapshot;
mod vm;

pub use ceph::{CephCheck, CephDaemons, CephHealth, is_without_ceph, noout};
pub use cluster::{HaRequest, quorate};
pub use ha::{HaService, ha_nodes};
pub use membership::{Member, Qdevice, is_standalone, votes};
pub use migration::Preconditions;
pub use node::{
    NodeGuest, NodeRow, NodeStatus, NodeUpdate, ReplicationJob, RunningTask, memory_of_guests,
};
pub use port::{AgentPort, PendingAgent};
pub use resources::{Found, GuestKind};
pub use snapshot::VmSnapshot;
pub use vm::{HaSight, VmConfig, VmStatus};
