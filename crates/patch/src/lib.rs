//! Patching one Debian or Ubuntu guest through a shell, without I/O.
//!
//! ```text
//!            scripts for /bin/sh as root                what they printed
//! preflight ─► refresh ─► preview ─► (snapshot) ─► upgrade: start, follow ─► result ─► reboot ─► postcheck
//!    └─ Go | Mendable | Busy | Refused   │                                     │         └─ lifecycle's reboot
//!                                        └─ what would change, what stays and why
//!                                                                              └─ what changed, failed, stays
//! run::Run   the whole of it for one guest, as a machine that can be resumed at every step
//! ```
//!
//! Each module hands out a [`Script`] and reads its answer. Answers are length-prefixed, so that a
//! banner or a package's output cannot pass for another value, and bounded ([`OUTPUT_LIMIT`]).
//! Nothing here reads a clock, a socket or a file; nobody asks the agent.

pub mod node;
mod origin;
pub mod postcheck;
pub mod preflight;
pub mod preview;
pub mod reboot;
pub mod refresh;
pub mod result;
pub mod run;
mod script;
mod settings;
mod units;
pub mod upgrade;
mod version;
mod wire;

pub use origin::Origin;
pub use postcheck::Postcheck;
pub use preflight::Preflight;
pub use preview::Preview;
pub use refresh::Refresh;
pub use result::Upgraded;
pub use run::Run;
pub use script::Script;
pub use settings::{
    InvalidRunId, Limits, PostCommand, RebootPolicy, RunId, Scope, Settings, SpaceNeed,
    StaleServices,
};
pub use version::Version;
pub use wire::{AnswerError, OUTPUT_LIMIT};
