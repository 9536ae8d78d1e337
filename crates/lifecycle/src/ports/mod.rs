//! What an operation acts through. Each trait is defined here, by its user, and has two real
//! implementations: [`Hypervisor`], [`AgentChannel`] and [`Snapshots`] over local QEMU and over
//! Proxmox VE, [`GuestShell`] over SSH and over guest-exec, [`StopNotice`] over a running metadata
//! service and over its store.

mod channel;
mod hypervisor;
mod notice;
mod shell;
mod snapshots;

pub use channel::{AgentChannel, ChannelError};
pub use hypervisor::{Asked, Hypervisor, HypervisorError, StartReport};
pub use notice::{NoticeError, Presence, Standing, StopNotice};
pub use shell::{GuestShell, Output, Privilege, ShellError};
pub use snapshots::{NotOurs, Snapshot, SnapshotName, Snapshots, Taken};
