//! What the hypervisor says about a guest, without asking the guest.

use serde::{Deserialize, Serialize};

use crate::{GuestId, NodeName, Timestamp};

/// One look at a guest from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The guest that was looked at.
    pub guest: GuestId,
    /// Where it is.
    pub node: NodeName,
    /// Whether it runs.
    pub run_state: RunState,
    /// Why the hypervisor refuses lifecycle calls at the moment (`backup`, `migrate`, ...), if it does.
    pub lock: Option<String>,
    /// The agent's port in the running (not the pending) configuration.
    pub channel_device: ChannelDevice,
    /// What its cluster says of it, where it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterSight>,
    /// What was asked and what it answered, for people (`query-status: running`).
    pub evidence: String,
    /// When the answer came.
    pub at: Timestamp,
}

/// A guest as the cluster around it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSight {
    /// Whether the nodes that are left may decide; absent where it could not be told.
    pub quorate: Option<bool>,
    /// It is a template: never powered on.
    pub template: bool,
    /// The high-availability resource that decides over its power state, if one does.
    pub ha: Option<HaResource>,
}

/// A guest under high availability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaResource {
    /// Its id (`vm:101`).
    pub sid: String,
    /// The state that was asked of it (`started`, `stopped`, `disabled`), in the cluster's word.
    pub state: String,
}

impl Observation {
    /// It is a template: never powered on.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.cluster.as_ref().is_some_and(|seen| seen.template)
    }

    /// The high-availability resource that decides over the guest's power state. One that is told
    /// to ignore the guest does not.
    #[must_use]
    pub fn high_availability(&self) -> Option<&HaResource> {
        let resource = self.cluster.as_ref()?.ha.as_ref()?;
        (resource.state != "ignored").then_some(resource)
    }
}

/// Whether a guest runs, as the hypervisor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Its processors run.
    Running,
    /// No process or machine of that name runs; powering on is possible.
    Stopped,
    /// Anything else, in the hypervisor's word (`paused`, `io-error`, `shutdown`): hands off.
    Other(String),
}

impl RunState {
    /// The word for people and logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Other(word) => word,
        }
    }
}

/// The virtio-serial port `org.qemu.guest_agent.0` of a machine, seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelDevice {
    /// The running machine has the port.
    Present {
        /// Whether something in the guest has opened it, where the hypervisor can tell.
        opened_by_guest: Option<bool>,
    },
    /// The running machine has no such port.
    Absent,
    /// The running machine has it, and a change that waits for the next power-on would alter it:
    /// which one.
    Changing(String),
    /// It could not be told, and why.
    Unknown(String),
}
