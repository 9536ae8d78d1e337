//! Channel and watcher at rest, and the program that both are.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::home::Home;
use super::watcher::Watcher;
use crate::bench::guest_agent::{Program, RunningAgent, resident_after_a_ping, wake_ups};
use crate::bench::report::{Figure, Judged, Table};
use crate::console::Activity;

const STARTS: usize = 3;
/// Until the watcher's GET hangs and it rests.
const SETTLING: Duration = Duration::from_secs(2);
const REST: Duration = Duration::from_secs(10);

const SUM_GOAL_IN_MEGABYTES: f64 = 5.0;
const WATCHER_GOAL_IN_MEGABYTES: f64 = 3.0;
const SIZE_GOAL_IN_MEGABYTES: f64 = 5.0;

/// Bytes and wake-ups of one start.
struct Rested {
    channel: u64,
    watcher: u64,
    woken: u64,
}

pub(super) async fn measure(
    agent: &Path,
    home: &Home,
    table: &mut Table,
    activity: &Activity,
) -> Result<()> {
    let program = Program::hospes_agent(agent.to_owned());
    let mut seen = Vec::with_capacity(STARTS);
    for number in 1..=STARTS {
        activity.step(format!("rest, start {number} of {STARTS}"));
        seen.push(rest(&program, agent, home).await?);
    }
    let channel = Figure::bytes(seen.iter().map(|rested| rested.channel));
    table.tell("channel, resident after a ping", &channel);
    let watcher = Figure::bytes(seen.iter().map(|rested| rested.watcher));
    let what = "watcher, resident after 10 s";
    table.judge(what, WATCHER_GOAL_IN_MEGABYTES, &watcher, Judged::Worst);
    let sum = Figure::bytes(seen.iter().map(|rested| rested.channel + rested.watcher));
    let what = "channel and watcher, summed";
    table.judge(what, SUM_GOAL_IN_MEGABYTES, &sum, Judged::Worst);
    table.say("qemu-ga and google_guest_agent (not run here)", "18 MB");
    let woken = Figure::times(seen.iter().map(|rested| rested.woken));
    table.tell("context switches of the watcher in 10 s", &woken);
    let size = Figure::bytes([program.stripped_size().await?]);
    let what = "program without symbols";
    table.judge(what, SIZE_GOAL_IN_MEGABYTES, &size, Judged::Worst);
    Ok(())
}

/// Both live at the same time, as in a guest.
async fn rest(program: &Program, agent: &Path, home: &Home) -> Result<Rested> {
    let channel = RunningAgent::start(program).await?;
    let watcher = Watcher::start(agent, home)?;
    let channel = resident_after_a_ping(&channel).await?;
    tokio::time::sleep(SETTLING).await;
    let process = watcher.process()?;
    let before = process.switches()?;
    tokio::time::sleep(REST).await;
    Ok(Rested {
        channel,
        watcher: process.resident()?,
        woken: wake_ups(&before, &process.switches()?),
    })
}
