//! Permits, operations and the ports they act through.

pub mod gate;
pub mod ports;
