//! One guest's patch run, recorded, as the turn of a member of a campaign.
//!
//! ```text
//! begin ──► lock ─► earlier run settled ─► recorded ──┐
//! follow ─► run of the turn ─┬─ none: None            ├─► Driver ─► patch's ending ─► plan's outcome
//!                            ├─ open: locked, resumed ┘    │
//!                            └─ ended: its outcome again   ├─ scripts through SSH
//!                                                          ├─ snapshot by the hypervisor
//!                                                          └─ reboot: lifecycle's own operation
//! ```
//!
//! Each of them may be dropped at any moment: what was begun goes on in the guest, and is taken up
//! by [`follow`] or [`resume`]. The agent is shown at the end and decides nothing.

mod drive;
pub(in crate::patch) mod log;
mod manner;
mod reboot;
mod snapshot;
mod state;
mod turn;
mod verdict;
mod words;

use journal::{CampaignLock, TurnOf};

pub(crate) use manner::Manner;
pub(crate) use snapshot::DEADLINE as SNAPSHOT_DEADLINE;
pub(crate) use state::State;
pub(crate) use turn::{begin, follow, resume};

/// What its runs are called in the journal.
pub(crate) const OPERATION: &str = "patch";

/// A member's turn in a campaign.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// Which one.
    pub(crate) of: &'a TurnOf,
    /// The right to drive its campaign.
    pub(crate) campaign: &'a CampaignLock,
}
