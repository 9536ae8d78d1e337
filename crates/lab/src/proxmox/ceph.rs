//! The cluster's Ceph, as far as its health is asked for.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::shared::Shared;

/// Ceph in a cluster: a monitor and storage on each node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ceph {
    /// Checks that do not pass, beside those that follow from nodes that are away and from `noout`:
    /// severity (`HEALTH_WARN`) and words by name.
    pub checks: BTreeMap<String, (String, String)>,
    /// Storage that is away for a moment is not copied elsewhere.
    pub noout: bool,
}

impl Ceph {
    /// A healthy one.
    #[must_use]
    pub fn healthy() -> Self {
        Self::default()
    }

    /// The same with a check that does not pass.
    #[must_use]
    pub fn failing(mut self, check: &str, severity: &str, words: &str) -> Self {
        self.checks
            .insert(check.to_owned(), (severity.to_owned(), words.to_owned()));
        self
    }

    /// `ceph status`, among the nodes that are there.
    pub(super) fn status(&self, shared: &Shared) -> Value {
        let (there, away) = nodes(shared);
        let mut checks = self.checks.clone();
        let mut warn = |name: &str, words: String| {
            checks.insert(name.to_owned(), ("HEALTH_WARN".to_owned(), words));
        };
        if self.noout {
            warn("OSDMAP_FLAGS", "noout flag(s) set".to_owned());
        }
        if !away.is_empty() {
            let count = away.len();
            warn("OSD_DOWN", format!("{count} osds down"));
            warn(
                "MON_DOWN",
                format!("{count} mons down, quorum {}", there.join(",")),
            );
        }
        let is_error = checks
            .values()
            .any(|(severity, _)| severity == "HEALTH_ERR");
        let status = match (checks.is_empty(), is_error) {
            (true, _) => "HEALTH_OK",
            (false, false) => "HEALTH_WARN",
            (false, true) => "HEALTH_ERR",
        };
        let checks: BTreeMap<_, _> = checks.iter().map(|it| (it.0, check(it.1))).collect();
        json!({
            "fsid": "063846f7-2753-4bb8-b300-042adec4d0a8", "quorum_names": there,
            "health": {"status": status, "checks": checks, "mutes": []},
            "monmap": {"num_mons": shared.layout.nodes.len()},
        })
    }

    /// Where its daemons are.
    pub(super) fn metadata(shared: &Shared) -> Value {
        let nodes = shared.layout.nodes.iter();
        let monitors = nodes.clone().map(|node| {
            (
                format!("{node}@{node}"),
                json!({"name": node, "hostname": node}),
            )
        });
        let storage = nodes.enumerate();
        let storage = storage.map(|(id, node)| json!({"id": id, "hostname": node}));
        json!({
            "mon": monitors.collect::<BTreeMap<_, _>>(), "osd": storage.collect::<Vec<_>>(),
            "mgr": {}, "mds": {}, "node": {},
        })
    }
}

fn check((severity, words): &(String, String)) -> Value {
    json!({"severity": severity, "summary": {"message": words, "count": 1}, "muted": false})
}

fn nodes(shared: &Shared) -> (Vec<String>, Vec<String>) {
    let nodes = shared.layout.nodes.iter().cloned();
    nodes.partition(|node| shared.is_online(node))
}
