//! The agent's port, as the configuration of a machine has it.

use serde_json::Value;

use super::field::{flag_of, line, number, scalar, text};

/// What the `agent` setting of a machine makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentPort {
    /// The virtio-serial port `org.qemu.guest_agent.0`.
    Virtio,
    /// A port of another kind (`isa`), in its word.
    OtherKind(String),
    /// None.
    Off,
}

impl AgentPort {
    /// What a setting (`1`, `enabled=1,type=virtio`, `0,fstrim_cloned_disks=1`) makes. Keys that are
    /// not known do not matter.
    #[must_use]
    pub fn of(setting: &str) -> Self {
        let (mut enabled, mut kind) = (false, "virtio");
        for part in setting.split(',').map(str::trim) {
            match part.split_once('=') {
                None | Some(("enabled", _)) => {
                    let value = part.split_once('=').map_or(part, |(_, value)| value);
                    enabled = flag_of(value.trim()).unwrap_or(enabled);
                }
                Some(("type", value)) => kind = value.trim(),
                Some(_) => {}
            }
        }
        match kind {
            _ if !enabled => Self::Off,
            "virtio" => Self::Virtio,
            other => Self::OtherKind(line(other)),
        }
    }
}

/// A change of the `agent` setting that waits for the next power-on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingAgent {
    /// It becomes this.
    Becomes(String),
    /// It goes.
    Deleted,
}

impl PendingAgent {
    /// The change in the answer to [`crate::call::guest::pending`], if one waits.
    #[must_use]
    pub fn read(data: &Value) -> Option<Self> {
        let rows = data.as_array().into_iter().flatten();
        let mut about = rows.filter(|row| text(row, "key") == Some("agent"));
        about.find_map(Self::in_row)
    }

    fn in_row(row: &Value) -> Option<Self> {
        if let Some(becomes) = row.get("pending").and_then(scalar) {
            return Some(Self::Becomes(line(&becomes)));
        }
        // 1 is a deletion, 2 a forced one.
        number(row, "delete")
            .is_some_and(|how| how != 0)
            .then_some(Self::Deleted)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_make_a_virtio_port_another_or_none() {
        let isa = || AgentPort::OtherKind("isa".to_owned());
        for (setting, port) in [
            ("1", AgentPort::Virtio),
            ("0", AgentPort::Off),
            ("", AgentPort::Off),
            ("enabled=1", AgentPort::Virtio),
            ("enabled=0,type=virtio", AgentPort::Off),
            (
                "enabled=1,type=virtio,fstrim_cloned_disks=1",
                AgentPort::Virtio,
            ),
            ("1,fstrim_cloned_disks=1", AgentPort::Virtio),
            ("fstrim_cloned_disks=1,1", AgentPort::Virtio),
            ("1,type=isa", isa()),
            ("type=isa,enabled=yes", isa()),
            ("0,type=isa", AgentPort::Off),
            ("1,freeze-fs-on-backup=0,new-key=7", AgentPort::Virtio),
            ("1,type=vsock", AgentPort::OtherKind("vsock".to_owned())),
            ("on", AgentPort::Virtio),
            ("perhaps", AgentPort::Off),
        ] {
            assert_eq!(AgentPort::of(setting), port, "{setting:?}");
        }
    }

    #[test]
    fn only_a_change_of_the_agent_is_one() {
        let becomes = |it: &str| Some(PendingAgent::Becomes(it.to_owned()));
        for (answer, change) in [
            (json!([{"key": "agent", "value": "1"}]), None),
            (
                json!([{"key": "agent", "value": "1", "pending": "0"}]),
                becomes("0"),
            ),
            (
                json!([{"key": "agent", "value": 1, "pending": 0}]),
                becomes("0"),
            ),
            (json!([{"key": "agent", "pending": "1"}]), becomes("1")),
            (
                json!([{"key": "agent", "value": "1", "delete": 1}]),
                Some(PendingAgent::Deleted),
            ),
            (
                json!([{"key": "agent", "value": "1", "delete": "2"}]),
                Some(PendingAgent::Deleted),
            ),
            (json!([{"key": "agent", "value": "1", "delete": 0}]), None),
            (
                json!([{"key": "memory", "value": "1", "pending": "2"}, 7, {"key": 1}]),
                None,
            ),
            (json!({"key": "agent", "pending": "0"}), None),
        ] {
            assert_eq!(PendingAgent::read(&answer), change, "{answer}");
        }
    }
}
