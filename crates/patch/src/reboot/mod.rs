//! Whether a guest needs a reboot, and whether it gets one.
//!
//! ```text
//! /run/reboot-required(.pkgs) ─┐
//! needrestart -b ──────────────┼─► Signs ─► reasons() ─┬─ policy ─► Decision
//! /boot/vmlinuz-*, running ────┘                       │
//! packages changed, failed, shutdown inhibited ────────┘
//! ```

mod decision;
mod kernel;
mod needrestart;
mod signs;

pub use decision::{Circumstances, Decision, NotRebootedReason, decide};
pub use kernel::newest_like;
pub use needrestart::{KernelStatus, NeedRestart};
pub use signs::{RebootReason, Signs};

pub(crate) use signs::SCRIPT;

#[cfg(test)]
mod tests;
