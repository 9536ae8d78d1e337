//! What high availability does in a cluster.

use std::collections::BTreeMap;

use conditions::NodeName;
use serde_json::Value;

use super::field::{line, text, word};

/// A resource under high availability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaService {
    /// Its id, `vm:101`, `ct:102`.
    pub sid: String,
    /// The node where it is, or is going.
    pub node: NodeName,
    /// What is done with it (`started`, `migrate`, `freeze`, `error`), in the cluster's word.
    pub state: String,
    /// What is asked for (`started`, `stopped`, `disabled`).
    pub request: Option<String>,
}

impl HaService {
    /// The resources in the answer to [`crate::call::cluster::ha_status`], by id.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let rows = rows.filter(|row| text(row, "type") == Some("service"));
        let mut services: Vec<_> = rows.filter_map(Self::in_row).collect();
        services.sort_by(|one, other| one.sid.cmp(&other.sid));
        services
    }

    fn in_row(row: &Value) -> Option<Self> {
        let state = word(row, "crm_state").or_else(|| word(row, "state"));
        Some(Self {
            sid: word(row, "sid")?,
            node: NodeName::new(word(row, "node")?),
            state: state.unwrap_or_else(|| "unknown".to_owned()),
            request: word(row, "request_state"),
        })
    }
}

/// The manager's word for each node (`online`, `maintenance`, `unknown`, `fence`, `gone`), in the
/// answer to [`crate::call::cluster::ha_manager_status`]. None where high availability is not used.
#[must_use]
pub fn ha_nodes(data: &Value) -> BTreeMap<NodeName, String> {
    let states = data.pointer("/manager_status/node_status");
    let states = states.and_then(Value::as_object).into_iter().flatten();
    let named =
        states.filter_map(|(node, state)| Some((NodeName::new(node), line(state.as_str()?))));
    named.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_are_read_with_what_is_done_and_what_is_asked() {
        let services = HaService::all(&json!([
            {"type": "quorum", "id": "quorum", "node": "pve1", "status": "OK", "quorate": 1},
            {"type": "service", "id": "service:vm:102", "sid": "vm:102", "node": "pve2",
             "state": "started", "crm_state": "migrate", "request_state": "started"},
            {"type": "service", "id": "service:vm:101", "sid": "vm:101", "node": "pve1", "state": "hibernate"},
            {"type": "service", "sid": "vm:103"}, {"type": "lrm", "node": "pve1"}, null,
        ]));
        let seen: Vec<_> = services
            .iter()
            .map(|it| {
                (
                    &*it.sid,
                    it.node.as_str(),
                    &*it.state,
                    it.request.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("vm:101", "pve1", "hibernate", None),
                ("vm:102", "pve2", "migrate", Some("started")),
            ]
        );
    }

    #[test]
    fn nodes_are_in_the_managers_words() {
        let nodes = ha_nodes(&json!({
            "manager_status": {"master_node": "pve2", "timestamp": 1,
                "node_status": {"pve1": "maintenance", "pve2": "asleep", "pve3": 4},
                "service_status": {"vm:101": {"node": "pve1", "state": "migrate"}}},
            "lrm_status": {"pve1": {"mode": "maintenance", "state": "active"}},
            "quorum": {"node": "pve2", "quorate": "1"},
        }));
        let nodes: Vec<_> = nodes
            .iter()
            .map(|(node, word)| format!("{} {word}", node.as_str()))
            .collect();
        assert_eq!(nodes, ["pve1 maintenance", "pve2 asleep"]);
        for nothing in [json!(null), json!({"manager_status": {}}), json!([1])] {
            assert!(ha_nodes(&nothing).is_empty(), "{nothing}");
        }
    }
}
