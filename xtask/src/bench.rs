//! `cargo xtask bench`: figures of a release build.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{process, say};

/// The controller, the metadata server, the controller with a cluster, the planner, a campaign of
/// patching and 20 endpoints that Ansible patches too, the guest's script runner and watcher, then the
/// guest agent beside QEMU's, and with `vm` once more in a machine.
pub(crate) fn run(workspace: &Workspace, vm: bool) -> Result<()> {
    say::heading("build");
    let release = [
        "build",
        "--release",
        "--package",
        "hospes",
        "--package",
        "lab",
    ];
    process::run(&mut workspace.cargo(&release))?;
    // By itself: with other packages it would get the features that they ask of its dependencies.
    let dist = ["build", "--profile", "dist", "--package", "hospes-agent"];
    process::run(&mut workspace.cargo(&dist))?;
    let lab = workspace.built("release", "lab")?;
    let agent = workspace.built("dist", "hospes-agent")?;
    say::heading("measure the controller");
    process::run(Command::new(&lab).arg("bench"))?;
    say::heading("measure the metadata server");
    process::run(Command::new(&lab).args(["bench", "metadata"]))?;
    say::heading("measure a cluster of Proxmox VE, and Ansible");
    process::run(Command::new(&lab).args(["bench", "proxmox"]))?;
    say::heading("measure the planner");
    let planner = ["run", "--release", "--package", "plan", "--example"];
    process::run(workspace.cargo(&planner).arg("ten_thousand"))?;
    say::heading("measure a campaign of patching");
    process::run(Command::new(&lab).args(["bench", "patch"]))?;
    say::heading("measure patching beside Ansible");
    process::run(Command::new(&lab).args(["bench", "patch", "--beside-ansible"]))?;
    say::heading("measure the script runner and the watcher");
    process::run(&mut with_agent(&lab, "scripts", &agent))?;
    say::heading("measure the agent");
    process::run(&mut with_agent(&lab, "guest-agent", &agent))?;
    if vm {
        say::heading("measure the agent in a machine");
        process::run(with_agent(&lab, "guest-agent", &agent).arg("--vm"))?;
    }
    Ok(())
}

fn with_agent(lab: &Path, what: &str, agent: &Path) -> Command {
    let mut command = Command::new(lab);
    command.args(["bench", what, "--agent"]).arg(agent);
    command
}
