//! The lab: guest image, virtual machines, scenarios, benchmarks.
//!
//! For development only: neither of the product's programs depends on it. Its machines are throwaway,
//! so it alone may kill them.
//!
//! - [`image`] builds a small Debian guest and the packages of a repository for it;
//! - [`accelerator`] finds out whether KVM really runs guests here;
//! - [`vm`] starts QEMU, waits for guests, keeps a snapshot of a booted one;
//! - [`guest_agent`] says whether they run the stock agent or ours;
//! - [`apt`] serves the repository to guests;
//! - [`proxmox`] is a cluster in the shape of Proxmox VE over machines of the lab and simulated guests;
//! - [`python`] holds Ansible and clients of Proxmox VE that nobody here wrote;
//! - [`session`] sees to it that no machine outlives the lab;
//! - [`scenario`] runs the tests in [`scenarios`] on real machines;
//! - [`windows`] runs the Windows programs under Wine.

pub mod accelerator;
pub mod apt;
pub mod bench;
pub mod cache;
pub mod command;
pub mod console;
pub mod demo;
pub mod guest_agent;
pub mod image;
pub mod proxmox;
pub mod python;
pub mod scenario;
pub mod scenarios;
pub mod session;
pub mod vm;
pub mod windows;
