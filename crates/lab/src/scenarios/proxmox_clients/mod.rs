//! Clients of Proxmox VE that nobody here wrote, asking the lab's: what they accept as Proxmox VE, hospes
//! is tested against.

mod ansible;
mod proxmoxer;
mod surroundings;

pub(super) use ansible::ansible;
pub(super) use proxmoxer::proxmoxer;
