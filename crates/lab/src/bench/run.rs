//! The whole benchmark.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::endpoints::Ports;
use super::fleet::Fleet;
use super::report::{Figure, Judged, Table};
use super::{agent, openssh, program, readiness};
use crate::console::Console;

const HELP_ROUNDS: usize = 50;
const HELP_GOAL_IN_MILLISECONDS: f64 = 10.0;

/// Measures `$HOSPES_BIN`, or else the `hospes` beside the lab, and prints a table in Markdown.
/// Both should be release builds, and the machine do nothing else.
///
/// # Errors
/// Something cannot be measured. A goal that is missed is told and is no error.
pub async fn run(console: &Console) -> Result<()> {
    let hospes = hospes()?;
    let about = surroundings("all peers on loopback");
    let activity = console.activity("bench");
    let mut table = Table::default();
    let most = readiness::SIZES
        .iter()
        .map(|size| size.guests)
        .max()
        .unwrap_or_default();
    activity.step(format!("starting {most} fake guests"));
    let fleet = Fleet::start(most, Ports::Own).await?;
    for size in &readiness::SIZES {
        activity.step(format!("hospes ready all, {} guests", size.guests));
        readiness::measure(&hospes, &fleet, size, &mut table).await?;
    }
    activity.step("peers");
    openssh::measure(&fleet, &mut table).await?;
    table.say("Ansible, 100 guests (not run here)", "19-37 s");
    activity.step("agent pings");
    agent::measure(fleet.agent(), &mut table).await?;
    activity.step("hospes --help");
    help(&hospes, &mut table).await?;
    drop(activity);
    console.result(format!("{about}\n\n{}", table.markdown()));
    tell_misses(console, table.over());
    Ok(())
}

async fn help(hospes: &Path, table: &mut Table) -> Result<()> {
    let mut times = Vec::with_capacity(HELP_ROUNDS);
    for _ in 0..HELP_ROUNDS {
        let run = program::run(Command::new(hospes).arg("--help")).await?;
        ensure!(run.success, "hospes --help failed");
        times.push(run.took);
    }
    let figure = Figure::milliseconds(times);
    table.judge(
        "hospes --help",
        HELP_GOAL_IN_MILLISECONDS,
        &figure,
        Judged::Median,
    );
    Ok(())
}

/// The measured controller.
pub(super) fn hospes() -> Result<PathBuf> {
    let named = std::env::var_os("HOSPES_BIN").map(PathBuf::from);
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let hospes = named.unwrap_or_else(|| lab.with_file_name("hospes"));
    ensure!(
        hospes.is_file(),
        "there is no {}; `cargo xtask bench` builds it, $HOSPES_BIN names another",
        hospes.display()
    );
    Ok(hospes)
}

/// What the figures depend on. The load says whether the machine had other work.
pub(super) fn surroundings(peers: &str) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let build = if cfg!(debug_assertions) {
        "a debug build, whose figures mean nothing"
    } else {
        "release build"
    };
    format!("{cores} cores, load before {load}, {build}; {peers}")
}

pub(super) fn tell_misses(console: &Console, over: &[String]) {
    match over {
        [] => console.result("\nEvery goal was reached."),
        over => {
            console.result(format!("\n!!! {} of the goals MISSED:", over.len()));
            for miss in over {
                console.result(format!("!!!   {miss}"));
            }
        }
    }
}
