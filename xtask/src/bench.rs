//! `cargo xtask bench`: figures of a release build.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, say};

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    say::heading("build");
    process::run(&mut workspace.cargo(&[
        "build",
        "--release",
        "--package",
        "hospes",
        "--package",
        "lab",
    ]))?;
    say::heading("measure");
    process::run(Command::new(workspace.built("release", "lab")?).arg("bench"))
}
