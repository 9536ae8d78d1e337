//! The cluster's Ceph.

use std::collections::{BTreeMap, BTreeSet};

use conditions::NodeName;
use serde_json::Value;

use super::field::{as_flag, line, word};
use crate::Failure;

/// The health of Ceph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CephHealth {
    /// `HEALTH_OK`, `HEALTH_WARN`, `HEALTH_ERR`, or Ceph's word.
    pub status: String,
    /// What is wrong, by the names of checks.
    pub checks: Vec<CephCheck>,
    /// The monitors that are in their quorum, by name; `None` where it is not said.
    pub quorum: Option<BTreeSet<String>>,
}

/// One check that does not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CephCheck {
    /// Its name, `OSD_DOWN`.
    pub name: String,
    /// `HEALTH_WARN`, `HEALTH_ERR`, or Ceph's word.
    pub severity: String,
    /// What it says.
    pub summary: String,
}

impl CephHealth {
    /// The health in the answer to [`crate::call::ceph::status`]; `None` where it says nothing of it.
    #[must_use]
    pub fn read(data: &Value) -> Option<Self> {
        let health = data.get("health")?;
        let checks = health.get("checks").and_then(Value::as_object);
        let checks = checks.into_iter().flatten();
        let quorum = data.get("quorum_names").and_then(Value::as_array);
        let quorum = quorum.map(|names| names.iter().filter_map(Value::as_str).map(line).collect());
        Some(Self {
            status: word(health, "status")?,
            checks: checks
                .map(|(name, check)| CephCheck::of(name, check))
                .collect(),
            quorum,
        })
    }
}

impl CephCheck {
    fn of(name: &str, check: &Value) -> Self {
        let summary = check.get("summary").unwrap_or(&Value::Null);
        Self {
            name: line(name),
            severity: word(check, "severity").unwrap_or_else(|| "unknown".to_owned()),
            summary: word(summary, "message").unwrap_or_default(),
        }
    }
}

/// Which daemons of Ceph nodes carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CephDaemons {
    /// The nodes with storage daemons (OSDs).
    pub storage: BTreeSet<NodeName>,
    /// The monitors by name, and the node of each.
    pub monitors: BTreeMap<String, NodeName>,
}

impl CephDaemons {
    /// The daemons in the answer to [`crate::call::ceph::metadata`].
    #[must_use]
    pub fn read(data: &Value) -> Self {
        let storage = daemons(data.get("osd"));
        let monitors = daemons(data.get("mon"));
        Self {
            storage: storage.filter_map(|(_, daemon)| host(daemon)).collect(),
            monitors: monitors
                .filter_map(|(id, daemon)| {
                    let name = word(daemon, "name").or_else(|| {
                        let (name, _) = id?.split_once('@')?;
                        Some(line(name))
                    });
                    let node = host(daemon)?;
                    Some((name.unwrap_or_else(|| node.as_str().to_owned()), node))
                })
                .collect(),
        }
    }
}

/// The daemons of one kind; they come as a list or by id, `NAME@NODE`.
fn daemons(kind: Option<&Value>) -> impl Iterator<Item = (Option<&str>, &Value)> {
    let listed = kind.and_then(Value::as_array).into_iter().flatten();
    let named = kind.and_then(Value::as_object).into_iter().flatten();
    let named = named.map(|(id, daemon)| (Some(id.as_str()), daemon));
    listed.map(|daemon| (None, daemon)).chain(named)
}

fn host(daemon: &Value) -> Option<NodeName> {
    word(daemon, "hostname").map(NodeName::new)
}

/// Whether a failure of [`crate::call::ceph::status`] says that there is no Ceph.
#[must_use]
pub fn is_without_ceph(failure: &Failure) -> bool {
    let Failure::Other {
        status: 500,
        message,
    } = failure
    else {
        return false;
    };
    message.starts_with("binary not installed")
        || message.starts_with("pveceph configuration not initialized")
}

/// Whether `noout` is set, in the answer to [`crate::call::ceph::noout`].
#[must_use]
pub fn noout(data: &Value) -> Option<bool> {
    as_flag(data)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checks_are_read_with_their_names_and_words_of_later_releases() {
        let health = CephHealth::read(&json!({"health": {
            "status": "HEALTH_WARN", "mutes": [],
            "checks": {
                "OSDMAP_FLAGS": {"severity": "HEALTH_WARN", "muted": false,
                    "summary": {"message": "noout flag(s) set", "count": 1}},
                "TEA_COLD": {"severity": "HEALTH_LUKEWARM", "muted": 1},
            },
        }, "quorum_names": ["pve1", 2], "osdmap": {}}))
        .unwrap();
        assert_eq!(health.status, "HEALTH_WARN");
        assert_eq!(health.quorum, Some(["pve1".to_owned()].into()));
        let checks: Vec<_> = health
            .checks
            .iter()
            .map(|it| (&*it.name, &*it.severity, &*it.summary))
            .collect();
        assert_eq!(
            checks,
            [
                ("OSDMAP_FLAGS", "HEALTH_WARN", "noout flag(s) set"),
                ("TEA_COLD", "HEALTH_LUKEWARM", ""),
            ]
        );
        for nothing in [
            json!({}),
            json!(null),
            json!({"health": {}}),
            json!({"health": 3}),
        ] {
            assert_eq!(CephHealth::read(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn daemons_are_found_listed_and_by_id() {
        let daemons = CephDaemons::read(&json!({
            "osd": [{"id": 0, "hostname": "pve1"}, {"id": 1, "hostname": "pve2"}, {"id": 2}],
            "mon": {"pve1@pve1": {"hostname": "pve1"}, "x": 3, "b@pve2": {"name": "c", "hostname": "pve2"}},
        }));
        let names = |nodes: &BTreeSet<NodeName>| {
            nodes
                .iter()
                .map(|it| it.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&daemons.storage), ["pve1", "pve2"]);
        let monitors = [("c", "pve2"), ("pve1", "pve1")];
        let monitors = monitors.map(|(name, node)| (name.to_owned(), NodeName::new(node)));
        assert_eq!(daemons.monitors, monitors.into());
        assert_eq!(CephDaemons::read(&json!([])), CephDaemons::default());
    }

    #[test]
    fn only_the_words_for_it_say_that_there_is_no_ceph() {
        let failure = |message: &str| Failure::Other {
            status: 500,
            message: message.to_owned(),
        };
        for (message, absent) in [
            ("binary not installed: /usr/bin/ceph-mon", true),
            ("pveceph configuration not initialized", true),
            (
                "ceph not fully configured - missing '/etc/pve/priv/ceph.client.admin.keyring'",
                false,
            ),
            ("got timeout", false),
        ] {
            assert_eq!(is_without_ceph(&failure(message)), absent, "{message}");
        }
        assert!(!is_without_ceph(&Failure::Forbidden(
            "binary not installed".to_owned()
        )));
    }

    #[test]
    fn a_flag_is_read_however_it_is_written() {
        for (answer, expected) in [
            (json!(1), Some(true)),
            (json!("1"), Some(true)),
            (json!(true), Some(true)),
            (json!(0), Some(false)),
            (json!(false), Some(false)),
            (json!(null), None),
            (json!({}), None),
        ] {
            assert_eq!(noout(&answer), expected, "{answer}");
        }
    }
}
