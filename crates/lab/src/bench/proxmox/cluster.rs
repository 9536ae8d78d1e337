//! The cluster's process, and configurations that name it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::bench::endpoints::{Ports, USER, host_name};
use crate::bench::fleet::Fleet;
use crate::proxmox::FIRST_VMID;

/// How large the cluster is.
pub(super) const NODES: usize = 16;
pub(super) const GUESTS: usize = 2000;
pub(super) const DEAD_AGENTS: usize = 100;
const LATENCY: &str = "5ms";

/// What is printed when it listens.
const READY: &str = "# ready";

/// The networks of the guests; the address of their own loopback is in none of them.
const NETWORK: &str = "127.1.0.0/16";

/// A cluster and its guests. Their processes end when it is dropped.
pub(super) struct Site {
    pub(super) fleet: Fleet,
    table: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    homes: usize,
    _process: Child,
    _dir: TempDir,
}

/// What the cluster saw in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) requests: u64,
    /// At one node.
    pub(super) most_agent_calls: u64,
}

impl Site {
    pub(super) async fn start() -> Result<Self> {
        let fleet = Fleet::start(GUESTS, Ports::One).await?;
        let dir = TempDir::new().context("cannot create a directory")?;
        let mut process = command(dir.path())?
            .spawn()
            .context("cannot start the process of the cluster")?;
        let input = process.stdin.take().context("a pipe was asked for")?;
        let output = process.stdout.take().context("a pipe was asked for")?;
        let mut output = BufReader::new(output).lines();
        let mut table = String::new();
        loop {
            let line = output.next_line().await.context("cannot read")?;
            let line = line.context("the process of the cluster did not start")?;
            if line == READY {
                break;
            }
            table += &line;
            table.push('\n');
        }
        Ok(Self {
            fleet,
            table,
            input,
            output,
            homes: 0,
            _process: process,
            _dir: dir,
        })
    }

    /// A configuration with an empty state directory: nothing is known of any guest.
    pub(super) fn configure(&mut self) -> Result<PathBuf> {
        self.homes += 1;
        let home = self.fleet.dir().join(format!("home{}", self.homes));
        std::fs::create_dir_all(&home).context("cannot create a directory")?;
        let file = home.join("hospes.toml");
        let state = home.join("state");
        let identity = self.fleet.identity();
        let guest = self.fleet.guests(1).first().context("there is a guest")?;
        let (table, port) = (&self.table, guest.port);
        let text = format!(
            "state-dir = {state:?}\n\n[defaults.ssh]\nuser = {USER:?}\nidentities = [{identity:?}]\n\
             agent = false\nknown-hosts = []\n\n{table}\n[cluster.lab.ssh]\nport = {port}\n\
             address = [\"agent\"]\nnetworks = [{NETWORK:?}]\n"
        );
        std::fs::write(&file, text).context("cannot write a configuration")?;
        Ok(file)
    }

    /// Ends the cluster.
    pub(super) async fn end(mut self) -> Result<Summary> {
        drop(self.input);
        let line = self.output.next_line().await.context("cannot read")?;
        let line = line.context("the cluster ended without a word")?;
        let told: Value = serde_json::from_str(&line).context("the cluster told nothing")?;
        summary(&told)
    }
}

fn command(dir: &Path) -> Result<Command> {
    let lab = std::env::current_exe().context("cannot find the lab's own program")?;
    let mut command = Command::new(lab);
    command
        .arg("proxmox")
        .args(["--nodes", &NODES.to_string()])
        .args(["--guests", &GUESTS.to_string()])
        .args(["--dead-agents", &DEAD_AGENTS.to_string()])
        .args(["--latency", LATENCY])
        .arg("--dir")
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

fn summary(told: &Value) -> Result<Summary> {
    let nodes = told["most-agent-calls-at-once"]
        .as_object()
        .context("it tells nothing of agent calls")?;
    let most = nodes.values().filter_map(Value::as_u64).max();
    ensure!(told["power-cuts"] == 0, "somebody's power was cut");
    Ok(Summary {
        requests: told["requests"].as_u64().context("it counts nothing")?,
        most_agent_calls: most.context("no agent was asked")?,
    })
}

/// What hospes calls the guest at `index`.
pub(super) fn name(index: usize) -> String {
    format!("{}-{}", host_name(index), vmid(index))
}

/// Its number in the cluster.
pub(super) fn vmid(index: usize) -> usize {
    usize::try_from(FIRST_VMID).unwrap_or_default() + index
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_busiest_node_counts() {
        let told = |cuts: u32| {
            json!({"requests": 9, "power-cuts": cuts,
                   "most-agent-calls-at-once": {"pve1": 1, "pve2": 3}})
        };
        let expected = Summary {
            requests: 9,
            most_agent_calls: 3,
        };
        assert_eq!(summary(&told(0)).unwrap(), expected);
        assert!(summary(&told(1)).is_err());
    }
}
