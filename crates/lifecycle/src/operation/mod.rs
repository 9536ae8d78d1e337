//! Operations: what is done to one guest, as pure state machines.
//!
//! ```text
//! start(request, now) ─► effect ─► (performed by the caller) ─► event ─► step ─► effect ─► ... ─► Finish
//!                          ▲                                                        │
//! resume(saved, now) ──────┘              saved() is stored before each effect ◄────┘
//! ```
//!
//! One effect is out at a time. A caller that dies between an effect and its event resumes from
//! what was saved before that effect: the machine looks at reality first and repeats no lifecycle
//! step that may have happened.

mod effect;
mod fix;
mod graceful;
mod limits;
mod machine;
mod outcome;
mod power;
mod ready;
mod reboot;
mod request;
mod saved;

pub use effect::{AskReport, Effect, Event};
pub use graceful::{Graceful, Heard, Notice, Stop, WaitEnd, WithoutWatcher, Word};
pub use limits::Limits;
pub use machine::Operation;
pub use outcome::{BootProof, Outcome};
pub use power::Goal;
pub use request::Request;
pub use saved::Saved;
