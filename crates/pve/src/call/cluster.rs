//! The cluster as a whole.

use super::{Call, Method};

/// Its nodes, and whether they are quorate. A standalone node has no row for a cluster.
#[must_use]
pub fn status() -> Call {
    Call::new(Method::Get, &["cluster", "status"])
}

/// Everything in it that who asks may see.
#[must_use]
pub fn resources() -> Call {
    Call::new(Method::Get, &["cluster", "resources"])
}

/// Its virtual machines and containers.
#[must_use]
pub fn guests() -> Call {
    resources().with("type", "vm")
}

/// What is asked of high availability for one machine.
#[must_use]
pub fn ha_resource(vmid: u32) -> Call {
    let sid = format!("vm:{vmid}");
    Call::new(Method::Get, &["cluster", "ha", "resources", &sid])
}

/// The votes of its nodes, as corosync is configured.
#[must_use]
pub fn config_nodes() -> Call {
    Call::new(Method::Get, &["cluster", "config", "nodes"])
}

/// Its arbiter outside the nodes (a QDevice), if it has one.
#[must_use]
pub fn config_qdevice() -> Call {
    Call::new(Method::Get, &["cluster", "config", "qdevice"])
}

/// Its replication jobs, as they are configured.
#[must_use]
pub fn replication() -> Call {
    Call::new(Method::Get, &["cluster", "replication"])
}

/// What high availability does with each resource.
#[must_use]
pub fn ha_status() -> Call {
    Call::new(Method::Get, &["cluster", "ha", "status", "current"])
}

/// How the manager of high availability has each node.
#[must_use]
pub fn ha_manager_status() -> Call {
    Call::new(Method::Get, &["cluster", "ha", "status", "manager_status"])
}
