//! Whether the cluster may still decide without one of its nodes.
//!
//! ```text
//! needed    = (all votes, those of the quorum device too, at least the expected ones) / 2 + 1
//! remaining = votes of nodes that are online, without this one, + quorum device while it votes
//! ```

use std::fmt;

use conditions::NodeName;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::facts::{Qdevice, Voter, Votes};

/// The votes when a node is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remaining {
    /// The votes that are left.
    pub votes: u32,
    /// The votes that are needed to decide.
    pub needed: u32,
    /// All votes there are.
    pub expected: u32,
    /// The nodes that are offline already.
    pub offline: Vec<NodeName>,
}

/// Why a node may not go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum QuorumRefusal {
    /// The cluster cannot decide even now.
    #[error("the cluster is not quorate now; bring its other nodes back first")]
    NotQuorate,
    /// It could not decide without the node.
    #[error("without {node} {remaining}; bring a node or the quorum device back first")]
    Lost {
        /// The node that would go.
        node: NodeName,
        /// What would be left.
        remaining: Remaining,
    },
    /// The votes of a node or of the quorum device are not known.
    #[error("the votes of {of} are not known: {reason}; see `pvecm status`")]
    Unknown {
        /// Of whom.
        of: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Remaining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            votes,
            needed,
            expected,
            ..
        } = self;
        write!(f, "{votes} of {expected} votes remain, {needed} are needed")?;
        if self.offline.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.offline.iter().map(NodeName::as_str).collect();
        write!(f, " (offline already: {})", names.join(", "))
    }
}

/// Simulates the loss of `node`. Nothing for a node without a cluster, which decides alone.
///
/// # Errors
/// When the cluster could not decide any more, or that cannot be told.
pub fn without(node: &NodeName, votes: &Votes) -> Result<Option<Remaining>, QuorumRefusal> {
    let Votes::Cluster {
        voters,
        expected,
        quorate,
        qdevice,
    } = votes
    else {
        return Ok(None);
    };
    if *quorate == Some(false) {
        return Err(QuorumRefusal::NotQuorate);
    }
    if !voters.iter().any(|voter| voter.name == *node) {
        return Err(unknown(node.as_str(), "it is no member of the cluster"));
    }
    let (mut all, mut left) = device(qdevice)?;
    for voter in voters {
        let votes = votes_of(voter)?;
        all = all.saturating_add(votes);
        if voter.online && voter.name != *node {
            left = left.saturating_add(votes);
        }
    }
    let expected = expected.unwrap_or(0).max(all);
    let offline = voters
        .iter()
        .filter(|it| !it.online)
        .map(|it| it.name.clone());
    let remaining = Remaining {
        votes: left,
        needed: expected / 2 + 1,
        expected,
        offline: offline.collect(),
    };
    if remaining.votes >= remaining.needed {
        return Ok(Some(remaining));
    }
    Err(QuorumRefusal::Lost {
        node: node.clone(),
        remaining,
    })
}

/// The votes that a quorum device has, and those that it gives now.
fn device(qdevice: &Qdevice) -> Result<(u32, u32), QuorumRefusal> {
    match qdevice {
        Qdevice::Absent => Ok((0, 0)),
        Qdevice::Votes { votes, alive } => {
            let given = if *alive == Some(true) { *votes } else { 0 };
            Ok((*votes, given))
        }
        Qdevice::Unread(why) => Err(unknown("the quorum device", why)),
    }
}

fn votes_of(voter: &Voter) -> Result<u32, QuorumRefusal> {
    let votes = voter.votes;
    votes.ok_or_else(|| unknown(voter.name.as_str(), "the configuration was not read"))
}

