//! What is asked for, and how it is played.

use std::sync::Arc;

use anyhow::{Result, bail};

use super::guest::Guest;
use super::{patch, story};
use crate::console::Console;
use crate::guest_agent::GuestAgent;
use crate::scenario::Context;
use crate::session::Session;
use crate::vm::Launcher;

/// What the guest of the demo runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// A local QEMU.
    Qemu,
    /// A cluster in the shape of Proxmox VE over it.
    Proxmox,
}

/// What the demo tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Story {
    /// An agent with shutdown hooks is refused, mended, and the guest restarted.
    Restart,
    /// Two guests are patched in two waves.
    Patch,
}

/// Boots what the story needs, plays it, and leaves nothing running unless `keep` is set.
///
/// # Errors
/// Something did not go as the story tells, or an option is asked of a story that has none.
pub async fn run(
    (story, backend): (Story, Backend),
    keep: bool,
    agent: GuestAgent,
    session: &Session,
    console: &Console,
) -> Result<()> {
    if backend == Backend::Proxmox && (keep || story == Story::Patch) {
        bail!(
            "--keep and --story patch go with --backend qemu: the cluster's API ends with the demo, \
             and has one guest"
        );
    }
    let launcher = Arc::new(Launcher::prepare(agent, session.dir(), console).await?);
    let activity = console.activity("demo");
    let context = Context::new(session.dir().join("demo"), launcher, activity)?;
    if story == Story::Patch {
        let kept = patch::tell(&context, keep, console).await;
        return kept.and_then(|()| finish(keep, session, &context, console));
    }
    let guest = Guest::start(&context, backend).await?;
    story::tell(&context, &guest, console).await?;
    if keep {
        guest.release();
    }
    finish(keep, session, &context, console)
}

/// Says how to reach what stays.
fn finish(keep: bool, session: &Session, context: &Context, console: &Console) -> Result<()> {
    if keep {
        session.keep()?;
        let config = context.config_path();
        console.result(format!(
            "\nit stays: HOSPES_CONFIG={} hospes check all",
            config.display()
        ));
    }
    Ok(())
}
