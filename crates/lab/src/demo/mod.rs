//! The demo: the main job on a real machine, told as a story.

mod cluster;
mod graceful;
mod story;

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::console::Console;
use crate::guest_agent::GuestAgent;
use crate::scenario::Context;
use crate::scenarios::metadata::Served;
use crate::scenarios::proxmox::home::Home;
use crate::session::Session;
use crate::vm::{Launcher, Vm, VmSpec};

/// What the guest of the demo runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// A local QEMU.
    Qemu,
    /// A cluster in the shape of Proxmox VE over it.
    Proxmox,
}

/// Boots a guest, plays the story, and leaves nothing running unless `keep` is set.
///
/// # Errors
/// Something did not go as the story tells, or `keep` is asked of a cluster.
pub async fn run(
    keep: bool,
    backend: Backend,
    agent: GuestAgent,
    session: &Session,
    console: &Console,
) -> Result<()> {
    if keep && backend == Backend::Proxmox {
        bail!("--keep goes with --backend qemu: the cluster's API ends with the demo");
    }
    let launcher = Arc::new(Launcher::prepare(agent, session.dir(), console).await?);
    let activity = console.activity("demo");
    let context = Context::new(session.dir().join("demo"), launcher, activity)?;
    let guest = Guest::start(&context, backend).await?;
    story::tell(&context, &guest, console).await?;
    if keep {
        session.keep()?;
        guest.release();
        let config = context.config_path();
        console.result(format!(
            "\nit stays: HOSPES_CONFIG={} hospes check all",
            config.display()
        ));
    }
    Ok(())
}

/// The guest of the demo: metadata is for our agent's.
enum Guest {
    Plain(Box<Vm>),
    Served(Box<Served>),
    Clustered(Box<Home>),
}

impl Guest {
    async fn start(context: &Context, backend: Backend) -> Result<Self> {
        if backend == Backend::Proxmox {
            return Ok(Self::Clustered(Box::new(
                Home::unconfigured(context).await?,
            )));
        }
        if let GuestAgent::Hospes(_) = context.agent() {
            return Ok(Self::Served(Box::new(Served::start(context).await?)));
        }
        let vm = context.vm(VmSpec::new("web")).await?;
        context.configure(&[&vm])?;
        Ok(Self::Plain(Box::new(vm)))
    }

    fn vm(&self) -> &Vm {
        match self {
            Self::Plain(vm) => vm,
            Self::Served(served) => &served.vm,
            Self::Clustered(home) => &home.vm,
        }
    }

    fn release(self) {
        match self {
            Self::Plain(vm) => vm.release(),
            Self::Served(served) => {
                if let Some(vm) = Arc::into_inner(served.vm) {
                    vm.release();
                }
            }
            // Nothing of a cluster is kept.
            Self::Clustered(_) => {}
        }
    }
}
