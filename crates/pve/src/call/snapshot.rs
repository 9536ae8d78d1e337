//! Snapshots of one virtual machine. Each call but the list starts a task.

use conditions::NodeName;

use super::{Call, Method};

fn of(method: Method, node: &NodeName, vmid: u32, rest: &[&str]) -> Call {
    let vmid = vmid.to_string();
    let mut segments = vec!["nodes", node.as_str(), "qemu", &vmid, "snapshot"];
    segments.extend_from_slice(rest);
    Call::new(method, &segments)
}

/// Those that it has, and a row for what it is now.
#[must_use]
pub fn list(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, &[])
}

/// Takes one of its disks and configuration, without its memory.
#[must_use]
pub fn take(node: &NodeName, vmid: u32, name: &str, description: &str) -> Call {
    of(Method::Post, node, vmid, &[])
        .with("snapname", name)
        .with("description", description)
}

/// Deletes one.
#[must_use]
pub fn delete(node: &NodeName, vmid: u32, name: &str) -> Call {
    of(Method::Delete, node, vmid, &[name])
}

/// Goes back to one. Proxmox VE cuts the power of a machine that runs first: it has to be stopped.
/// Afterwards it stays off, unless the snapshot holds memory.
#[must_use]
pub fn rollback(node: &NodeName, vmid: u32, name: &str) -> Call {
    of(Method::Post, node, vmid, &[name, "rollback"])
}
