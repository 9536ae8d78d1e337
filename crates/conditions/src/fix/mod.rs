//! What to do about a check, in the one safe order: remove hooks, daemon-reload, prove their
//! absence, and only then touch the agent. A hook whose file is gone still fires without the
//! reload, and stopping or upgrading the agent is what fires it.
//!
//! ```text
//! Check ──plan──► FixPlan { remedies in order, what people must do }
//!                    └─► Remedy: describe, diff, script (idempotent, run as root in the guest)
//! ```

mod edit;
mod maintainer;
mod plan;
mod remedy;
mod script;
mod way;

pub use plan::{FixPlan, plan};
pub use remedy::Remedy;

#[cfg(test)]
mod tests;
