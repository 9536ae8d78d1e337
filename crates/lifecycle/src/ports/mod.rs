//! What an operation acts through. Each trait is defined here, by its user, and has two real
//! implementations: [`Hypervisor`] and [`AgentChannel`] over local QEMU and over Proxmox VE,
//! [`GuestShell`] over SSH and over guest-exec.

mod channel;
mod hypervisor;
mod shell;

pub use channel::{AgentChannel, ChannelError};
pub use hypervisor::{Asked, Hypervisor, HypervisorError, StartReport};
pub use shell::{GuestShell, Output, Privilege, ShellError};
