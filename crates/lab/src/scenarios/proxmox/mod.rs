//! Every verb over the lab's Proxmox, with a real machine behind it, and its traps.

pub(crate) mod home;
mod nodes;
mod restarts;
mod secrets;
mod traps;
mod verbs;

pub(super) use nodes::real_node;
pub(super) use restarts::{agent_dies, graceful, high_availability, late};
pub(super) use secrets::never_told;
pub(super) use traps::{answers, refusals};
pub(super) use verbs::{every_verb, many};
