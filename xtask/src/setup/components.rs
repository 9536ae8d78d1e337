//! Components of the Rust toolchain that a minimal installation lacks.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, say};

/// Component, the cargo command that it brings, and the package of a Rust that came with the system.
const COMPONENTS: [(&str, &str, &str); 2] = [
    ("rustfmt", "fmt", "rustfmt"),
    ("clippy", "clippy", "rust-clippy"),
];

/// Sees to it that format and lints can be checked.
pub(crate) fn ensure() -> Result<()> {
    let has = |command: &str| process::succeeds(Command::new("cargo").args([command, "--version"]));
    for (component, command, package) in COMPONENTS {
        if has(command) {
            continue;
        }
        if !process::succeeds(Command::new("rustup").arg("--version")) {
            bail!(
                "`cargo {command}` is missing: install the package `{package}`, or Rust through rustup"
            );
        }
        say::line(&format!("    adding the Rust component `{component}`"));
        process::run(Command::new("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}
