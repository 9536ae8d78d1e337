//! Who belongs to a cluster, and who decides in it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use conditions::NodeName;
use serde_json::Value;

use super::field::{flag, number, text, word};

/// A node of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub node: NodeName,
    /// Whether the node that was asked sees it; `None` where that is not said.
    pub online: Option<bool>,
    /// Where the cluster reaches it.
    pub address: Option<IpAddr>,
}

impl Member {
    /// The nodes in the answer to [`crate::call::cluster::status`], by name.
    #[must_use]
    pub fn all(data: &Value) -> Vec<Self> {
        let rows = data.as_array().into_iter().flatten();
        let rows = rows.filter(|row| text(row, "type") == Some("node"));
        let mut members: Vec<_> = rows.filter_map(Self::in_row).collect();
        members.sort_by(|one, other| one.node.cmp(&other.node));
        members
    }

    fn in_row(row: &Value) -> Option<Self> {
        Some(Self {
            node: NodeName::new(word(row, "name")?),
            online: flag(row, "online"),
            address: text(row, "ip").and_then(|ip| ip.parse().ok()),
        })
    }
}

/// Whether the answer to [`crate::call::cluster::status`] is that of a node without a cluster.
/// `None` where it names nobody.
#[must_use]
pub fn is_standalone(data: &Value) -> Option<bool> {
    let rows = data.as_array().filter(|rows| !rows.is_empty())?;
    Some(!rows.iter().any(|row| text(row, "type") == Some("cluster")))
}

/// The votes by node in the answer to [`crate::call::cluster::config_nodes`]. Rows without a name or
/// a number of votes are passed over.
#[must_use]
pub fn votes(data: &Value) -> BTreeMap<NodeName, u32> {
    let rows = data.as_array().into_iter().flatten();
    let votes = rows.filter_map(|row| {
        let name = word(row, "node").or_else(|| word(row, "name"))?;
        let votes = u32::try_from(number(row, "quorum_votes")?).ok()?;
        Some((NodeName::new(name), votes))
    });
    votes.collect()
}

/// An arbiter outside the nodes (a QDevice).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qdevice {
    /// Whether it is connected; `None` where that is not said.
    pub connected: Option<bool>,
    /// How it decides (`Fifty-Fifty split`), in its words.
    pub algorithm: String,
}

impl Qdevice {
    /// The arbiter in the answer to [`crate::call::cluster::config_qdevice`]; an empty one says that
    /// there is none.
    #[must_use]
    pub fn read(data: &Value) -> Option<Self> {
        data.as_object().filter(|fields| !fields.is_empty())?;
        Some(Self {
            connected: word(data, "State").map(|state| state == "Connected"),
            algorithm: word(data, "Algorithm").unwrap_or_default(),
        })
    }

    /// The votes that it has beside `nodes` nodes, which follow from its algorithm; `None` for one
    /// that is not known.
    #[must_use]
    pub fn votes(&self, nodes: u32) -> Option<u32> {
        match self.algorithm.to_ascii_lowercase().as_str() {
            "fifty-fifty split" | "ffsplit" => Some(1),
            "last man standing" | "lms" => Some(nodes.saturating_sub(1)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_the_rows_of_nodes() {
        let data = json!([
            {"type": "cluster", "name": "home", "quorate": 1, "nodes": 3},
            {"type": "node", "name": "pve2", "online": 0, "nodeid": 2, "ip": "-oProxy"},
            {"type": "node", "name": "pve1", "online": "1", "local": 1,
             "ip": "192.0.2.1"},
            {"type": "node", "name": "pve3"}, {"type": "node"}, {"type": "teapot", "name": "x"}, 3,
        ]);
        let seen: Vec<_> = Member::all(&data)
            .into_iter()
            .map(|it| (it.node.as_str().to_owned(), it.online, it.address))
            .collect();
        let address = "192.0.2.1".parse().ok();
        let expected = [
            ("pve1", Some(true), address),
            ("pve2", Some(false), None),
            ("pve3", None, None),
        ];
        assert_eq!(
            seen,
            expected.map(|(name, online, address)| (name.to_owned(), online, address))
        );
        assert_eq!(is_standalone(&data), Some(false));
        assert_eq!(
            is_standalone(&json!([{"type": "node", "name": "a"}])),
            Some(true)
        );
        assert_eq!(is_standalone(&json!([])), None);
    }

    #[test]
    fn votes_are_numbers_however_they_are_written() {
        let data = json!([
            {"node": "pve1", "name": "pve1", "nodeid": "1", "quorum_votes": "1", "ring0_addr": "x"},
            {"name": "pve2", "quorum_votes": 2}, {"node": "pve3"}, {"quorum_votes": 1},
            {"node": "pve4", "quorum_votes": "many"}, {"node": "pve5", "quorum_votes": 1e12},
        ]);
        let votes: Vec<_> = votes(&data)
            .into_iter()
            .map(|(node, votes)| (node.as_str().to_owned(), votes))
            .collect();
        assert_eq!(votes, [("pve1".to_owned(), 1), ("pve2".to_owned(), 2)]);
    }

    #[test]
    fn an_arbiter_is_there_when_anything_is_said_of_it() {
        for (answer, expected) in [
            (json!({}), None),
            (json!(null), None),
            (
                json!({"State": "Connected", "Algorithm": "Fifty-Fifty split", "QNetd host": "q:5403"}),
                Some((Some(true), Some(1))),
            ),
            (
                json!({"State": "Connect failed", "Algorithm": "LMS"}),
                Some((Some(false), Some(3))),
            ),
            (
                json!({"Model": "Net", "Algorithm": "Coin"}),
                Some((None, None)),
            ),
        ] {
            let read = Qdevice::read(&answer);
            let read = read.as_ref().map(|it| (it.connected, it.votes(4)));
            assert_eq!(read, expected, "{answer}");
        }
    }
}
