//! The plan file: TOML that an operator writes.
//!
//! ```text
//! text ─► TOML ─► tables, key by key ─► PlanFile
//!                      └─► Mistaken: every mistake with its line and column
//! ```
//!
//! ```toml
//! name = "monthly"
//! max-failures = "2%"
//!
//! [window.night]
//! days = ["sat", "sun"]
//! from = "22:00"
//! to = "04:00"
//! time-zone = "Europe/Berlin"
//!
//! [group.web]
//! guests = ["tag:web"]
//! windows = ["night"]
//! max-unavailable = "25%"
//! wave = [{ name = "canary", size = 1, soak = "30m" }, { size = "50%", approval = "web" }]
//! ```

mod group;
mod read;
mod settings;
mod value;

use std::collections::BTreeMap;
use std::time::Duration;

use conditions::Timestamp;
use thiserror::Error;
use toml_file::{Mistake, told};

use crate::Amount;
use crate::fleet::{Kind, MemberId};
use crate::policy::{Hooks, Policy};
use crate::window::Window;

/// A longer file is no plan.
const SIZE_LIMIT: usize = 1 << 20;

/// What a plan file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// What the operator calls it.
    pub name: String,
    /// After so long nobody else is begun.
    pub deadline: Duration,
    /// So many are under way at a time.
    pub at_once: usize,
    /// So many may fail before nobody else is begun.
    pub max_failures: Amount,
    /// Of the members that run on one node, so many may be unavailable.
    pub max_unavailable_per_node: Option<Amount>,
    /// Of the nodes of a cluster, so many may be unavailable.
    pub max_unavailable_nodes: Amount,
    /// Around the campaign.
    pub hooks: Hooks,
    /// By name.
    pub windows: BTreeMap<String, Window>,
    /// By name.
    pub groups: BTreeMap<String, Group>,
    /// Who is not to be touched.
    pub holds: Vec<Hold>,
}

/// Members that are patched by one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// What its members are.
    pub kind: Kind,
    /// Selectors that choose its members, in this order. The caller resolves them.
    pub words: Vec<String>,
    /// Selectors of those who are not meant.
    pub except: Vec<String>,
    /// Groups that have to be done before.
    pub after: Vec<String>,
    /// Names of the windows in which its members are begun; at any time, without one.
    pub windows: Vec<String>,
    /// So many of its members may be unavailable.
    pub max_unavailable: Amount,
    /// How its members are patched.
    pub policy: Policy,
    /// Its waves. The last one is repeated until everybody had a turn.
    pub waves: Vec<WaveRule>,
}

/// Members of a group that are patched together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaveRule {
    /// What the operator calls it.
    pub name: Option<String>,
    /// So many of the group; without it all that are left.
    pub size: Option<Amount>,
    /// So long is waited after it.
    pub soak: Duration,
    /// It waits for this word of the operator.
    pub approval: Option<String>,
    /// So many of it may fail before nobody else of the group is begun.
    pub max_failures: Option<Amount>,
}

/// Somebody who is not to be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who.
    pub member: MemberId,
    /// Why.
    pub reason: String,
    /// Until when; for good, without.
    pub until: Option<Timestamp>,
}

/// What is wrong in a plan file: all of it at once.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", told(None, .mistakes, *.more))]
pub struct Mistaken {
    /// In the order of the file.
    pub mistakes: Vec<Mistake>,
    /// How many more there are.
    pub more: usize,
}

impl PlanFile {
    /// What `bytes` say.
    ///
    /// # Errors
    /// They say something wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Mistaken> {
        read::file(bytes, SIZE_LIMIT)
    }
}
