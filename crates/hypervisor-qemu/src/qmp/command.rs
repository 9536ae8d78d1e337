//! What the monitor is ever told: a closed list. Questions change nothing, and the only changes are
//! snapshots of disks; nothing here stops, resets or ends a machine.

use serde_json::{Value, json};

/// A command that only reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// `qmp_capabilities`: ends the negotiation, and asks for no capability.
    Capabilities,
    /// `query-status`.
    Status,
    /// `query-migrate`.
    Migration,
    /// `query-block-jobs`.
    BlockJobs,
    /// `query-block`.
    Disks,
    /// `query-chardev`.
    CharacterDevices,
    /// `qom-list` of the object at this path.
    Objects(String),
    /// `qom-get` of one property of the object at a path.
    Property {
        path: String,
        property: &'static str,
    },
}

/// A command that makes or deletes snapshots inside disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// One of each of these devices, all or none, at one moment.
    Take { devices: Vec<String>, name: String },
    /// Deletes one of a device.
    Delete { device: String, name: String },
}

impl Question {
    /// Its command.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Capabilities => "qmp_capabilities",
            Self::Status => "query-status",
            Self::Migration => "query-migrate",
            Self::BlockJobs => "query-block-jobs",
            Self::Disks => "query-block",
            Self::CharacterDevices => "query-chardev",
            Self::Objects(_) => "qom-list",
            Self::Property { .. } => "qom-get",
        }
    }

    pub(super) fn to_line(&self, id: u64) -> String {
        let arguments = match self {
            Self::Objects(path) => json!({ "path": path }),
            Self::Property { path, property } => json!({ "path": path, "property": property }),
            _ => Value::Null,
        };
        line(self.name(), arguments, id)
    }
}

impl Change {
    /// Its command.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Take { .. } => "transaction",
            Self::Delete { .. } => "blockdev-snapshot-delete-internal-sync",
        }
    }

    pub(super) fn to_line(&self, id: u64) -> String {
        let arguments = match self {
            Self::Take { devices, name } => {
                let actions = devices.iter().map(|device| {
                    let data = json!({ "device": device, "name": name });
                    json!({ "type": "blockdev-snapshot-internal-sync", "data": data })
                });
                json!({ "actions": actions.collect::<Vec<_>>() })
            }
            Self::Delete { device, name } => json!({ "device": device, "name": name }),
        };
        line(self.name(), arguments, id)
    }
}

fn line(execute: &'static str, arguments: Value, id: u64) -> String {
    let mut request = json!({ "execute": execute, "id": id });
    if !arguments.is_null() {
        request["arguments"] = arguments;
    }
    format!("{request}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_is_all_that_a_monitor_is_told() {
        let questions = [
            Question::Capabilities,
            Question::Status,
            Question::Migration,
            Question::BlockJobs,
            Question::Disks,
            Question::CharacterDevices,
            Question::Objects("/machine".to_owned()),
            Question::Property {
                path: "/machine/x".to_owned(),
                property: "name",
            },
        ];
        let name = || "hospes-7".to_owned();
        let changes = [
            Change::Take {
                devices: vec!["virtio0".to_owned(), "disk".to_owned()],
                name: name(),
            },
            Change::Delete {
                device: "virtio0".to_owned(),
                name: name(),
            },
        ];
        let questions = questions.iter().map(|it| it.to_line(1));
        let told: String = questions
            .chain(changes.iter().map(|it| it.to_line(2)))
            .collect();
        insta::assert_snapshot!(told, @r#"
        {"execute":"qmp_capabilities","id":1}
        {"execute":"query-status","id":1}
        {"execute":"query-migrate","id":1}
        {"execute":"query-block-jobs","id":1}
        {"execute":"query-block","id":1}
        {"execute":"query-chardev","id":1}
        {"arguments":{"path":"/machine"},"execute":"qom-list","id":1}
        {"arguments":{"path":"/machine/x","property":"name"},"execute":"qom-get","id":1}
        {"arguments":{"actions":[{"data":{"device":"virtio0","name":"hospes-7"},"type":"blockdev-snapshot-internal-sync"},{"data":{"device":"disk","name":"hospes-7"},"type":"blockdev-snapshot-internal-sync"}]},"execute":"transaction","id":2}
        {"arguments":{"device":"virtio0","name":"hospes-7"},"execute":"blockdev-snapshot-delete-internal-sync","id":2}
        "#);
    }
}
