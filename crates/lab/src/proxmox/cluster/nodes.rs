//! Nodes, and what keeps them busy, as tests and the lab's commands hold them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::Notify;

use super::Proxmox;
use crate::proxmox::ceph::Ceph;
use crate::proxmox::node::{NodeMachine, NodeUpdate, install};
use crate::proxmox::permission::Principal;
use crate::proxmox::replication::ReplicationJob;
use crate::vm::Vm;

/// A real node is in its cluster this soon.
const JOINS_WITHIN: Duration = Duration::from_secs(60);

/// A task that goes on until it is told to end, or this is dropped.
#[derive(Debug)]
pub struct TaskInFlight {
    upid: String,
    end: Arc<Notify>,
}

impl TaskInFlight {
    /// Its id.
    #[must_use]
    pub fn upid(&self) -> &str {
        &self.upid
    }
}

impl Drop for TaskInFlight {
    fn drop(&mut self) {
        self.end.notify_one();
    }
}

impl Proxmox {
    /// Makes a machine of the lab, whose SSH answers, the node `node`: it gets the command
    /// `ha-manager`, and is online while it runs and says so. The API itself stays where it is.
    ///
    /// # Errors
    /// There is no such node, or the machine does not join within a minute.
    pub async fn attach_node(&self, node: &str, vm: Arc<Vm>) -> Result<()> {
        let found = self.shared.nodes.find(node)?;
        found.go_down();
        found.set_machine(NodeMachine::Real {
            vm: Arc::clone(&vm),
            heard: None,
        });
        install(&vm, node, self.link.port()).await?;
        let end = Instant::now() + JOINS_WITHIN;
        while !found.is_online() {
            if Instant::now() > end {
                bail!("node {node} does not join its cluster\n{}", vm.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Whether the cluster sees a node.
    #[must_use]
    pub fn is_online(&self, node: &str) -> bool {
        self.shared.is_online(node)
    }

    /// The node that a guest is on.
    #[must_use]
    pub fn node_of(&self, vmid: u32) -> Option<String> {
        self.shared.guest(vmid).map(|guest| guest.node())
    }

    /// Shuts a simulated node down: it answers nobody until it boots.
    ///
    /// # Errors
    /// There is no such node, or it is a machine.
    pub fn shut_node_down(&self, node: &str) -> Result<()> {
        self.simulated(node)?;
        self.shared.nodes.find(node)?.go_down();
        Ok(())
    }

    /// Boots a simulated node with this kernel. Guests that were left running on it had their power
    /// cut.
    ///
    /// # Errors
    /// There is no such node, or it is a machine.
    pub fn boot_node(&self, node: &str, kernel: &str) -> Result<()> {
        self.simulated(node)?;
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        self.shared.node_is_up(node, boot_id.trim(), kernel)
    }

    /// The updates that a simulated node knows of.
    ///
    /// # Errors
    /// There is no such node, or it is a machine.
    pub fn set_updates(&self, node: &str, updates: Vec<NodeUpdate>) -> Result<()> {
        self.simulated(node)?;
        let found = self.shared.nodes.find(node)?;
        found.set_machine(NodeMachine::Simulated { updates });
        Ok(())
    }

    fn simulated(&self, node: &str) -> Result<()> {
        match self.shared.nodes.find(node)?.machine() {
            NodeMachine::Simulated { .. } => Ok(()),
            NodeMachine::Real { .. } => bail!("node {node} is a machine"),
        }
    }

    /// Asks for maintenance of a node, or takes it back, as `ha-manager` does in a machine.
    ///
    /// # Errors
    /// There is no such node.
    pub fn set_maintenance(&self, node: &str, wanted: bool) -> Result<()> {
        self.shared.nodes.find(node)?;
        self.shared.ha.ask_for_maintenance(node, wanted);
        Ok(())
    }

    /// The word of high availability for a node.
    #[must_use]
    pub fn ha_state(&self, node: &str) -> Option<&'static str> {
        self.shared.ha.nodes().get(node).copied()
    }

    /// Gives the cluster Ceph, or changes what it has.
    pub fn set_ceph(&self, ceph: Ceph) {
        *self.shared.ceph() = Some(ceph);
    }

    /// Ceph as it is.
    #[must_use]
    pub fn ceph(&self) -> Option<Ceph> {
        self.shared.ceph().clone()
    }

    /// Adds a replication job, or takes the place of the guest's.
    pub fn set_replication(&self, job: ReplicationJob) {
        let mut jobs = self.shared.replication();
        jobs.retain(|other| other.vmid != job.vmid);
        jobs.push(job);
    }

    /// Starts a task of root's on a node (`vzdump`) that goes on until the result is dropped.
    ///
    /// # Errors
    /// There is no such node.
    pub fn put_in_flight(&self, node: &str, kind: &'static str, vmid: u32) -> Result<TaskInFlight> {
        self.shared.nodes.find(node)?;
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let root = Principal::user("root@pam");
        let task = self
            .shared
            .tasks
            .start(node, kind, vmid, &root, |_| async move {
                ended.notified().await;
                Ok(())
            });
        Ok(TaskInFlight {
            upid: task.upid.clone(),
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::path::Path;
    use std::process::{Child, Command, Output};

    use tempfile::TempDir;

    use super::*;
    use crate::proxmox::{ClusterLayout, Simulated};

    const COROSYNC: &str = include_str!("../node/corosync.sh");
    const HA_MANAGER: &str = include_str!("../node/ha-manager.sh");

    async fn cluster() -> (Proxmox, TempDir) {
        let dir = TempDir::new().unwrap();
        let layout = ClusterLayout::new(dir.path(), &["a", "b", "c"]);
        let proxmox = Proxmox::start(layout).await.unwrap();
        let identity = format!("NODE=a\nCLUSTER=127.0.0.1\nPORT={}\n", proxmox.link.port());
        std::fs::write(dir.path().join("lab-node"), identity).unwrap();
        (proxmox, dir)
    }

    /// A node's script in a shell of this machine.
    fn shell(dir: &Path, script: &str) -> Command {
        let identity = dir.join("lab-node");
        let script = script.replace("/etc/lab-node", &identity.to_string_lossy());
        let mut shell = Command::new("bash");
        shell.args(["-c", &script, "script"]).process_group(0);
        shell
    }

    async fn ha_manager(dir: &Path, words: &str) -> Output {
        let mut shell = shell(dir, HA_MANAGER);
        shell.args(words.split_whitespace());
        let ran = tokio::task::spawn_blocking(move || shell.output());
        ran.await.unwrap().unwrap()
    }

    async fn until(mut seen: impl FnMut() -> bool) {
        while !seen() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_command_of_a_node_asks_for_maintenance_and_tells_what_is_wrong() {
        let (mut proxmox, dir) = cluster().await;
        let enable = "crm-command node-maintenance enable a";
        let asked = ha_manager(dir.path(), enable).await;
        assert!(
            asked.status.success() && asked.stdout.is_empty(),
            "{asked:?}"
        );
        until(|| proxmox.ha_state("a") == Some("maintenance")).await;
        let status = ha_manager(dir.path(), "status").await;
        let printed = String::from_utf8(status.stdout).unwrap();
        assert!(
            printed.starts_with("quorum OK\nlrm a (maintenance)\n"),
            "{printed}"
        );
        for (words, complaint) in [
            (
                "crm-command node-maintenance enable d",
                "no such cluster node 'd'\n",
            ),
            (
                "crm-command stop vm:101 0",
                "unknown command 'ha-manager crm-command stop vm:101 0'\n",
            ),
        ] {
            let refused = ha_manager(dir.path(), words).await;
            assert_eq!(refused.status.code(), Some(255), "{refused:?}");
            assert_eq!(String::from_utf8(refused.stderr).unwrap(), complaint);
        }
        proxmox.fault(crate::proxmox::Fault::NoQuorum).unwrap();
        let disable = "crm-command node-maintenance disable a";
        let refused = ha_manager(dir.path(), disable).await;
        assert_eq!(
            String::from_utf8(refused.stderr).unwrap(),
            "cluster not ready - no quorum?\n"
        );
        assert_eq!(proxmox.ha_state("a"), Some("maintenance"));
        drop(proxmox);
        let nobody = ha_manager(dir.path(), disable).await;
        assert_eq!(nobody.status.code(), Some(255), "{nobody:?}");
        // Its listener may outlive it for a moment, and its connections do not.
        let said = String::from_utf8_lossy(&nobody.stderr);
        let told = ["Connection refused", "Connection reset"];
        assert!(told.iter().any(|it| said.contains(it)), "{nobody:?}");
    }

    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            // The script's `sleep` is in its group.
            if let Some(group) = rustix::process::Pid::from_raw(self.0.id().cast_signed()) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            let _ = self.0.wait();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_node_is_online_while_its_machine_says_so_and_another_boot_costs_what_was_left() {
        let (proxmox, dir) = cluster().await;
        proxmox
            .add_simulated(
                "a",
                100,
                "web",
                Simulated::new("063846f7-2753-4bb8-b300-042adec4d0a7"),
            )
            .unwrap();
        proxmox.shut_node_down("a").unwrap();
        let beating = Running(shell(dir.path(), COROSYNC).spawn().unwrap());
        until(|| proxmox.is_online("a")).await;
        assert_eq!(
            proxmox.power_cuts(),
            1,
            "it runs with another boot id than before"
        );
        let pid = rustix::process::Pid::from_raw(beating.0.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        until(|| !proxmox.is_online("a")).await;
        drop(beating);
        let again = Running(shell(dir.path(), COROSYNC).spawn().unwrap());
        until(|| proxmox.is_online("a")).await;
        assert_eq!(proxmox.power_cuts(), 1, "it is the same boot");
        drop(again);
    }
}
