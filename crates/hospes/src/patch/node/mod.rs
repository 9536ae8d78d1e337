//! One node's patch run, recorded, as the turn of a member of a campaign.
//!
//! ```text
//! begin ──► lock ─► earlier run settled ─► recorded ──┐
//! follow ─► run of the turn ─┬─ none: None            ├─► Driver ─► patch::node's ending ─► plan's
//!                            ├─ open: locked, resumed ┘    │                                outcome
//!                            └─ ended: its outcome again   ├─ view, migrations, noout: the cluster
//!                                                          ├─ packages, maintenance: SSH
//!                                                          ├─ guests that are shut down: their gate
//!                                                          └─ reboot: lifecycle's own operation
//! ```
//!
//! Each of them may be dropped at any moment, as a guest's turn may.

mod drive;
mod machine;
mod manner;
mod operations;
mod state;
mod turn;
mod verdict;

pub(crate) use manner::manner;
pub(crate) use state::State;
pub(crate) use turn::{begin, follow, resume};
pub(crate) use verdict::lines;

/// What its runs are called in the journal.
pub(crate) const OPERATION: &str = "patch-node";
