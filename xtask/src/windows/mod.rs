//! `cargo xtask test-windows`: the guest's programs for Windows, built here and tested under Wine.
//!
//! ```text
//! toolchain: Debian's Rust and mingw ──► build: the test programs and hospes-agent.exe
//!                                           │
//! stand_in: the library that Wine lacks ────┤ beside them
//!                                           ▼
//!                        wine: a prefix of its own, one program after the other, its end
//!                                           ▲
//! installation: what the zip has ───────────┤ installed, upgraded, removed
//! `lab windows`: with a real host ──────────┘ scenarios, each with a copy of the prefix
//! ```

mod build;
mod command;
mod installation;
mod stand_in;
mod toolchain;
mod wine;

pub(crate) use command::{run, stage};
pub(crate) use toolchain::{TARGET, cargo, target_folder};
