//! Whether a machine can leave its node.

use std::collections::BTreeMap;

use conditions::NodeName;
use serde_json::Value;

use super::field::{flag, line, scalar, word};

/// The most resources and disks that are told.
const MOST: usize = 50;

/// What decides whether a machine can leave its node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// Whether it runs; `None` where that is not said.
    pub running: Option<bool>,
    /// Volumes that only its node has, media in drives and unused ones among them.
    pub local_disks: Vec<String>,
    /// Devices of its node that it uses (`hostpci0`): it cannot leave while it runs.
    pub local_resources: Vec<String>,
    /// The nodes it may go to, where they are listed: of a machine that is off, and in later releases
    /// of any.
    pub allowed: Option<Vec<NodeName>>,
    /// The nodes it may not go to, and why.
    pub not_allowed: BTreeMap<NodeName, String>,
}

impl Preconditions {
    /// The preconditions in the answer to [`crate::call::migration::preconditions`].
    #[must_use]
    pub fn read(data: &Value) -> Self {
        let allowed = data.get("allowed_nodes").and_then(Value::as_array);
        let not_allowed = data.get("not_allowed_nodes").and_then(Value::as_object);
        let not_allowed = not_allowed.into_iter().flatten();
        Self {
            running: flag(data, "running"),
            local_disks: rows(data, "local_disks")
                .filter_map(|disk| word(disk, "volid"))
                .collect(),
            local_resources: rows(data, "local_resources")
                .filter_map(scalar)
                .map(|it| line(&it))
                .collect(),
            allowed: allowed.map(|nodes| {
                let names = nodes.iter().filter_map(Value::as_str);
                names.map(NodeName::new).collect()
            }),
            not_allowed: not_allowed
                .map(|(node, why)| (NodeName::new(node), reason(why)))
                .collect(),
        }
    }
}

fn rows<'a>(data: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let rows = data.get(key).and_then(Value::as_array);
    rows.into_iter().flatten().take(MOST)
}

/// `unavailable_storages: ceph, nfs`, whatever kinds of reasons there are.
fn reason(why: &Value) -> String {
    let kinds = why.as_object().into_iter().flatten();
    let kinds = kinds.map(|(kind, what)| {
        let what = what.as_array().map(Vec::as_slice);
        let what = what.unwrap_or_default().iter().take(MOST);
        let names: Vec<_> = what.filter_map(named).collect();
        format!("{kind}: {}", names.join(", "))
    });
    let reason = kinds.collect::<Vec<_>>().join("; ");
    match reason.is_empty() {
        true => "not allowed".to_owned(),
        false => line(&reason),
    }
}

fn named(what: &Value) -> Option<String> {
    scalar(what).or_else(|| word(what, "sid"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_ties_a_machine_to_its_node_is_read() {
        let read = Preconditions::read(&json!({
            "running": 1, "has-dbus-vmstate": 1, "local_resources": ["hostpci0", 3],
            "local_disks": [
                {"volid": "local-lvm:vm-101-disk-0", "size": 1, "cdrom": 0, "is_unused": 0},
                {"volid": "local:iso/x.iso", "cdrom": 1}, {"volid": "local:unused", "is_unused": true}, {},
            ],
            "not_allowed_nodes": {
                "pve3": {"unavailable_storages": ["ceph", "nfs"]},
                "pve4": {"blocking-ha-resources": [{"sid": "vm:9", "cause": "resource-affinity"}]},
                "pve5": "?",
            },
            "allowed_nodes": ["pve2", 7],
        }));
        assert_eq!(read.running, Some(true));
        let disks = ["local-lvm:vm-101-disk-0", "local:iso/x.iso", "local:unused"];
        assert_eq!(read.local_disks, disks);
        assert_eq!(read.local_resources, ["hostpci0", "3"]);
        assert_eq!(read.allowed, Some(vec![NodeName::new("pve2")]));
        let not_allowed: Vec<_> = read
            .not_allowed
            .iter()
            .map(|(node, why)| format!("{} {why}", node.as_str()))
            .collect();
        assert_eq!(
            not_allowed,
            [
                "pve3 unavailable_storages: ceph, nfs",
                "pve4 blocking-ha-resources: vm:9",
                "pve5 not allowed",
            ]
        );
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        for nothing in [
            json!(null),
            json!([]),
            json!({"local_disks": {}, "allowed_nodes": 1}),
        ] {
            assert_eq!(
                Preconditions::read(&nothing),
                Preconditions::default(),
                "{nothing}"
            );
        }
    }
}
