//! Freezing file systems, and never leaving them frozen.
//!
//! ```text
//!            freeze asked                                         frozen
//!   Thawed ───────────────► Freezing: state ─► hook ─► file systems ───► Frozen ─┐
//!     ▲                       │ failed, none frozen, thaw asked,                 │ thaw asked,
//!     │                       │ limit, termination                               │ limit,
//!     │    state cleared      ▼                                                  │ termination
//!     └──────────────────── Thawing: file systems ─► hook ◄──────────────────────┘
//!                             ▲
//!      found frozen at start ─┘
//! ```
//!
//! Laws, whatever fails and wherever the agent dies:
//!
//! - The state file is there before the hook gets `freeze` and before the first file system is
//!   frozen, and is gone only after all are thawed and the hook has got `thaw`. In between it is
//!   not touched: it could lie on a frozen disk.
//! - After every `freeze` the hook gets a `thaw`: also when it failed half-way, when freezing
//!   failed, and when there was nothing to freeze.
//! - Whoever finds the state file at its start thaws, unless the guest has booted since.
//! - When the agent has thawed what nobody asked it to thaw, it owes an answer: the next thaw is
//!   told when and why, once, since what was copied after that is not consistent. The debt is in
//!   the state file too. A new freeze writes it off.
//! - While the guest has to stop, the agent thaws first and gives up after a bounded time.

mod debt;
mod machine;
mod progress;
mod stage;
mod state_file;
mod talk;

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;

pub use debt::{ForcedThaw, Why};
pub use machine::{Freezer, TERMINATION_LIMIT};
pub use progress::RETRY;
pub use state_file::{Recovery, STATE_FILE, STOCK_MARKER, StateFile};
pub use talk::{Effect, Event, Hook, Moment, Rules, Severity};
