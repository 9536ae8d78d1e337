//! `cargo xtask dist`: packages that install on the distributions of the last ten years.
//!
//! ```text
//! command ──► toolchain: the programs, linked against an old glibc (or this machine's)
//!    │
//!    ├──► agent, metadata, controller: what each package holds ──► package, staging
//!    ├──► deb, rpm: the packages of it ──► report: checksums and a table
//!    └──► windows: the same agent for Windows ──► archive: a zip of it
//! ```

mod agent;
mod archive;
mod binary;
mod command;
mod controller;
mod deb;
mod lab;
mod machine;
mod metadata;
mod notices;
mod options;
mod package;
mod report;
mod rpm;
mod staging;
#[cfg(test)]
mod tests;
mod toolchain;
mod windows;

pub(crate) use command::run;
pub(crate) use lab::{lab_packages, lab_packages_dir};
pub(crate) use options::Options;
pub(crate) use windows::files as windows_files;
