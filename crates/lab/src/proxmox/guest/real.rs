//! A virtual machine of the lab as a guest of the cluster.

use std::fs::OpenOptions;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hypervisor_qemu::AgentClient;
use lifecycle::ports::{AgentChannel, ChannelError};
use rustix::param::clock_ticks_per_second;
use serde_json::{Value, json};
use tokio::process::Command;

use super::machine::{AgentFailure, RunState};
use crate::command::not_started;
use crate::vm::Vm;

const STARTS_WITHIN: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(3);

/// The machine.
#[derive(Debug)]
pub(in crate::proxmox) struct Real {
    vm: Arc<Vm>,
}

impl Real {
    pub(in crate::proxmox) const fn new(vm: Arc<Vm>) -> Self {
        Self { vm }
    }

    pub(super) fn vm(&self) -> &Vm {
        &self.vm
    }

    pub(super) const fn memory_mib(&self) -> u64 {
        384
    }

    pub(super) fn is_running(&self) -> bool {
        self.vm.is_running()
    }

    pub(super) async fn look(&self) -> RunState {
        let Some(pid) = self.vm.pid() else {
            return RunState::stopped();
        };
        let qmp = self.vm.run_state().await;
        RunState {
            qmp: qmp.unwrap_or_else(|_| "running".to_owned()),
            pid: Some(pid),
            uptime: age_of(pid),
        }
    }

    pub(super) async fn agent(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, AgentFailure> {
        // A connection of its own: QEMU serves a single client, and others wait for the place.
        let client = AgentClient::new(self.vm.agent_path());
        let arguments = if arguments.is_null() {
            json!({})
        } else {
            arguments
        };
        client
            .call(command, arguments, deadline)
            .await
            .map_err(told)
    }

    pub(super) async fn agent_shutdown(&self) -> Result<(), AgentFailure> {
        let client = AgentClient::new(self.vm.agent_path());
        let arguments = json!({"mode": "powerdown"});
        let sent = client.send_expecting_silence("guest-shutdown", arguments, SILENCE);
        sent.await.map_err(told)
    }

    pub(super) async fn powerdown(&self) -> Result<()> {
        self.vm.qmp("system_powerdown", json!({})).await.map(|_| ())
    }

    /// A cold boot in a process group of its own. The session finds it by its directory.
    pub(super) async fn start(&self) -> Result<()> {
        let argv = self.vm.start_argv();
        let (program, arguments) = argv.split_first().context("the machine has no command")?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.vm.dir().join("qemu.log"))
            .context("cannot write QEMU's log")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("cannot write QEMU's log")?)
            .stderr(log)
            .process_group(0);
        let mut child = command.spawn().with_context(|| not_started(program))?;
        let end = Instant::now() + STARTS_WITHIN;
        while self.vm.run_state().await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("start failed: QEMU exited with {status}");
            }
            if Instant::now() > end {
                bail!("start failed: got timeout");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub(super) fn cut(&self) {
        self.vm.kill();
    }

    /// The agent's channel is still there; nobody answers on it.
    pub(super) async fn kill_agent(&self) {
        let stop =
            "for unit in qemu-guest-agent hospes-agent; do systemctl stop $unit; done 2>/dev/null";
        // It ends with the agent that runs it, so its outcome is not known.
        let arguments = json!({"path": "/bin/sh", "arg": ["-c", stop]});
        let _ = self.agent("guest-exec", arguments, SILENCE).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

fn told(error: ChannelError) -> AgentFailure {
    match error {
        ChannelError::Agent {
            class, description, ..
        } => AgentFailure::Refused { class, description },
        _ => AgentFailure::Silent,
    }
}

/// How long a process has lived.
fn age_of(pid: i32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let up = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    age(&stat, &up, clock_ticks_per_second()).unwrap_or_default()
}

/// From a process's `stat`, whose 22nd field is when it began, and the machine's `uptime`.
fn age(stat: &str, uptime: &str, ticks_per_second: u64) -> Option<Duration> {
    // The second field is a name in brackets, which may hold spaces.
    let (_, rest) = stat.rsplit_once(')')?;
    let begun: u64 = rest.split_whitespace().nth(19)?.parse().ok()?;
    let up: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let begun = Duration::from_secs(begun.checked_div(ticks_per_second)?);
    Duration::try_from_secs_f64(up).ok()?.checked_sub(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_process_is_that_of_the_machine_less_its_beginning() {
        let stat = "14387 (qemu (x) 1) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 25000 20";
        let age = age(stat, "300.50 100.00\n", 100);
        assert_eq!(age, Some(Duration::from_millis(50_500)));
        assert!(age_of(std::process::id().cast_signed()) < Duration::from_secs(3600));
    }
}
