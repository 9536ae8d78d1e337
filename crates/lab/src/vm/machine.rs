//! A running machine of the lab.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::argv::{Start, qemu_argv};
use super::control;
use super::spec::Layout;
use crate::command::file_tail;
use crate::session;

/// A machine and its files. Dropping it kills whatever QEMU runs from its directory.
#[derive(Debug)]
pub struct Vm {
    pub(super) layout: Layout,
    pub(super) released: bool,
}

impl Vm {
    /// The guest's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.layout.spec.name
    }

    /// The machine's directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.layout.dir
    }

    /// The QMP socket for the product; the lab has its own.
    #[must_use]
    pub fn qmp_path(&self) -> PathBuf {
        self.layout.qmp()
    }

    /// The agent's socket; QEMU does not create it for a machine without the port.
    #[must_use]
    pub fn agent_path(&self) -> PathBuf {
        self.layout.agent()
    }

    /// The machine's disk, a qcow2 image.
    pub(crate) fn disk_path(&self) -> PathBuf {
        self.layout.disk()
    }

    /// The loopback port that leads to the guest's sshd.
    #[must_use]
    pub fn ssh_port(&self) -> u16 {
        self.layout.ssh_port
    }

    /// The private key that the guest's users accept.
    #[must_use]
    pub fn key_path(&self) -> &Path {
        &self.layout.login_key
    }

    /// Whether the machine has the agent's port.
    #[must_use]
    pub fn has_agent_port(&self) -> bool {
        self.layout.spec.agent_port
    }

    /// The command that powers this machine on: a cold boot from its disk.
    #[must_use]
    pub fn start_argv(&self) -> Vec<String> {
        qemu_argv(&self.layout, Start::Cold)
    }

    /// Whether a QEMU runs from this machine's directory, whoever started it.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !session::machines_of(&self.layout.dir).is_empty()
    }

    /// The process id of the machine's QEMU, if it runs.
    #[must_use]
    pub fn pid(&self) -> Option<i32> {
        session::machines_of(&self.layout.dir)
            .first()
            .map(|pid| pid.as_raw_nonzero().get())
    }

    /// QEMU's word for the machine's state: `running`, `paused`, `shutdown` and others.
    ///
    /// # Errors
    /// QEMU does not run or does not answer.
    pub async fn run_state(&self) -> Result<String> {
        let status = self.qmp("query-status", json!({})).await?;
        status["status"]
            .as_str()
            .map(str::to_owned)
            .context("query-status without a status")
    }

    /// Runs a QMP command through the lab's own socket.
    ///
    /// # Errors
    /// QEMU does not run, does not answer, or refuses the command.
    pub async fn qmp(&self, command: &str, arguments: Value) -> Result<Value> {
        control::qmp(&self.layout.lab_qmp(), command, arguments).await
    }

    /// Waits until no QEMU runs from this machine's directory.
    ///
    /// # Errors
    /// One still does after `deadline`.
    pub async fn wait_for_exit(&self, deadline: Duration) -> Result<()> {
        let end = Instant::now() + deadline;
        while self.is_running() {
            if Instant::now() > end {
                bail!(
                    "`{}` still runs after {deadline:?}\n{}",
                    self.name(),
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Fails when nothing will answer any more: QEMU ended, or its accelerator gave up on the guest.
    pub(super) async fn fail_if_lost(&self, awaited: &str) -> Result<()> {
        let state = self.run_state().await.unwrap_or_default();
        if !self.is_running() || state == "internal-error" {
            let name = self.name();
            bail!(
                "the machine `{name}` was lost before {awaited} answered ({state})\n{}",
                self.log_tail()
            );
        }
        Ok(())
    }

    /// Cuts the power. For throwaway machines only.
    pub fn kill(&self) {
        session::end_machines(&self.layout.dir);
    }

    /// Leaves the machine running when this is dropped.
    pub fn release(mut self) {
        self.released = true;
    }

    /// The end of what the guest printed to its console and QEMU to its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        logs_of(&self.layout.dir)
    }
}

#[cfg(test)]
impl Vm {
    /// A machine with a disk and nothing to run, stopped before its first instruction.
    pub(crate) fn without_system(dir: &Path) -> Self {
        let layout = Layout {
            dir: dir.to_owned(),
            spec: super::VmSpec::new("bare"),
            kernel: PathBuf::new(),
            initrd: PathBuf::new(),
            login_key: PathBuf::new(),
            accelerator: crate::accelerator::Accelerator::Tcg,
            ssh_port: 0,
        };
        let (disk, socket) = (layout.disk(), layout.lab_qmp());
        let made = std::process::Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2"])
            .arg(&disk)
            .arg("16M")
            .status();
        assert!(made.is_ok_and(|status| status.success()), "no disk");
        let drive = format!("file={},format=qcow2,if=virtio", disk.display());
        let chardev = format!("socket,id=lab,path={},server=on,wait=off", socket.display());
        let started = std::process::Command::new("qemu-system-x86_64")
            .args([
                "-nodefaults",
                "-display",
                "none",
                "-machine",
                "pc,accel=tcg",
            ])
            .args(["-m", "64", "-S", "-drive", &drive, "-chardev", &chardev])
            .args(["-mon", "chardev=lab,mode=control", "-daemonize"])
            .status();
        assert!(started.is_ok_and(|status| status.success()), "no machine");
        let released = false;
        Self { layout, released }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        if !self.released {
            self.kill();
        }
    }
}

/// The end of the logs in a machine's directory.
pub(crate) fn logs_of(dir: &Path) -> String {
    let serial = file_tail(&dir.join("serial.log"), 25);
    let qemu = file_tail(&dir.join("qemu.log"), 10);
    format!(
        "--- console of {}\n{serial}\n--- QEMU\n{qemu}",
        dir.display()
    )
}