fn unknown(of: &str, reason: &str) -> QuorumRefusal {
    QuorumRefusal::Unknown {
        of: of.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::node) fn node(number: usize) -> NodeName {
        NodeName::new(format!("pve{number}"))
    }

    /// `votes` of each node, `o` for one that is offline behind it: `1 1 1o`.
    pub(in crate::node) fn votes(votes: &str, expected: Option<u32>, qdevice: Qdevice) -> Votes {
        let voters = votes.split(' ').enumerate().map(|(at, word)| Voter {
            name: node(at + 1),
            votes: word.trim_end_matches('o').parse().ok(),
            online: !word.ends_with('o'),
        });
        Votes::Cluster {
            voters: voters.collect(),
            expected,
            quorate: None,
            qdevice,
        }
    }

    #[test]
    fn a_node_may_go_while_the_votes_that_remain_decide() {
        let device = |votes, alive| Qdevice::Votes { votes, alive };
        let none = || Qdevice::Absent;
        for (nodes, expected, qdevice, wanted) in [
            ("1 1", None, none(), "lost: 1 of 2, 2 needed"),
            ("1 1", None, device(1, Some(true)), "2 of 3, 2 needed"),
            (
                "1 1",
                None,
                device(1, Some(false)),
                "lost: 1 of 3, 2 needed",
            ),
            ("1 1", None, device(1, None), "lost: 1 of 3, 2 needed"),
            ("1 1 1", None, none(), "2 of 3, 2 needed"),
            ("1 1 1o", None, none(), "lost: 1 of 3, 2 needed"),
            ("1 1 1", Some(5), none(), "lost: 2 of 5, 3 needed"),
            ("1 1 1 1o 1o", Some(3), none(), "lost: 2 of 5, 3 needed"),
            ("1 1 1 1", None, none(), "3 of 4, 3 needed"),
            ("1 1 1 1o", None, none(), "lost: 2 of 4, 3 needed"),
            ("1 1 1 1o", None, device(1, Some(true)), "3 of 5, 3 needed"),
            ("1 1 1 1 1", None, none(), "4 of 5, 3 needed"),
            ("1 1 1 1o 1", None, none(), "3 of 5, 3 needed"),
            ("1 1 1o 1o 1", None, none(), "lost: 2 of 5, 3 needed"),
            ("1o 1 1 1o 1", None, none(), "3 of 5, 3 needed"),
            ("1 1 1 1 1 1", None, none(), "5 of 6, 4 needed"),
            ("1 1 1 1 1o 1o", None, none(), "lost: 3 of 6, 4 needed"),
            ("1 1 1 1 1 1o 1o", None, none(), "4 of 7, 4 needed"),
            ("1 1 1 1 1o 1o 1o", None, none(), "lost: 3 of 7, 4 needed"),
            ("3 1 1", None, none(), "lost: 2 of 5, 3 needed"),
            ("1 3 1", None, none(), "4 of 5, 3 needed"),
            ("1 0 2", None, none(), "2 of 3, 2 needed"),
            ("1 1 1", None, device(2, Some(true)), "4 of 5, 3 needed"),
            ("1 x 1", None, none(), "unknown: pve2"),
            (
                "1 1 1",
                None,
                Qdevice::Unread("403".into()),
                "unknown: the quorum device",
            ),
        ] {
            let said = match without(&node(1), &votes(nodes, expected, qdevice)) {
                Ok(Some(it)) => format!("{} of {}, {} needed", it.votes, it.expected, it.needed),
                Err(QuorumRefusal::Lost { remaining: it, .. }) => {
                    format!(
                        "lost: {} of {}, {} needed",
                        it.votes, it.expected, it.needed
                    )
                }
                Err(QuorumRefusal::Unknown { of, .. }) => format!("unknown: {of}"),
                other => format!("{other:?}"),
            };
            assert_eq!(said, wanted, "{nodes} {expected:?}");
        }
        assert_eq!(without(&node(1), &Votes::Standalone), Ok(None));
        let stranger = without(&node(9), &votes("1 1 1", None, none()));
        assert!(matches!(stranger, Err(QuorumRefusal::Unknown { .. })));
        let words = without(&node(1), &votes("1 1 1 1o", None, none())).unwrap_err();
        insta::assert_snapshot!(words, @"without pve1 2 of 4 votes remain, 3 are needed (offline already: pve4); bring a node or the quorum device back first");
    }
}
