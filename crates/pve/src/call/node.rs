//! One node.

use conditions::NodeName;

use super::{Call, Method};

/// The running tasks that are read; more are in no list of a node.
const TASKS: &str = "500";

fn of(node: &NodeName, rest: &[&str]) -> Call {
    let mut segments = vec!["nodes", node.as_str()];
    segments.extend_from_slice(rest);
    Call::new(Method::Get, &segments)
}

/// Its uptime, memory and running kernel.
#[must_use]
pub fn status(node: &NodeName) -> Call {
    of(node, &["status"])
}

/// The virtual machines on it, as it sees them itself.
#[must_use]
pub fn machines(node: &NodeName) -> Call {
    of(node, &["qemu"])
}

/// The containers on it, as it sees them itself.
#[must_use]
pub fn containers(node: &NodeName) -> Call {
    of(node, &["lxc"])
}

/// The packages for which its lists have newer versions, as of their last refresh.
#[must_use]
pub fn apt_updates(node: &NodeName) -> Call {
    of(node, &["apt", "update"])
}

/// The tasks that run on it. Those of other users are told to who holds `Sys.Audit` there.
#[must_use]
pub fn running_tasks(node: &NodeName) -> Call {
    of(node, &["tasks"])
        .with("source", "active")
        .with("limit", TASKS)
}

/// What its replication jobs have come to.
#[must_use]
pub fn replication(node: &NodeName) -> Call {
    of(node, &["replication"])
}
