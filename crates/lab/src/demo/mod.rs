//! The demo: the product at work on a real machine.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::console::Console;
use crate::scenario::Context;
use crate::session::Session;
use crate::vm::{Launcher, VmSpec};

/// Runs the demo. With `keep` the machine stays until the next scenarios, demo or sweep.
///
/// # Errors
/// A step does not do what it promises.
pub async fn run(keep: bool, session: &Session, console: &Console) -> Result<()> {
    let launcher = Arc::new(Launcher::prepare(session.dir(), console).await?);
    let context = Context::new(
        session.dir().join("demo"),
        launcher,
        console.activity("demo"),
    )?;
    let vm = context.vm(VmSpec::new("web")).await?;
    context.configure(&[&vm])?;
    ensure!(
        vm.agent_pings(Duration::from_secs(5)).await,
        "the agent does not answer"
    );
    console.result("the guest `web` runs and its agent answers");
    if keep {
        session.keep()?;
        vm.release();
        console.result(format!(
            "it stays: HOSPES_CONFIG={} hospes check all",
            context.config_path().display()
        ));
    }
    Ok(())
}
