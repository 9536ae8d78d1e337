//! The round trip of a ping: the client's share against a fake agent, and all of it against QEMU's.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hypervisor_qemu::AgentClient;
use lifecycle::ports::AgentChannel;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

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
    match RealAgent::start().await? {
        Some(agent) => {
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

/// QEMU's agent on a socket of its own; ended when it is dropped.
struct RealAgent {
    dir: TempDir,
    _process: Child,
}

/// It runs on this very machine, perhaps as root, and shall do nothing to it.
const DISABLED: &str = "guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,\
    guest-fsfreeze-freeze,guest-fsfreeze-freeze-list,guest-set-time,guest-set-vcpus,\
    guest-set-user-password,guest-exec,guest-file-open";

const PROGRAMS: [&str; 2] = ["/usr/sbin/qemu-ga", "/usr/bin/qemu-ga"];

impl RealAgent {
    /// Nothing where none is installed.
    async fn start() -> Result<Option<Self>> {
        let Some(program) = PROGRAMS.into_iter().find(|path| Path::new(path).exists()) else {
            return Ok(None);
        };
        let dir = TempDir::new().context("cannot create a directory")?;
        let process = Command::new(program)
            .args(["-b", DISABLED, "-m", "unix-listen", "-p"])
            .arg(dir.path().join("qga.sock"))
            .arg("-t")
            .arg(dir.path())
            .arg("-f")
            .arg(dir.path().join("qga.pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {program}"))?;
        let agent = Self {
            dir,
            _process: process,
        };
        agent.wait_until_it_listens().await?;
        Ok(Some(agent))
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("qga.sock")
    }

    async fn wait_until_it_listens(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.socket().exists() {
            ensure!(begun.elapsed() < AMPLE, "qemu-ga does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}
