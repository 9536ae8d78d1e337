//! Whether a guest can be upgraded now.
//!
//! ```text
//! script() ─► /bin/sh in the guest ─► Preflight (facts) ─► obstacles(settings) ─► Verdict
//!                                          Go | Mendable | Busy (wait) | Refused (with remedies)
//! ```
//!
//! The agent is not among the facts: its state blocks nothing.

mod audit;
mod facts;
mod inhibitors;
mod intake;
mod obstacle;
mod script;

pub use audit::{Unsettled, Unsettlement};
pub use facts::{LockHolder, Os, Pin, Preflight, Space};
pub use inhibitors::Inhibitor;
pub use obstacle::{Obstacle, Verdict};
pub use script::script;

pub(crate) use audit::read as audit;
pub(crate) use script::AUDIT;

#[cfg(test)]
mod tests;
