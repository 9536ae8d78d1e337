//! One node: what runs on it, and what it runs.

use std::collections::BTreeMap;

use conditions::NodeName;
use serde_json::Value;

use super::field::{number, text, word};

/// A node as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// The running kernel, `6.17.2-1-pve`.
    pub kernel: Option<String>,
    /// The version of Proxmox VE, `pve-manager/9.2.11/5b1e9a4d8a3e5f6c`.
    pub version: Option<String>,
    /// Seconds since it booted.
    pub uptime: Option<u64>,
}

impl NodeStatus {
    /// The node in the answer to [`crate::call::node::status`].
    #[must_use]
    pub fn read(data: &Value) -> Self {
        let kernel = data.get("current-kernel").unwrap_or(&Value::Null);
        Self {
            kernel: word(kernel, "release"),
            version: word(data, "pveversion"),
            uptime: number(data, "uptime"),
        }
    }
}

/// A node as the cluster lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub node: NodeName,
    /// `online`, `offline`, `unknown`, or the cluster's word.
    pub status: String,
    /// The memory that it has, bytes.
    pub memory: Option<u64>,
    /// The memory that is used, bytes.
    pub used: Option<u64>,
}

impl NodeRow {
    /// The nodes in the answer to [`crate::call::cluster::resources`], by name.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let rows = rows.filter(|row| text(row, "type") == Some("node"));
        let mut rows: Vec<_> = rows.filter_map(Self::in_row).collect();
        rows.sort_by(|one, other| one.node.cmp(&other.node));
        rows
    }

    fn in_row(row: &Value) -> Option<Self> {
        Some(Self {
            node: NodeName::new(word(row, "node")?),
            status: word(row, "status").unwrap_or_else(|| "unknown".to_owned()),
            memory: number(row, "maxmem"),
            used: number(row, "mem"),
        })
    }
}

/// A task that runs on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningTask {
    /// Its id, in the node's words.
    pub upid: String,
    /// What it does: `vzdump`, `qmigrate`, `hamigrate`, `aptupdate`.
    pub kind: String,
    /// The guest, or whatever else it works on.
    pub target: Option<String>,
    /// Who started it.
    pub user: String,
    /// Seconds since 1970.
    pub began: Option<u64>,
}

impl RunningTask {
    /// The tasks in the answer to [`crate::call::node::running_tasks`], the oldest first. A list of
    /// active tasks also has some that ended a moment ago: those are passed over.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let mut tasks: Vec<_> = rows.filter_map(Self::in_row).collect();
        tasks.sort_by(|one, other| (one.began, &one.upid).cmp(&(other.began, &other.upid)));
        tasks
    }

    fn in_row(row: &Value) -> Option<Self> {
        let has_ended = row.get("endtime").is_some();
        let runs = row.is_object() && !has_ended;
        runs.then(|| Self {
            upid: word(row, "upid").unwrap_or_default(),
            kind: word(row, "type").unwrap_or_else(|| "unknown".to_owned()),
            target: word(row, "id"),
            user: word(row, "user").unwrap_or_default(),
            began: number(row, "starttime"),
        })
    }
}

/// A replication job and what it has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationJob {
    /// Its id, `101-0`.
    pub id: String,
    /// The guest.
    pub guest: Option<u32>,
    /// The node that receives.
    pub target: Option<NodeName>,
    /// Whether it works at the moment.
    pub running: bool,
    /// When it last came to its end well, seconds since 1970.
    pub last_sync: Option<u64>,
    /// How often it failed since then.
    pub failures: u32,
    /// Why it failed last.
    pub error: Option<String>,
}

impl ReplicationJob {
    /// The jobs in the answer to [`crate::call::node::replication`], by id.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let mut jobs: Vec<_> = rows.filter_map(Self::in_row).collect();
        jobs.sort_by(|one, other| one.id.cmp(&other.id));
        jobs
    }

    fn in_row(row: &Value) -> Option<Self> {
        let small = |key| u32::try_from(number(row, key)?).ok();
        Some(Self {
            id: word(row, "id")?,
            guest: small("guest"),
            target: word(row, "target").map(NodeName::new),
            running: number(row, "pid").is_some_and(|pid| pid > 0),
            // Zero says that it never did.
            last_sync: number(row, "last_sync").filter(|at| *at > 0),
            failures: small("fail_count").unwrap_or(0),
            error: word(row, "error"),
        })
    }
}

/// A package of which a node's lists have a newer version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeUpdate {
    /// Its name.
    pub package: String,
    /// The version that is installed; `None` where it is new.
    pub from: Option<String>,
    /// The newer one.
    pub to: String,
}

impl NodeUpdate {
    /// The packages in the answer to [`crate::call::node::apt_updates`], by name. Rows without a name
    /// or a version are passed over.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let mut updates: Vec<_> = rows.filter_map(Self::in_row).collect();
        updates.sort_by(|one, other| one.package.cmp(&other.package));
        updates
    }

    fn in_row(row: &Value) -> Option<Self> {
        Some(Self {
            package: word(row, "Package")?,
            from: word(row, "OldVersion"),
            to: word(row, "Version")?,
        })
    }
}

/// A guest as its own node lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeGuest {
    /// Its number.
    pub vmid: u32,
    /// `running`, `stopped`, or the node's word.
    pub status: String,
    /// The lock in its configuration.
    pub lock: Option<String>,
}

