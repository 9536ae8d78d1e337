//! Who is patched when: guests and nodes, one plan over all.
//!
//! ```text
//! TOML ─► PlanFile ─┐
//!                   ├─► plan ─► Document ─► moved(fleet)? ─► Campaign ─► effects
//! Fleet ────────────┘             │  JSON, sealed               ▲            │ performed by the caller
//!   (members, whom groups choose) └─► table                     └── events ◄─┘
//! ```
//!
//! The caller resolves the selectors of groups, performs effects and hooks, stores what changes, and
//! tells the time. Nothing here knows how a guest is patched.

mod amount;
pub mod campaign;
mod document;
mod file;
mod fleet;
mod order;
mod planner;
mod policy;
mod window;

pub use amount::Amount;
pub use campaign::Campaign;
pub use document::{
    COLUMNS, Difference, Document, LeftOut, LeftOutReason, Limit, LimitOf, PlannedGroup,
    PlannedMember, PlannedWave, Row, Unreadable, moved,
};
pub use file::{Group, Hold, Mistaken, PlanFile, WaveRule};
pub use fleet::{Facts, Fleet, Host, InvalidMachine, Kind, MemberId, Standing};
pub use planner::{Unplannable, plan};
pub use policy::{
    Check, Hook, Hooks, MinFree, NodePatching, Patching, Policy, RebootPolicy, Scope, StaleServices,
};
pub use toml_file::Mistake;
pub use window::{Clock, Day, InvalidClock, Openings, UnknownZone, Window, Zone};
