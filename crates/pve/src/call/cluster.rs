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
