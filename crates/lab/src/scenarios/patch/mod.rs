//! Patching real guests: real apt, dpkg and systemd, with newer packages from archives of the lab.
//!
//! ```text
//! upgraded     what is to be done is done, what stays is told with its reason, one proved reboot
//! ubuntu       the same under Ubuntu, whose update-notifier and needrestart say what is due
//! broken       a package that fails, dpkg interrupted before, a kernel that does not come
//! cut_off      SSH or the controller lost in the middle of dpkg, and in the middle of a reboot
//! agent        the agent's own package upgraded in mid-run, the agent masked
//! snapshot     the snapshot before the upgrade: gone back to, expired, on QEMU and on Proxmox VE
//! campaign     two guests in two waves, a third on hold; paused, resumed, aborted, reported
//! nodes        nodes of Proxmox VE that are real machines
//! by_hand      the run as a machine, driven by a controller that has nothing of the program
//! ```

mod agent;
mod broken;
mod by_hand;
mod campaign;
mod cut_off;
pub(crate) mod guest;
mod list;
pub(super) mod nodes;
mod outcome;
mod program;
mod snapshot;
mod ubuntu;
mod upgraded;

pub(super) use list::{
    AGENT, BY_HAND, CAMPAIGN, FAILING, INTERRUPTED, KERNEL, KILLED, KILLED_REBOOTING, SNAPSHOT,
    SNAPSHOT_PROXMOX, UBUNTU, UPGRADED, WITHOUT_SSH,
};
