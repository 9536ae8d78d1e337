//! Debian's Rust, which stands beside the one of rustup and builds the standard library itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;

/// To rustc.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// By their paths: in the search path rustup's come first.
const CARGO: &str = "/usr/bin/cargo";
const CLIPPY: &str = "/usr/bin/cargo-clippy";
const RUSTC: &str = "/usr/bin/rustc";

/// Debian packages no standard library for Windows, but its source. Building it is an unstable option
/// of cargo, which this variable allows.
const UNSTABLE_OPTIONS: &str = "RUSTC_BOOTSTRAP";

/// Where everything for Windows is built: two compilers would throw away each other's work.
pub(crate) fn target_folder(workspace: &Workspace) -> Result<PathBuf> {
    Ok(workspace.target()?.join("windows"))
}

/// `cargo VERB` for Windows.
pub(crate) fn cargo(workspace: &Workspace, verb: &str) -> Result<Command> {
    command(workspace, CARGO, verb)
}

/// `cargo clippy` for Windows. The program itself, since cargo would find rustup's.
pub(super) fn clippy(workspace: &Workspace) -> Result<Command> {
    command(workspace, CLIPPY, "clippy")
}

fn command(workspace: &Workspace, program: &str, verb: &str) -> Result<Command> {
    let mut cargo = Command::new(program);
    cargo.arg(verb).current_dir(workspace.root());
    cargo.args(["-Zbuild-std=std,panic_abort", "--target", TARGET]);
    cargo.arg("--target-dir").arg(target_folder(workspace)?);
    cargo.env("CARGO", CARGO).env("RUSTC", RUSTC);
    cargo.env(UNSTABLE_OPTIONS, "1");
    // The libraries of the compiler that runs this program are not this one's.
    cargo.env_remove("LD_LIBRARY_PATH");
    Ok(cargo)
}
