//! What is the same on every system.

pub(crate) mod entry;
pub(crate) mod finished;
mod key_lines;
pub(crate) mod keys;
pub(crate) mod script;
pub(crate) mod service;
