//! Whether a node's firewall binds an address to one guest, read from the node's `/etc/pve`.
//!
//! ```text
//! firewall/cluster.fw ─► FirewallFile ─┐
//! firewall/VMID.fw ────► FirewallFile ─┼─► NodeFirewall.binds(vmid, address) ─► Ok, or Unbound (why, remedy)
//! qemu-server/VMID.conf, lxc/… ─► Card ┘
//! ```
//!
//! An address is bound to a guest when the guest may use it and nobody else on its bridge may:
//! - the datacenter's firewall is on, its layer-2 filter (`ebtables`, which filters ARP) too;
//! - the guest's firewall is on, each of its cards on a bridge has `firewall=1` and an IP filter, and
//!   the filter of one of them, [`FirewallFile::filter`], names the address;
//! - every card of another guest of the node on that bridge has a filter too, with an entry (without
//!   one, Proxmox VE lets all ARP pass), and none that the address is in.
//!
//! So a guest may be given a net; then it is the others with an address in it that are not told apart.
//! Only IPv4: Proxmox VE does not filter who answers for an IPv6 address.
//!
//! *Invariant.* What is not understood is never taken for a filter: an alias, an entry or an option
//! that Proxmox VE would skip, a section that is not known.
//!
//! Source: `PVE::Firewall` of pve-firewall 5, `PVE::QemuServer::parse_net` of qemu-server.

mod bound;
mod card;
mod file;

pub use bound::{CannotFilter, NodeFirewall, Unbound};
pub use card::Card;
pub use file::{FirewallFile, IpFilter};
