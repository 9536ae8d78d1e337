//! The demo: the main job on a real machine, told as a story.

mod story;

use std::sync::Arc;

use anyhow::Result;

use crate::console::Console;
use crate::guest_agent::GuestAgent;
use crate::scenario::Context;
use crate::session::Session;
use crate::vm::{Launcher, VmSpec};

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
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    story::tell(&context, &vm, console).await?;
    if keep {
        session.keep()?;
        vm.release();
        let config = context.config_path();
        console.result(format!(
            "\nit stays: HOSPES_CONFIG={} hospes check all",
            config.display()
        ));
    }
    Ok(())
}
