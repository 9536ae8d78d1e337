//! The demo: the main job on a real machine, told as a story.

mod graceful;
mod story;

use std::sync::Arc;

use anyhow::Result;

use crate::console::Console;
use crate::guest_agent::GuestAgent;
use crate::scenario::Context;
use crate::scenarios::metadata::Served;
use crate::session::Session;
use crate::vm::{Launcher, Vm, VmSpec};

/// Boots a guest, plays the story, and leaves nothing running unless `keep` is set.
pub async fn run(
    keep: bool,
    agent: GuestAgent,
    session: &Session,
    console: &Console,
) -> Result<()> {
    let launcher = Arc::new(Launcher::prepare(agent, session.dir(), console).await?);
    let activity = console.activity("demo");
    let context = Context::new(session.dir().join("demo"), launcher, activity)?;
    let guest = Guest::start(&context).await?;
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
}

impl Guest {
    async fn start(context: &Context) -> Result<Self> {
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
        }
    }

    fn release(self) {
        match self {
            Self::Plain(vm) => vm.release(),
            Self::Served(served) => served.vm.release(),
        }
    }
}
