//! The upgrade itself, in a transient unit of the guest's systemd.
//!
//! ```text
//! start ─► systemd-run hospes-patch-ID ─► body ─► mkdir running ─► before ─► apt-get ─► after ─► status
//!                                                 (only one body ever gets past this)
//! follow(offset) ─► NotBegun | Running | Ended(status) | Lost(guest rebooted or not) | Unknown
//! ```
//!
//! The unit belongs to nobody's connection: it goes on when SSH, the controller or the agent's own
//! package go away. What it leaves in `/var/lib/hospes/patch/ID` outlives the unit:
//!
//! | file | what |
//! |---|---|
//! | `body` | what the unit runs |
//! | `running/boot` | the boot in which it ran; the directory is what makes it run once |
//! | `before`, `after` | every package's version and state |
//! | `log` | what apt and dpkg printed |
//! | `status` | apt's exit status, written last |

mod follow;
mod script;

pub use follow::{Follow, LOG_LIMIT, Progress, follow};
pub use script::{Started, start, unit_command};

#[cfg(test)]
mod tests;
