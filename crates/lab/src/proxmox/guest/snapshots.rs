//! Snapshots of a guest: what its configuration says of them, and what its machine does.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::Command;

use super::machine::Machine;
use super::real::Real;
use crate::command::not_started;

/// The snapshots in a guest's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::proxmox) struct Saved {
    pub(in crate::proxmox) all: BTreeMap<String, Snapshot>,
    /// The one that the guest comes from.
    pub(in crate::proxmox) parent: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::proxmox) struct Snapshot {
    /// In seconds since 1970.
    pub(in crate::proxmox) taken: u64,
    pub(in crate::proxmox) description: String,
    pub(in crate::proxmox) parent: Option<String>,
    /// What is being done to it: `prepare`, `delete`.
    pub(in crate::proxmox) state: Option<&'static str>,
}

impl Saved {
    /// The answer to `GET snapshot`.
    pub(in crate::proxmox) fn rows(&self, running: bool) -> Value {
        let mut rows: Vec<Value> = self.all.iter().map(|(name, of)| of.row(name)).collect();
        let mut current = json!({
            "name": "current", "description": "You are here!", "running": u8::from(running),
            "digest": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        });
        if let Some(parent) = &self.parent {
            current["parent"] = json!(parent);
        }
        rows.push(current);
        Value::Array(rows)
    }

    /// Forgets one: what came from it comes from its own parent.
    pub(in crate::proxmox) fn forget(&mut self, name: &str) {
        let Some(gone) = self.all.remove(name) else {
            return;
        };
        let others = self.all.values_mut().map(|it| &mut it.parent);
        for parent in others.chain([&mut self.parent]) {
            if parent.as_deref() == Some(name) {
                parent.clone_from(&gone.parent);
            }
        }
    }
}

impl Snapshot {
    fn row(&self, name: &str) -> Value {
        let mut row = json!({
            "name": name, "snaptime": self.taken, "vmstate": 0, "description": self.description,
        });
        if let Some(parent) = &self.parent {
            row["parent"] = json!(parent);
        }
        if let Some(state) = self.state {
            row["snapstate"] = json!(state);
        }
        row
    }
}

/// What is done inside the disks of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxmox) enum DiskWork {
    Take,
    Delete,
    /// Of a machine that is off.
    GoBack,
}

impl Machine {
    /// Does it to the snapshot `name` inside its disks. Simulated machines have none.
    pub(in crate::proxmox) async fn disks(&self, work: DiskWork, name: &str) -> Result<()> {
        match self {
            Self::Real(real) if real.is_running() => running(real, work, name).await,
            Self::Real(real) => stopped(real, work, name).await,
            Self::Simulated(_) | Self::Container => Ok(()),
        }
    }
}

/// Through QMP, in every writable disk.
async fn running(real: &Real, work: DiskWork, name: &str) -> Result<()> {
    let rows = real.vm().qmp("query-block", json!({})).await?;
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let writable = rows.iter().filter(|row| row["inserted"]["ro"] == false);
    let of = |row: &Value| json!({"device": row["device"], "name": name});
    let each: Vec<Value> = writable.map(of).collect();
    match work {
        DiskWork::Take => {
            let kind = "blockdev-snapshot-internal-sync";
            let actions = each
                .into_iter()
                .map(|data| json!({"type": kind, "data": data}));
            let actions: Vec<Value> = actions.collect();
            let taken = real.vm().qmp("transaction", json!({"actions": actions}));
            taken.await?;
        }
        DiskWork::Delete => {
            let command = "blockdev-snapshot-delete-internal-sync";
            for arguments in each {
                real.vm().qmp(command, arguments).await?;
            }
        }
        DiskWork::GoBack => bail!("the machine runs"),
    }
    Ok(())
}

/// By qemu-img, in its one disk.
async fn stopped(real: &Real, work: DiskWork, name: &str) -> Result<()> {
    let flag = match work {
        DiskWork::Take => "-c",
        DiskWork::Delete => "-d",
        DiskWork::GoBack => "-a",
    };
    let mut command = Command::new("qemu-img");
    command.args(["snapshot", "-q", flag, name]);
    command.arg(real.vm().disk_path()).kill_on_drop(true);
    let output = command.output().await;
    let output = output.with_context(|| not_started("qemu-img"))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::vm::Vm;

    /// The names of the snapshots inside a disk.
    async fn inside(disk: &Path) -> Vec<String> {
        let told = Command::new("qemu-img")
            .args(["info", "--force-share", "--output=json"])
            .arg(disk)
            .output()
            .await
            .unwrap();
        let told: Value = serde_json::from_slice(&told.stdout).unwrap();
        let rows = told["snapshots"].as_array().cloned().unwrap_or_default();
        let names = rows.iter().map(|row| row["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_real_machine_has_its_snapshots_in_its_disk_running_and_off() {
        let dir = tempfile::tempdir().unwrap();
        let vm = Arc::new(Vm::without_system(dir.path()));
        let (machine, disk) = (Machine::real(Arc::clone(&vm)), vm.disk_path());
        for name in ["first", "second"] {
            machine.disks(DiskWork::Take, name).await.unwrap();
        }
        assert!(machine.disks(DiskWork::Take, "first").await.is_err());
        assert!(machine.disks(DiskWork::GoBack, "first").await.is_err());
        machine.disks(DiskWork::Delete, "second").await.unwrap();
        assert_eq!(inside(&disk).await, ["first"]);

        vm.kill();
        vm.wait_for_exit(Duration::from_secs(10)).await.unwrap();
        machine.disks(DiskWork::GoBack, "first").await.unwrap();
        assert!(machine.disks(DiskWork::GoBack, "second").await.is_err());
        machine.disks(DiskWork::Take, "third").await.unwrap();
        machine.disks(DiskWork::Delete, "first").await.unwrap();
        assert_eq!(inside(&disk).await, ["third"]);
    }

    #[test]
    fn a_snapshot_that_goes_leaves_its_children_to_its_parent() {
        let of = |parent: Option<&str>| Snapshot {
            taken: 7,
            description: String::new(),
            parent: parent.map(str::to_owned),
            state: None,
        };
        let all = [("a", None), ("b", Some("a")), ("c", Some("b"))];
        let mut saved = Saved {
            all: all
                .map(|(name, parent)| (name.to_owned(), of(parent)))
                .into(),
            parent: Some("c".to_owned()),
        };
        saved.forget("b");
        saved.forget("nothing");
        assert_eq!(saved.all["c"].parent.as_deref(), Some("a"));
        saved.forget("c");
        assert_eq!(saved.parent.as_deref(), Some("a"));
        let rows = saved.rows(true);
        assert_eq!(
            (&rows[0]["name"], &rows[1]["parent"]),
            (&json!("a"), &json!("a"))
        );
    }
}
