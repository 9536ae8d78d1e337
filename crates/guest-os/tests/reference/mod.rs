//! QEMU's own agent, to compare with.

mod agent;

pub(crate) use agent::Reference;
