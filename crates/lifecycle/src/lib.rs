//! Permits, operations and the ports they act through.
//!
//! An [`operation::Operation`] decides; a caller performs its effects through [`ports`] and hands
//! the results back as events. The same machine runs in the program, in the simulator and on
//! resume. Nothing here reads a clock, a socket or a disk.

pub mod gate;
mod health;
pub mod operation;
pub mod ports;
mod readiness;

pub use health::Health;
pub use readiness::{NotReady, Readiness, SCRIPT as READINESS_SCRIPT};
