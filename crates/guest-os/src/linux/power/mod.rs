//! The guest's end and its sleep, carried out by the guest's own programs. Nothing here runs
//! unless a caller asks.

mod going_down;
mod shutdown;
mod suspend;

pub use going_down::goes_down;
pub use shutdown::shutdown;
pub use suspend::suspend;
