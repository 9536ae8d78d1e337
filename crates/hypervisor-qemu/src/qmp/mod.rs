//! The QEMU Machine Protocol, as far as reading a machine needs it.

mod client;
mod error;
mod messages;

pub(crate) use client::{Monitor, Question};
pub(crate) use error::QmpError;
