//! The agent's virtio-serial port in the running machine.

use std::path::{Path, PathBuf};

use conditions::ChannelDevice;
use serde_json::Value;

use crate::qmp::{Monitor, QmpError, Question};

/// The name by which the agent in the guest finds its port.
const AGENT_PORT: &str = "org.qemu.guest_agent.0";

/// Where QEMU keeps devices that were given an id, and those that were not.
const CONTAINERS: [&str; 2] = ["/machine/peripheral", "/machine/peripheral-anon"];

/// The most ports that are looked at: two full virtio-serial buses.
const MAX_PORTS: usize = 62;

/// The agent's port, as far as the monitor tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AgentPort {
    /// The machine has it.
    Present {
        /// Its path in the object model.
        path: String,
        /// What is plugged into it on this host, where that could be read.
        backend: Option<Backend>,
    },
    /// The machine has no port of that name.
    Absent,
    /// QEMU did not say.
    Unknown(String),
}

/// The character device behind a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    label: String,
    filename: String,
    opened_by_guest: bool,
}

impl AgentPort {
    /// Finds the port in two rounds of questions.
    pub(crate) async fn find(monitor: &mut Monitor) -> Result<Self, QmpError> {
        let [named, anonymous] = CONTAINERS;
        let round = [
            Question::Objects(named.to_owned()),
            Question::Objects(anonymous.to_owned()),
            Question::CharacterDevices,
        ];
        let answers = monitor.ask(&round).await?;
        let [named_devices, anonymous_devices, backends] = answers.as_slice() else {
            return Ok(Self::Unknown("QEMU left a question unanswered".to_owned()));
        };
        let mut ports = serial_ports(named, named_devices);
        ports.extend(serial_ports(anonymous, anonymous_devices));
        ports.truncate(MAX_PORTS);
        let about_ports: Vec<_> = ports
            .iter()
            .flat_map(|path| {
                ["name", "chardev"].map(|property| Question::Property {
                    path: path.clone(),
                    property,
                })
            })
            .collect();
        let properties = monitor.ask(&about_ports).await?;
        let refusal = named_devices.as_ref().and(anonymous_devices.as_ref()).err();
        Ok(
            Self::among(ports, &properties, backends.as_ref().ok()).unwrap_or_else(|| {
                refusal.map_or(Self::Absent, |words| {
                    Self::Unknown(format!("qom-list: {words}"))
                })
            }),
        )
    }

    /// The agent's port among `ports`, given each one's name and chardev in turn.
    fn among(
        ports: Vec<String>,
        properties: &[Result<Value, String>],
        backends: Option<&Value>,
    ) -> Option<Self> {
        let text =
            |answer: &Result<Value, String>| Some(answer.as_ref().ok()?.as_str()?.to_owned());
        let mut described = ports.into_iter().zip(properties.chunks_exact(2));
        let (path, about) =
            described.find(|(_, about)| text(&about[0]).as_deref() == Some(AGENT_PORT))?;
        let backend = text(&about[1]).and_then(|label| Backend::labelled(&label, backends?));
        Some(Self::Present { path, backend })
    }

    /// The port in the words of the conditions.
    pub(crate) fn device(&self) -> ChannelDevice {
        match self {
            Self::Present { backend, .. } => ChannelDevice::Present {
                opened_by_guest: backend.as_ref().map(|backend| backend.opened_by_guest),
            },
            Self::Absent => ChannelDevice::Absent,
            Self::Unknown(why) => ChannelDevice::Unknown(why.clone()),
        }
    }

    /// What was seen, for people.
    pub(crate) fn evidence(&self) -> String {
        match self {
            Self::Present {
                path,
                backend: None,
            } => format!("agent port {path}, without a backend"),
            Self::Present {
                path,
                backend:
                    Some(Backend {
                        label,
                        opened_by_guest,
                        ..
                    }),
            } => {
                let opened = if *opened_by_guest {
                    "opened"
                } else {
                    "not opened"
                };
                format!("agent port {path} (chardev {label}), {opened} by the guest")
            }
            Self::Absent => format!("no virtio-serial port {AGENT_PORT}"),
            Self::Unknown(why) => format!("agent port unknown: {why}"),
        }
    }

