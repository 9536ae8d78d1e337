//! Campaigns over many guests, as the real program carries them out.
//!
//! ```text
//! lab bench patch ──► hospes patch plan, patch apply --plan ──► SSH ──► lab bench-endpoints, a process:
//!      └─ looks at its memory meanwhile                                 guests on 127.1.x.y
//! ```
//!
//! Each guest is upgraded and reboots once, proved by its new boot id.

mod campaign;
mod run;

pub use run::{Size, run};
