//! Every verb over the lab's Proxmox, with a real machine behind it, and its traps.

pub(crate) mod home;
mod list;
mod nodes;
mod restarts;
mod secrets;
mod traps;
mod verbs;

pub(super) use list::{
    AGENT_DIES, ANSWERS, GRACEFUL, HIGH_AVAILABILITY, LATE, MANY, REAL_NODE, REFUSALS, SECRETS,
    VERBS,
};
