//! How the nodes of a cluster are logged in to, and how long that may take: `node-ssh`,
//! `node.NODE.ssh`, `node-deadlines`.

use std::collections::BTreeMap;

use toml_file::{Fault, Mistakes, Table};

use super::Cluster;
use crate::guest::Whose;
use crate::node_deadlines::NodeDeadlineSettings;
use crate::ssh::SshSettings;
use crate::value::Origin;
use crate::{NodeDeadlines, Ssh};

const NODE_KEYS: &[&str] = &["ssh"];
/// What a host name holds at most.
const NAME_LIMIT: usize = 63;

/// What a cluster's table says of its nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    /// Of all of them.
    all: SshSettings,
    /// Of single ones, by name.
    each: BTreeMap<String, SshSettings>,
    /// How long each phase may take.
    deadlines: NodeDeadlineSettings,
}

impl Nodes {
    pub(super) fn read(
        cluster: &Table<'_>,
        defaults: &SshSettings,
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let all = cluster.table("node-ssh", mistakes);
        let all = all.map(|table| SshSettings::read(&table, Whose::Nodes, origin, mistakes));
        let mut each = BTreeMap::new();
        for (name, table) in cluster.tables("node", mistakes) {
            table.allow_only(NODE_KEYS, mistakes);
            if !is_node(name) {
                let message = "is no name of a node (1 to 63 of A-Z a-z 0-9 -)";
                mistakes.push(Fault::new(table.span(), message).about(name));
            }
            let ssh = table.table("ssh", mistakes);
            let ssh = ssh.map(|table| SshSettings::read(&table, Whose::Node, origin, mistakes));
            each.insert(name.to_owned(), ssh.unwrap_or_default());
        }
        Self {
            all: all.unwrap_or_default().or(&defaults.of_keys()),
            each,
            deadlines: NodeDeadlineSettings::read(
                cluster.table("node-deadlines", mistakes),
                mistakes,
            ),
        }
    }
}

impl Cluster {
    /// How the node `name` is logged in to, whose cluster says that it is at `address`; nothing
    /// where neither its table nor the cluster says where it is. What its own table does not say,
    /// `node-ssh` says, else, of keys only, the defaults.
    #[must_use]
    pub fn node_ssh(&self, name: &str, address: Option<&str>) -> Option<Ssh> {
        let own = self.nodes.each.get(name).cloned().unwrap_or_default();
        let settings = own.or(&self.nodes.all);
        let settings = match address {
            Some(address) => settings.or_at(address),
            None => settings,
        };
        settings.resolved()
    }

    /// How long each phase may take on a node. What `node-deadlines` does not say is as on guests,
    /// but for the reboot: 30 min.
    #[must_use]
    pub fn node_deadlines(&self) -> NodeDeadlines {
        self.nodes.deadlines.resolved(&self.guests.deadlines)
    }
}

fn is_node(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let fits = (1..=NAME_LIMIT).contains(&name.len()) && !name.starts_with('-');
    fits && name.chars().all(allowed)
}
