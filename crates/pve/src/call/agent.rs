//! Commands to the agent in a machine. Each costs the node up to three seconds when the agent is
//! dead.

use conditions::NodeName;

use super::{Call, Method};

fn of(method: Method, node: &NodeName, vmid: u32, command: &str) -> Call {
    let vmid = vmid.to_string();
    let segments = ["nodes", node.as_str(), "qemu", &vmid, "agent", command];
    Call::new(method, &segments)
}

/// `guest-ping`.
#[must_use]
pub fn ping(node: &NodeName, vmid: u32) -> Call {
    of(Method::Post, node, vmid, "ping")
}

/// `guest-info`.
#[must_use]
pub fn info(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "info")
}

/// `guest-fsfreeze-status`.
#[must_use]
pub fn fsfreeze_status(node: &NodeName, vmid: u32) -> Call {
    of(Method::Post, node, vmid, "fsfreeze-status")
}

/// `guest-network-get-interfaces`.
#[must_use]
pub fn network_get_interfaces(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "network-get-interfaces")
}

/// `guest-get-host-name`.
#[must_use]
pub fn get_host_name(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-host-name")
}

/// `guest-get-osinfo`.
#[must_use]
pub fn get_osinfo(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-osinfo")
}

/// `guest-get-timezone`.
#[must_use]
pub fn get_timezone(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-timezone")
}

/// `guest-get-fsinfo`.
#[must_use]
pub fn get_fsinfo(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-fsinfo")
}

/// `guest-get-users`.
#[must_use]
pub fn get_users(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-users")
}

/// `guest-get-vcpus`.
#[must_use]
pub fn get_vcpus(node: &NodeName, vmid: u32) -> Call {
    of(Method::Get, node, vmid, "get-vcpus")
}

/// `guest-exec` of a program with its arguments, which keep their order; `input` goes to its
/// standard input. Input is text here: at most 64 KiB.
#[must_use]
pub fn exec(node: &NodeName, vmid: u32, argv: &[&str], input: Option<&str>) -> Call {
    let mut call = of(Method::Post, node, vmid, "exec");
    for word in argv {
        call = call.with("command", *word);
    }
    match input {
        Some(input) => call.with("input-data", input),
        None => call,
    }
}

/// `guest-exec-status`.
#[must_use]
pub fn exec_status(node: &NodeName, vmid: u32, pid: i64) -> Call {
    of(Method::Get, node, vmid, "exec-status").with("pid", pid.to_string())
}

/// Reads a file by `guest-file-open`, `-read` and `-close`: at most `count` bytes, else 16 MiB.
/// Versions before 9 know no `count`.
#[must_use]
pub fn file_read(node: &NodeName, vmid: u32, file: &str, count: Option<u32>) -> Call {
    let call = of(Method::Get, node, vmid, "file-read").with("file", file);
    match count {
        Some(count) => call.with("count", count.to_string()),
        None => call,
    }
}
