//! Guest images: Debian 12 or Ubuntu 24.04 with systemd, sshd and the stock agent, each built when it is
//! first needed, and cached.

mod build;
mod cached;
mod distribution;
mod install;
mod keyring;
mod mirror;
mod recipe;
mod tree;

pub use cached::Image;
pub use distribution::Distribution;
pub(crate) use tree::Tree;
