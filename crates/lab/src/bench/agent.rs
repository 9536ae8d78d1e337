//! The round trip of a ping: the client's share against a fake agent, and all of it against QEMU's.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hypervisor_qemu::AgentClient;
use lifecycle::ports::AgentChannel;
use serde_json::Value;

use super::guest_agent::{RunningAgent, installed_qemu_ga};
use super::report::{Figure, Judged, Table};

const WARM_UP: usize = 500;
const ROUNDS: usize = 20_000;
const GOAL_IN_MICROSECONDS: f64 = 100.0;
const AMPLE: Duration = Duration::from_secs(10);

/// Pings the fake agent at `fake` and, where one is installed, a real one.
pub(super) async fn measure(fake: PathBuf, table: &mut Table) -> Result<()> {
    let figure = ping(fake).await.context("the fake agent")?;
    let what = "agent ping, fake agent (worst: p99)";
    table.judge(what, GOAL_IN_MICROSECONDS, &figure, Judged::Median);
    let what = "agent ping, qemu-ga (worst: p99)";
    match installed_qemu_ga() {
        Some(program) => {
            let agent = RunningAgent::start(&program).await?;
            let figure = ping(agent.socket()).await.context("qemu-ga")?;
            table.judge(what, GOAL_IN_MICROSECONDS, &figure, Judged::Median);
        }
        None => table.say(what, "not installed"),
    }
    Ok(())
}

async fn ping(socket: PathBuf) -> Result<Figure> {
    let client = AgentClient::new(socket);
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..WARM_UP + ROUNDS {
        let begun = Instant::now();
        client
            .call("guest-ping", Value::Null, AMPLE)
            .await
            .context("no answer to a ping")?;
        if round >= WARM_UP {
            times.push(begun.elapsed());
        }
    }
    Ok(Figure::microseconds(times))
}
