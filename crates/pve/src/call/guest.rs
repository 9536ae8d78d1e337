//! One virtual machine.

use std::time::Duration;

use conditions::NodeName;

use super::{Call, Method};

fn of(method: Method, node: &NodeName, vmid: u32, rest: &[&str]) -> Call {
    let vmid = vmid.to_string();
    let mut segments = vec!["nodes", node.as_str(), "qemu", &vmid];
    segments.extend_from_slice(rest);
    Call::new(method, &segments)
}

/// What it does at the moment.
#[must_use]
pub fn status(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, &["status", "current"])
}

/// The configuration that it runs with, without changes that wait for the next power-on.
#[must_use]
pub fn config(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, &["config"]).with("current", "1")
}

/// Its configuration with the changes that wait.
#[must_use]
pub fn pending(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, &["pending"])
}

/// Powers it on.
#[must_use]
pub fn start(node: &NodeName, vmid: u32) -> Call {
    of(Method::Post, node, vmid, &["status", "start"])
}

/// Shuts it down, through the agent where it is configured and answers, else through ACPI. The task
/// fails after `timeout`; power is never cut.
#[must_use]
pub fn shutdown(node: &NodeName, vmid: u32, timeout: Duration) -> Call {
    of(Method::Post, node, vmid, &["status", "shutdown"]).with("timeout", seconds(timeout))
}

/// Shuts it down the same way and starts it again, which is a task of its own.
#[must_use]
pub fn reboot(node: &NodeName, vmid: u32, timeout: Duration) -> Call {
    of(Method::Post, node, vmid, &["status", "reboot"]).with("timeout", seconds(timeout))
}

/// Whole seconds, at least one.
pub(super) fn seconds(timeout: Duration) -> String {
    timeout.as_secs().max(1).to_string()
}