impl NodeGuest {
    /// The guests in the answer to [`crate::call::node::machines`] or
    /// [`crate::call::node::containers`].
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        rows.filter_map(Self::in_row).collect()
    }

    fn in_row(row: &Value) -> Option<Self> {
        Some(Self {
            vmid: u32::try_from(number(row, "vmid")?).ok()?,
            status: word(row, "status")?,
            lock: word(row, "lock"),
        })
    }
}

/// The memory that guests may use, bytes by number, in the answer to
/// [`crate::call::cluster::resources`].
#[must_use]
pub fn memory_of_guests(data: &Value) -> BTreeMap<u32, u64> {
    let rows = data.as_array().into_iter().flatten();
    let memory = rows.filter_map(|row| {
        let vmid = u32::try_from(number(row, "vmid")?).ok()?;
        Some((vmid, number(row, "maxmem")?))
    });
    memory.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UPID: &str = "UPID:pve1:000039E7:0003E78F:6B01F564:vzdump:101:root@pam:";

    #[test]
    fn a_node_tells_its_kernel_and_what_it_leaves_out_is_not_known() {
        let status = NodeStatus::read(&json!({
            "uptime": 77, "pveversion": "pve-manager/9.2.11/5b1e", "kversion": "Linux 6.17.2-1-pve #1",
            "current-kernel": {"release": "6.17.2-1-pve", "sysname": "Linux"},
        }));
        assert_eq!(status.kernel.as_deref(), Some("6.17.2-1-pve"));
        assert_eq!(status.uptime, Some(77));
        let nothing = NodeStatus::read(&json!({"kversion": "Linux 6.8"}));
        assert_eq!(
            (nothing.kernel, nothing.version, nothing.uptime),
            (None, None, None)
        );
    }

    #[test]
    fn only_tasks_that_run_are_told_and_the_oldest_comes_first() {
        let other = UPID.replace("vzdump", "qmigrate");
        let tasks = RunningTask::all(&json!([
            {"upid": other, "type": "qmigrate", "id": "102", "user": "a@pve", "starttime": 20},
            {"upid": UPID, "type": "vzdump", "id": "", "user": "root@pam", "starttime": 10},
            {"upid": UPID, "type": "qmstart", "starttime": 5, "endtime": 6, "status": "OK"},
            {"upid": "of a later release", "starttime": 30}, 1,
        ]));
        let seen: Vec<_> = tasks
            .iter()
            .map(|it| (&*it.kind, it.target.as_deref(), &*it.user))
            .collect();
        assert_eq!(
            seen,
            [
                ("vzdump", None, "root@pam"),
                ("qmigrate", Some("102"), "a@pve"),
                ("unknown", None, ""),
            ]
        );
    }

    #[test]
    fn a_job_that_never_came_to_its_end_has_no_last_time() {
        let jobs = ReplicationJob::all(&json!([
            {"id": "102-0", "guest": 102, "target": "pve2", "last_sync": 0, "fail_count": 3,
             "error": "no route\nto host"},
            {"id": "101-0", "guest": "101", "target": "pve2", "last_sync": 1_700_000_000, "pid": 4711},
            {"guest": 3},
        ]));
        let seen: Vec<_> = jobs
            .iter()
            .map(|it| {
                (
                    &*it.id,
                    it.guest,
                    it.running,
                    it.last_sync,
                    it.failures,
                    it.error.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("101-0", Some(101), true, Some(1_700_000_000), 0, None),
                ("102-0", Some(102), false, None, 3, Some("no route to host")),
            ]
        );
    }

    #[test]
    fn nodes_and_packages_are_found_among_everything_else() {
        let nodes = NodeRow::all(&json!([
            {"type": "node", "node": "pve2", "status": "offline"},
            {"type": "node", "node": "pve1", "status": "online", "maxmem": 8, "mem": 3},
            {"type": "qemu", "node": "pve1"}, {"type": "node"},
        ]));
        let seen: Vec<_> = nodes
            .iter()
            .map(|it| (it.node.as_str(), &*it.status, it.memory))
            .collect();
        assert_eq!(
            seen,
            [("pve1", "online", Some(8)), ("pve2", "offline", None)]
        );
        let updates = NodeUpdate::all(&json!([
            {"Package": "pve-manager", "Version": "9.2.11", "OldVersion": "9.2.10", "Origin": "Proxmox"},
            {"Package": "libnew1", "Version": "1"}, {"Package": "x"}, {"Title": "nameless"},
        ]));
        let seen: Vec<_> = updates
            .iter()
            .map(|it| (&*it.package, it.from.as_deref(), &*it.to))
            .collect();
        assert_eq!(
            seen,
            [
                ("libnew1", None, "1"),
                ("pve-manager", Some("9.2.10"), "9.2.11")
            ]
        );
    }

    #[test]
    fn guests_are_read_from_their_node_and_their_memory_from_the_cluster() {
        let guests = NodeGuest::all(&json!([
            {"vmid": "101", "status": "running", "lock": "backup"}, {"vmid": 102, "status": "new word"},
            {"vmid": 103}, {"status": "running"},
        ]));
        let seen: Vec<_> = guests
            .iter()
            .map(|it| (it.vmid, &*it.status, it.lock.as_deref()))
            .collect();
        assert_eq!(
            seen,
            [(101, "running", Some("backup")), (102, "new word", None)]
        );
        let memory =
            memory_of_guests(&json!([{"vmid": 101, "maxmem": 5}, {"vmid": 102}, {"maxmem": 3}]));
        assert_eq!(memory, [(101, 5)].into());
    }
}
