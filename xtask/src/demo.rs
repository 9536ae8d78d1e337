//! `cargo xtask demo`: from nothing to the product at work on a real machine.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, say, setup};

pub(crate) fn run(workspace: &Workspace, keep: bool) -> Result<()> {
    say::heading("set-up");
    setup::ensure_packages()?;
    say::heading("build");
    process::run(&mut workspace.cargo(&["build", "--package", "hospes", "--package", "lab"]))?;
    say::heading("demo");
    let mut lab = Command::new(workspace.built("debug", "lab")?);
    lab.arg("demo");
    if keep {
        lab.arg("--keep");
    }
    process::run(&mut lab)
}
