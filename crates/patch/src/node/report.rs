//! What a run over a node has seen, for the journal and for people.

use conditions::Timestamp;
use serde::{Deserialize, Serialize};

use super::Departure;
use super::facts::View;
use super::quorum::Remaining;
use crate::run;

/// What a run has seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// When it began.
    pub began: Timestamp,
    /// The node and its cluster, when nothing had been done.
    pub before: Option<Box<View>>,
    /// The votes without the node, by simulation; none where it decides alone.
    pub quorum: Option<Remaining>,
    /// The guests that leave, and where they are.
    pub departures: Vec<Departure>,
    /// Guests under high availability that ran on the node before.
    pub under_ha: Vec<u32>,
    /// Those of them that did not come back by themselves in time. High availability decides.
    pub not_returned: Vec<u32>,
    /// The run over the packages.
    pub patch: Option<Box<run::Report>>,
    /// What was found when the run was resumed, and what did not go as planned.
    pub notes: Vec<String>,
}

impl Report {
    pub(super) const fn new(began: Timestamp) -> Self {
        Self {
            began,
            before: None,
            quorum: None,
            departures: Vec::new(),
            under_ha: Vec::new(),
            not_returned: Vec::new(),
            patch: None,
            notes: Vec::new(),
        }
    }
}
