//! What any machine can be asked and told.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::real::Real;
use super::simulated::{Simulated, SimulatedMachine};
use crate::vm::Vm;

/// The machine behind a guest.
#[derive(Debug)]
pub(in crate::proxmox) enum Machine {
    Real(Real),
    Simulated(SimulatedMachine),
    Container,
}

/// What a look at a machine shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::proxmox) struct RunState {
    /// QEMU's word, or `stopped`.
    pub(in crate::proxmox) qmp: String,
    pub(in crate::proxmox) pid: Option<i32>,
    /// Since QEMU started, not since the guest booted.
    pub(in crate::proxmox) uptime: Duration,
}

/// Why an agent command has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::proxmox) enum AgentFailure {
    /// Nobody answered in time, or there is no channel.
    Silent,
    /// The agent answered with an error.
    Refused { class: String, description: String },
}

impl RunState {
    pub(super) fn stopped() -> Self {
        Self {
            qmp: "stopped".to_owned(),
            pid: None,
            uptime: Duration::ZERO,
        }
    }

    pub(in crate::proxmox) fn is_running(&self) -> bool {
        self.pid.is_some()
    }
}

impl Machine {
    pub(in crate::proxmox) const fn real(vm: Arc<Vm>) -> Self {
        Self::Real(Real::new(vm))
    }

    pub(in crate::proxmox) fn simulated(vmid: u32, name: &str, guest: Simulated) -> Self {
        Self::Simulated(SimulatedMachine::new(vmid, name, guest))
    }

    pub(super) const fn memory_mib(&self) -> u64 {
        match self {
            Self::Real(real) => real.memory_mib(),
            Self::Simulated(_) | Self::Container => 256,
        }
    }

    /// Whether it runs, by the cheapest look.
    pub(in crate::proxmox) fn is_running(&self) -> bool {
        match self {
            Self::Real(real) => real.is_running(),
            Self::Simulated(simulated) => simulated.is_running(),
            Self::Container => true,
        }
    }

    pub(in crate::proxmox) async fn look(&self) -> RunState {
        match self {
            Self::Real(real) => real.look().await,
            Self::Simulated(simulated) => simulated.look(),
            Self::Container => RunState {
                qmp: "running".to_owned(),
                pid: Some(1),
                uptime: Duration::from_secs(60),
            },
        }
    }

    /// One command to the agent.
    pub(in crate::proxmox) async fn agent(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, AgentFailure> {
        match self {
            Self::Real(real) => real.agent(command, arguments, deadline).await,
            Self::Simulated(simulated) => simulated.agent(command, &arguments, deadline).await,
            Self::Container => Err(AgentFailure::Silent),
        }
    }

    /// Tells the agent to power the guest off. It answers nothing on success.
    pub(in crate::proxmox) async fn agent_shutdown(&self) -> Result<(), AgentFailure> {
        match self {
            Self::Real(real) => real.agent_shutdown().await,
            Self::Simulated(simulated) => {
                simulated.power_off();
                Ok(())
            }
            Self::Container => Err(AgentFailure::Silent),
        }
    }

    /// Presses the power button.
    pub(in crate::proxmox) async fn powerdown(&self) -> Result<()> {
        match self {
            Self::Real(real) => real.powerdown().await,
            Self::Simulated(simulated) => {
                simulated.press_power_button();
                Ok(())
            }
            Self::Container => Ok(()),
        }
    }

    /// Powers it on and returns when its processors run.
    pub(in crate::proxmox) async fn start(&self) -> Result<()> {
        match self {
            Self::Real(real) => real.start().await,
            Self::Simulated(simulated) => {
                simulated.power_on().await;
                Ok(())
            }
            Self::Container => Ok(()),
        }
    }

    /// Cuts the power.
    pub(in crate::proxmox) fn cut(&self) {
        match self {
            Self::Real(real) => real.cut(),
            Self::Simulated(simulated) => simulated.cut(),
            Self::Container => {}
        }
    }

    /// Stops the agent for good, until the next start.
    pub(in crate::proxmox) async fn kill_agent(&self) {
        match self {
            Self::Real(real) => real.kill_agent().await,
            Self::Simulated(simulated) => simulated.set_agent(super::AgentState::Dead),
            Self::Container => {}
        }
    }
}
