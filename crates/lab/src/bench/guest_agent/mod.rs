//! The guest agent beside QEMU's own, row by row.
//!
//! ```text
//! lab bench guest-agent ──► qemu-ga       on a unix socket ─┐ both live at once, asked in turn,
//!            │        └───► hospes-agent  on a unix socket ─┘ so that other work hits both
//!            └─ --vm ─────► QEMU ──► virtio-serial ──► one, then the other, in the same boot
//! ```
//!
//! The client is plain and blocking, and what it checks of a large reply it checks off the clock.

mod agents;
mod client;
mod in_guest;
mod local;
mod machine;
mod memory;
mod pair;
mod requests;
mod table;
mod thread;
mod transfer;
mod usage;

pub(super) use agents::{Program, RunningAgent, installed_qemu_ga};
pub(super) use local::memory_backed_dir;
pub use local::run;
pub use machine::run_in_machine;
pub(super) use memory::resident_after_a_ping;
pub(super) use thread::blocking;
pub(super) use usage::{Process, wake_ups};
