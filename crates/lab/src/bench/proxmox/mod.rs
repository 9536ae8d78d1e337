//! The controller with a cluster of Proxmox VE, beside Ansible.
//!
//! ```text
//!            ┌─ HTTPS ─► lab proxmox, a process: 16 nodes, 2,000 guests, 5 ms a call, 100 dead agents
//! hospes ────┤
//! Ansible ───┴─ SSH ───► lab bench-endpoints, a process: the same guests on 127.1.x.y
//! ```
//!
//! A guest's name, address, boot id and host key follow from its number, so that both processes play
//! the same guests.

mod ansible;
mod asked;
mod cluster;
mod run;

pub use run::run;