    /// Whether some client is connected to `socket`, which is behind this port. QEMU writes
    /// `disconnected:unix:PATH,server=on` while there is none.
    pub(crate) fn is_held_at(&self, socket: &Path) -> bool {
        let Self::Present {
            backend: Some(backend),
            ..
        } = self
        else {
            return false;
        };
        let connected = backend.filename.strip_prefix("unix:");
        let Some((path, _server)) = connected.and_then(|it| it.rsplit_once(",server")) else {
            return false;
        };
        // The configuration and QEMU's command line may spell the directory differently.
        PathBuf::from(path).file_name() == socket.file_name()
    }
}

impl Backend {
    /// The character device called `label` in an answer to `query-chardev`.
    fn labelled(label: &str, backends: &Value) -> Option<Self> {
        let mut all = backends.as_array()?.iter();
        let found = all.find(|it| it.get("label").and_then(Value::as_str) == Some(label))?;
        Some(Self {
            label: label.to_owned(),
            filename: found.get("filename")?.as_str()?.to_owned(),
            opened_by_guest: found.get("frontend-open")?.as_bool()?,
        })
    }
}

/// The paths of the virtio-serial ports among the devices of `container`.
fn serial_ports(container: &str, devices: &Result<Value, String>) -> Vec<String> {
    let devices = devices.as_ref().ok().and_then(Value::as_array);
    let ports = devices.into_iter().flatten().filter(|device| {
        device.get("type").and_then(Value::as_str) == Some("child<virtserialport>")
    });
    let names = ports.filter_map(|port| port.get("name").and_then(Value::as_str));
    names.map(|name| format!("{container}/{name}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn port_with(filename: &str) -> AgentPort {
        let backends = json!([
            {"label": "mon", "filename": "unix:/run/vm/q,server=on", "frontend-open": true},
            {"label": "qga0", "filename": filename, "frontend-open": false},
        ]);
        let ports = ["a", "b"]
            .map(|name| format!("/machine/peripheral/{name}"))
            .to_vec();
        let properties = ["org.other.0", "other", AGENT_PORT, "qga0"]
            .map(|text| Ok(json!(text)))
            .to_vec();
        AgentPort::among(ports, &properties, Some(&backends)).unwrap()
    }

    #[test]
    fn the_agents_port_is_found_by_its_name() {
        let port = port_with("disconnected:unix:/run/vm/agent,server=on");
        assert_eq!(
            port.device(),
            ChannelDevice::Present {
                opened_by_guest: Some(false)
            }
        );
        insta::assert_snapshot!(port.evidence(),
            @"agent port /machine/peripheral/b (chardev qga0), not opened by the guest");
    }

    #[test]
    fn a_port_is_held_while_its_own_socket_has_a_client() {
        for (filename, held) in [
            ("disconnected:unix:/run/vm/agent,server=on", false),
            ("unix:/run/vm/agent,server=on", true),
            ("unix:/var/run/vm/agent,server", true),
            ("unix:/run/vm/proxy,server=on", false),
            ("unix:/run/vm/agent", false),
            ("pty:/dev/pts/3", false),
        ] {
            assert_eq!(
                port_with(filename).is_held_at(Path::new("/run/vm/agent")),
                held,
                "{filename}"
            );
        }
    }

    #[test]
    fn odd_answers_yield_no_port() {
        for devices in [
            json!(null),
            json!([1, {"type": "child<virtserialport>"}]),
            json!({"a": []}),
        ] {
            assert!(serial_ports("/machine/peripheral", &Ok(devices)).is_empty());
        }
        let refused = vec![Err("no such property".to_owned()), Ok(json!(3))];
        assert_eq!(
            AgentPort::among(vec!["/p".to_owned()], &refused, None),
            None
        );
    }
}
