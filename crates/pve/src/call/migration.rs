//! Moving guests from node to node.

use std::time::Duration;

use conditions::NodeName;

use super::guest::seconds;
use super::{Call, Method};

fn of(method: Method, node: &NodeName, kind: &str, vmid: u32) -> Call {
    let vmid = vmid.to_string();
    Call::new(method, &["nodes", node.as_str(), kind, &vmid, "migrate"])
}

/// Whether a machine can leave its node, and for `target`.
#[must_use]
pub fn preconditions(node: &NodeName, vmid: u32, target: &NodeName) -> Call {
    of(Method::Get, node, "qemu", vmid).with("target", target.as_str())
}

/// Moves a running machine while it runs. `with_local_disks` copies the disks that its node alone
/// has; without it such a machine is refused.
#[must_use]
pub fn live(node: &NodeName, vmid: u32, target: &NodeName, with_local_disks: bool) -> Call {
    let call = of(Method::Post, node, "qemu", vmid)
        .with("target", target.as_str())
        .with("online", "1");
    match with_local_disks {
        true => call.with("with-local-disks", "1"),
        false => call,
    }
}

/// Moves a running container, which is given `shutdown` to go down, and is started on the other node.
#[must_use]
pub fn restart_container(
    node: &NodeName,
    vmid: u32,
    target: &NodeName,
    shutdown: Duration,
) -> Call {
    of(Method::Post, node, "lxc", vmid)
        .with("target", target.as_str())
        .with("restart", "1")
        .with("timeout", seconds(shutdown))
}
