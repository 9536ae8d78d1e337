//! The QEMU Machine Protocol, as far as reading a machine and snapshots of its disks need it.

mod client;
mod command;
mod error;
mod messages;

pub(crate) use client::Monitor;
pub(crate) use command::{Change, Question};
pub(crate) use error::QmpError;
