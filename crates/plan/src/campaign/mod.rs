//! A campaign: what is done with a plan document, as a pure state machine.
//!
//! ```text
//! begin(document, now) ─► effects ─► (stored, then performed by the caller) ─► event ─► step ─► effects ...
//!                            ▲                                                            │
//! resume(document, saved) ───┘                changes() are stored before the effects ◄───┘
//!
//! campaign   Before ─► Groups ─► After ─► Ended
//! group      Waiting ─► Due ─► Before ─► Turns ─► After ─► Soak ─┬─► Ended
//!                        ▲                                       │
//!                        └───────────── the next wave ◄──────────┘
//! member     Waiting ─► Before ─► Patching ─► After ─► Ended
//!               ▲          │ no window any more  │ tried again
//!               └──────────┴─────────────────────┘
//! ```
//!
//! What holds in every state, and the simulator checks:
//!
//! - of no group, of the guests on no node and of the nodes of no cluster are more unavailable than
//!   the plan allows; those who were before, and those who are left unusable, count
//! - a node and a guest on it are not under way at the same time, since the planner puts each group
//!   of nodes before or after each group of guests; on a node that is left unusable no guest is begun
//! - somebody is begun only in a window that is open for as long as is expected; those under way
//!   finish
//! - those under way, and those who will be tried again, count as if they failed: so a budget is
//!   passed by one at most, and then nobody else is begun
//! - nobody is begun twice: what may have been begun before a crash is followed, and only if it was
//!   not, it waits for another turn
//! - every campaign ends: at its deadline nobody else is begun

mod effect;
mod groups;
mod hooks;
mod machine;
mod members;
mod resume;
mod saved;
mod seats;
mod tally;
mod view;

pub use effect::{Effect, Event, HookId, Outcome, Report, Summary};
pub use machine::Campaign;
pub use saved::{
    Changes, End, GroupState, Halt, Head, NotBegunReason, NotResumable, Phase, Saved, Stage,
    StopReason, Tries, Turn,
};
