//! Replication jobs.

use serde_json::{Value, json};

use super::shared::{Shared, now};

/// A job that copies a guest's disks to another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationJob {
    /// The guest.
    pub vmid: u32,
    /// The node that receives.
    pub target: String,
    /// It copies at the moment.
    pub running: bool,
    /// How often it failed since it last came to its end.
    pub failures: u32,
}

impl ReplicationJob {
    /// A job that has always come to its end.
    #[must_use]
    pub fn new(vmid: u32, target: &str) -> Self {
        Self {
            vmid,
            target: target.to_owned(),
            running: false,
            failures: 0,
        }
    }

    /// As it is configured.
    pub(super) fn configured(&self) -> Value {
        json!({
            "id": format!("{}-0", self.vmid), "guest": self.vmid, "jobnum": 0, "type": "local",
            "target": self.target, "schedule": "*/15",
        })
    }

    /// As the guest's node tells of it.
    pub(super) fn state(&self) -> Value {
        let mut state = self.configured();
        for (key, value) in [
            ("last_sync", now() - 60),
            ("last_try", now() - 60),
            ("next_sync", now() + 840),
            ("fail_count", u64::from(self.failures)),
        ] {
            state[key] = json!(value);
        }
        state["duration"] = json!(1.5);
        state["vmtype"] = json!("qemu");
        if self.running {
            state["pid"] = json!(4711);
        }
        if self.failures > 0 {
            state["error"] = json!("command 'zfs send' failed: exit code 255");
        }
        state
    }

    /// Whether the guest's node is this one, so that it runs the job.
    pub(super) fn is_run_by(&self, shared: &Shared, node: &str) -> bool {
        let guest = shared.guest(self.vmid);
        guest.is_some_and(|guest| guest.is_on(node))
    }
}
