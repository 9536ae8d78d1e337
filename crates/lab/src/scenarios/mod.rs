//! All scenarios.

mod access;
mod agent;
mod ansible;
mod channel;
mod evidence;
mod freezing;
mod healthy;
mod hooks;
mod journal;
mod lab_itself;
mod lifecycle;
mod list;
pub(crate) mod metadata;
mod metadata_boot;
mod metadata_graceful;
mod metadata_stop;
mod packages;
pub(crate) mod patch;
mod proof;
pub(crate) mod proxmox;
mod proxmox_clients;
mod readiness;
mod reboot;
mod repair;
mod systemd;
mod trust;

pub use list::ALL;
