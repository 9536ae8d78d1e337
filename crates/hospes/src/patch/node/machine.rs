//! A node as a machine that lifecycle's reboot operation acts on, through SSH alone.

use std::time::Duration;

use conditions::{Host, MachineId};
use lifecycle::NotReady;
use lifecycle::operation::{AskReport, Effect, Event};
use lifecycle::ports::{GuestShell, Privilege};
use patch::{OUTPUT_LIMIT, Script};

use crate::drive;
use crate::edge::{Login, asked_for_readiness, asked_to_reboot};
use crate::fleet::{Fleet, Node};

/// A node, as SSH reaches it.
pub(super) struct Machine {
    id: MachineId,
    ssh: Option<Login>,
    script: Duration,
}

/// What is said of a node without an address.
pub(super) fn no_ssh(host: &Host) -> String {
    let cluster = host.cluster.as_deref().unwrap_or_default();
    let name = &host.name;
    format!(
        "no address of {host} is known; name it in [cluster.{cluster}.node.{name}.ssh] as `host`"
    )
}

impl Machine {
    pub(super) fn of(fleet: &Fleet, node: &Node) -> Self {
        Self {
            id: node.id(),
            ssh: fleet.node_login(node),
            script: node.script(),
        }
    }

    fn nowhere(&self) -> String {
        match &self.id {
            MachineId::Node(host) => no_ssh(host),
            MachineId::Guest(guest) => crate::edge::no_ssh(guest),
        }
    }

    /// What a script printed as root, or why it did not run to its end.
    pub(super) async fn shell(&self, script: &Script) -> Result<Vec<u8>, String> {
        let Some(ssh) = &self.ssh else {
            return Err(self.nowhere());
        };
        let printed = ssh
            .run(&script.text, Privilege::Root, OUTPUT_LIMIT, script.deadline)
            .await;
        match printed {
            Ok(output) if output.truncated => Err("it printed more than is read".to_owned()),
            Ok(output) if output.status != 0 => {
                Err(format!("the shell ended with {}", output.status))
            }
            Ok(output) => Ok(output.stdout),
            Err(error) => {
                ssh.disconnect().await;
                Err(error.to_string())
            }
        }
    }
}

impl drive::Machine for Machine {
    fn name(&self) -> String {
        self.id.to_string()
    }

    /// A reboot probes, asks and sleeps; nothing else is a node's.
    async fn perform(&self, effect: Effect) -> Event {
        match (effect, &self.ssh) {
            (Effect::Probe, Some(ssh)) => {
                Event::Probed(asked_for_readiness(ssh, self.script).await)
            }
            (Effect::Probe, None) => Event::Probed(Err(NotReady::never(self.nowhere()))),
            (Effect::Reboot, Some(ssh)) => Event::Asked(asked_to_reboot(ssh, self.script).await),
            (Effect::Reboot, None) => Event::Asked(AskReport::NotSent(self.nowhere())),
            (Effect::Sleep(pause), _) => {
                tokio::time::sleep(pause).await;
                Event::Woke
            }
            _ => Event::Woke,
        }
    }
}
