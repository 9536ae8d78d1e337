//! Agents that run here, ours and QEMU's, and clients that talk to them.

mod program;
mod running;
mod stream;

pub(crate) use program::Program;
pub(crate) use running::{BLOCKED, Running};
pub(crate) use stream::Stream;
