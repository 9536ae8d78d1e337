//! The agent's port: the running configuration, and the change that waits.

use conditions::ChannelDevice;
use pve::{AgentPort, PendingAgent, VmConfig};

use super::Read;

/// The port and how it showed.
pub(super) struct Port {
    pub(super) device: ChannelDevice,
    pub(super) evidence: String,
}

impl Port {
    pub(super) fn of(
        config: &Read<'_, VmConfig>,
        pending: &Read<'_, Option<PendingAgent>>,
    ) -> Self {
        let setting = match config {
            Ok(VmConfig {
                agent: Some(it), ..
            }) => format!("agent={it}"),
            Ok(VmConfig { agent: None, .. }) => "no `agent`".to_owned(),
            Err(error) => error.to_string(),
        };
        let change = match pending {
            Ok(None) => "no pending change".to_owned(),
            Ok(Some(change)) => format!("pending: {}", words(change)),
            Err(error) => format!("pending: {error}"),
        };
        Self {
            device: device(config, pending),
            evidence: format!("config current: {setting}; {change}"),
        }
    }
}

fn device(config: &Read<'_, VmConfig>, pending: &Read<'_, Option<PendingAgent>>) -> ChannelDevice {
    let config = match config {
        Ok(config) => config,
        Err(error) => return ChannelDevice::Unknown(format!("config current: {error}")),
    };
    match (config.port(), pending) {
        (AgentPort::Off | AgentPort::OtherKind(_), _) => ChannelDevice::Absent,
        (AgentPort::Virtio, Ok(Some(change))) => ChannelDevice::Changing(words(change)),
        (AgentPort::Virtio, Err(error)) => ChannelDevice::Unknown(format!("pending: {error}")),
        (AgentPort::Virtio, Ok(None)) => ChannelDevice::Present {
            opened_by_guest: None,
        },
    }
}

fn words(change: &PendingAgent) -> String {
    match change {
        PendingAgent::Becomes(setting) => format!("agent becomes {setting}"),
        PendingAgent::Deleted => "agent is deleted".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use pve::Failure;

    use super::*;
    use crate::ClientError;

    fn config(agent: Option<&str>) -> VmConfig {
        VmConfig {
            agent: agent.map(str::to_owned),
            lock: None,
            template: false,
        }
    }

    #[test]
    fn the_running_configuration_and_what_waits_make_the_port() {
        let present = ChannelDevice::Present {
            opened_by_guest: None,
        };
        let off = || Some(PendingAgent::Becomes("0".to_owned()));
        let changing = |what: &str| ChannelDevice::Changing(what.to_owned());
        for (agent, pending, device) in [
            (Some("1"), None, present),
            (Some("1"), off(), changing("agent becomes 0")),
            (
                Some("1"),
                Some(PendingAgent::Deleted),
                changing("agent is deleted"),
            ),
            (Some("0"), None, ChannelDevice::Absent),
            (Some("1,type=isa"), None, ChannelDevice::Absent),
            (
                None,
                Some(PendingAgent::Becomes("1".to_owned())),
                ChannelDevice::Absent,
            ),
        ] {
            let port = Port::of(&Ok(config(agent)), &Ok(pending.clone()));
            assert_eq!(port.device, device, "{agent:?} {pending:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let error = ClientError::Api(Failure::Forbidden("VM.Audit".to_owned()));
        for (config, pending, evidence) in [
            (
                Err(&error),
                Ok(None),
                "config current: VM.Audit; no pending change",
            ),
            (
                Ok(config(Some("1"))),
                Err(&error),
                "config current: agent=1; pending: VM.Audit",
            ),
        ] {
            let port = Port::of(&config, &pending);
            assert!(matches!(port.device, ChannelDevice::Unknown(_)));
            assert_eq!(port.evidence, evidence);
        }
    }
}
