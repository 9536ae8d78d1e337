//! Campaigns over many guests, as the real program carries them out.
//!
//! ```text
//! lab bench patch ──► hospes patch plan, patch apply --plan ──► SSH ──► lab bench-endpoints, a process:
//!      └─ looks at its memory meanwhile                                 guests on 127.1.x.y
//! ```
//!
//! Each guest is upgraded and reboots once, proved by its new boot id.

//! Beside Ansible there are endpoints with real apt and dpkg instead:
//!
//! ```text
//! lab bench patch --beside-ansible ─┬─► hospes patch apply all ─┬─► SSH ──► 20 roots over one Debian
//!                                   └─► ansible -m apt ─────────┘           (fresh for each)
//! ```

mod beside_ansible;
mod campaign;
mod roots;
mod run;

pub use beside_ansible::run as run_beside_ansible;
pub use run::{Size, run};
