//! The cluster around a guest.

use serde_json::Value;

use super::field::{flag, text, word};

/// Whether the nodes that are left may decide, in the answer to [`crate::call::cluster::status`]. A
/// standalone node has no row for a cluster and decides alone; `None` where it does not say.
#[must_use]
pub fn quorate(data: &Value) -> Option<bool> {
    let rows = data.as_array().filter(|rows| !rows.is_empty())?;
    match rows.iter().find(|row| text(row, "type") == Some("cluster")) {
        Some(cluster) => flag(cluster, "quorate"),
        None => Some(true),
    }
}

/// What is asked of high availability for one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HaRequest {
    /// To leave it alone (`ignored`): as if it were not managed.
    Ignored,
    /// To bring it to this state (`started`, `stopped`, `disabled`), in the cluster's word.
    State(String),
}

impl HaRequest {
    /// The request in the answer to [`crate::call::cluster::ha_resource`]. Without a word it is the
    /// default, `started`.
    #[must_use]
    pub fn read(data: &Value) -> Self {
        match word(data, "state") {
            Some(state) if state == "ignored" => Self::Ignored,
            // The older word for the same.
            Some(state) if state == "enabled" => Self::State("started".to_owned()),
            Some(state) => Self::State(state),
            None => Self::State("started".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_standalone_node_decides_alone_and_a_cluster_by_its_row() {
        let node = json!({"type": "node", "name": "pve1", "online": 1});
        let cluster = |quorate: Value| json!([node, {"type": "cluster", "quorate": quorate}]);
        for (answer, expected) in [
            (json!([node]), Some(true)),
            (cluster(json!(1)), Some(true)),
            (cluster(json!("1")), Some(true)),
            (cluster(json!(true)), Some(true)),
            (cluster(json!(0)), Some(false)),
            (cluster(json!("maybe")), None),
            (cluster(Value::Null), None),
            (json!([]), None),
            (Value::Null, None),
        ] {
            assert_eq!(quorate(&answer), expected, "{answer}");
        }
    }

    #[test]
    fn an_ignored_resource_is_not_managed_and_any_other_word_is() {
        let state = |word: &str| HaRequest::State(word.to_owned());
        for (answer, expected) in [
            (
                json!({"sid": "vm:101", "state": "ignored"}),
                HaRequest::Ignored,
            ),
            (json!({"state": "started"}), state("started")),
            (json!({"state": "enabled"}), state("started")),
            (json!({"state": "disabled"}), state("disabled")),
            (json!({"state": "hibernated"}), state("hibernated")),
            (json!({}), state("started")),
            (json!(null), state("started")),
        ] {
            assert_eq!(HaRequest::read(&answer), expected, "{answer}");
        }
    }
}
