//! How many may be unavailable at a time.

use serde::{Deserialize, Serialize};

use crate::fleet::{Host, MemberId};

/// How many may be unavailable at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limit {
    /// Of whom.
    pub of: LimitOf,
    /// So many.
    pub max: usize,
    /// So many were before anybody was begun, and are not patched.
    pub unavailable: usize,
}

/// Whom a limit is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitOf {
    /// The members of a group.
    Group(String),
    /// The guests on a node.
    Host(Host),
    /// The nodes of a cluster.
    Nodes(Option<String>),
}

impl LimitOf {
    /// All that may hold for a member of `group`.
    pub(crate) fn each<'m>(
        group: &str,
        id: &'m MemberId,
        host: Option<&'m Host>,
    ) -> impl Iterator<Item = Self> + use<'m> {
        let nodes = match id {
            MemberId::Node(node) => Some(Self::Nodes(node.cluster.clone())),
            MemberId::Guest(_) => None,
        };
        let of_group = Self::Group(group.to_owned());
        let of_host = host.cloned().map(Self::Host);
        [of_group].into_iter().chain(of_host).chain(nodes)
    }
}
