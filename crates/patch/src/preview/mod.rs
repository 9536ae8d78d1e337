//! What an upgrade would do, and what it would leave alone, and why.
//!
//! ```text
//! script(scope) ─► apt-get -s SCOPE ─────────┬─► Inst, Remv: upgrades, installs, removals
//!                  "kept back", "phasing" ───┤
//!                  apt-mark showhold ────────┼─► Withheld { package, why }
//!                  apt-cache policy ─────────┤
//!                  apt-get -s install PKG ───┘   (what upgrading a kept one would take)
//! ```

mod changes;
mod policy;
mod script;
mod simulation;
mod withheld;

pub use changes::{Install, Preview, PreviewError, Removal, Upgrade};
pub use script::script;
pub use withheld::{Withheld, WithheldReason};

pub(crate) use changes::MAX_PACKAGES;
pub(crate) use script::body;

#[cfg(test)]
mod tests;
