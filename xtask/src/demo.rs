//! `cargo xtask demo`: from nothing to the product at work on a real machine.

use std::process::Command;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{dist, process, say, setup};

/// What the demo tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Story {
    /// An agent with shutdown hooks is refused, mended, and the guest restarted.
    Restart,
    /// Two guests are patched in two waves.
    Patch,
}

/// Which agent the demo's guest runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Agent {
    /// QEMU's own, from Debian.
    Stock,
    /// Ours, from a package that is built now.
    Hospes,
}

/// What the demo's guest runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// A local QEMU.
    Qemu,
    /// A cluster in the shape of Proxmox VE over it.
    Proxmox,
}

pub(crate) fn run(
    workspace: &Workspace,
    story: Story,
    (backend, agent): (Backend, Agent),
    keep: bool,
) -> Result<()> {
    say::heading("set-up");
    setup::ensure_packages()?;
    say::heading("build");
    process::run(&mut workspace.cargo(&["build", "--package", "hospes", "--package", "lab"]))?;
    if agent == Agent::Hospes {
        say::heading("packages");
        dist::lab_packages(workspace)?;
    }
    say::heading("demo");
    let mut lab = Command::new(workspace.built("debug", "lab")?);
    lab.arg("demo").arg("--story").arg(match story {
        Story::Restart => "restart",
        Story::Patch => "patch",
    });
    lab.arg("--agent").arg(match agent {
        Agent::Stock => "stock",
        Agent::Hospes => "hospes",
    });
    lab.arg("--backend").arg(match backend {
        Backend::Qemu => "qemu",
        Backend::Proxmox => "proxmox",
    });
    lab.arg("--packages").arg(dist::lab_packages_dir(workspace));
    if keep {
        lab.arg("--keep");
    }
    process::run(&mut lab)
}
