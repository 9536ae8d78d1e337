//! The edge: everything that touches the world, as the operations' effects ask for it.

mod address;
mod agent;
mod agent_shell;
mod apply;
mod hostkeys;
mod judge;
mod login;
mod notice;
mod sight;
mod slot;
mod world;

pub(crate) use agent::Agent;
pub(crate) use hostkeys::reported_keys;
pub(crate) use judge::Judge;
pub(crate) use login::{Finder, Login};
pub(crate) use notice::MetadataNotice;
pub(crate) use slot::AgentSlot;
pub(crate) use world::{CallDeadlines, World, asked_for_readiness, asked_to_reboot, no_ssh};
