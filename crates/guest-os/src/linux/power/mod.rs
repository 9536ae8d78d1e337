//! The guest's end and its sleep, carried out by the guest's own programs. Nothing here runs
//! unless a caller asks.

mod shutdown;
mod suspend;

pub use shutdown::shutdown;
pub use suspend::suspend;
