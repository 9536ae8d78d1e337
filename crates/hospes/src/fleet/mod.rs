//! The guests of this machine and of the configured clusters, and what it takes to reach each.
//!
//! ```text
//! selectors ─► which clusters must be asked ─► Site::ask, all at once ─► roster ─► Member
//!                                                   └─ trouble: told, and the rest goes on
//! Member ─► World { hypervisor, agent, ssh, notice }
//! ```

mod lacks;
mod login;
mod member;
mod muster;
mod node;
mod roster;
mod site;

pub(crate) use lacks::Lacks;
pub(crate) use member::Member;
pub(crate) use muster::Muster;
pub(crate) use node::{Node, Unnamed};
pub(crate) use roster::{Fleet, host_name, owed_start};
pub(crate) use site::Untouchable;
