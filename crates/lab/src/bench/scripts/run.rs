//! The measurement.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::home::Home;
use super::{idle, runner, stop};
use crate::bench::report::Table;
use crate::bench::run::{hospes, surroundings, tell_misses};
use crate::console::Console;

/// Measures the agent at `named`, or else the `hospes-agent` beside the lab, against the metadata
/// service of `$HOSPES_BIN`, or else of the `hospes` beside the lab, and prints a table in Markdown.
/// The machine should do nothing else.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(named: Option<PathBuf>, console: &Console) -> Result<()> {
    let (agent, hospes) = (agent(named)?, hospes()?);
    let about = surroundings("`hospes metadata serve` and the guest's programs on loopback");
    let activity = console.activity("bench");
    let mut table = Table::default();
    activity.step("script runners");
    runner::measure(&agent, &hospes, &mut table, console).await?;
    let home = Home::on_loopback(&hospes).await?;
    idle::measure(&agent, &home, &mut table, &activity).await?;
    stop::measure(&agent, &home, &mut table, &activity).await?;
    drop(activity);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

fn agent(named: Option<PathBuf>) -> Result<PathBuf> {
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let agent = named.unwrap_or_else(|| lab.with_file_name("hospes-agent"));
    let agent = agent.canonicalize().with_context(|| {
        format!(
            "there is no {}; `cargo xtask bench` builds it, `--agent` names another",
            agent.display()
        )
    })?;
    ensure!(agent.is_file(), "{} is no program", agent.display());
    Ok(agent)
}
