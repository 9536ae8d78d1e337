//! Operations as they are driven: what each one wants, in which order, and how it ends.

mod arbitrary;
mod cluster;
mod drive;
mod fix;
#[path = "../fixture/guest.rs"]
mod fixture;
mod graceful;
mod reboot;
mod restart;
mod saved;
mod start;
