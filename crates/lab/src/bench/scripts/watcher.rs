//! A guest's watcher, with files of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::home::Home;
use super::systemctl;
use crate::bench::guest_agent::{Process, memory_backed_dir};

/// Nothing that is measured takes as long.
const DEADLINE: Duration = Duration::from_secs(30);
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(2);

/// A running `hospes-agent metadata-watcher`. It ends when this is dropped.
pub(super) struct Watcher {
    dir: TempDir,
    systemctl: PathBuf,
    process: Child,
}

impl Watcher {
    /// Starts one, and does not wait until it watches.
    pub(super) fn start(agent: &Path, home: &Home) -> Result<Self> {
        let dir = memory_backed_dir()?;
        let systemctl = systemctl::stand_in(dir.path())?;
        let process = Command::new(agent)
            .arg("metadata-watcher")
            .env_clear()
            .env("PATH", dir.path())
            .env("HOSPES_RUN_DIR", dir.path().join("run"))
            .envs(home.named().map(|named| ("GCE_METADATA_HOST", named)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the watcher")?;
        Ok(Self {
            dir,
            systemctl,
            process,
        })
    }

    pub(super) fn process(&self) -> Result<Process> {
        let pid = self.process.id().context("the watcher has ended")?;
        Ok(Process { pid })
    }

    /// When it called systemctl for the time `count`, counted from 1.
    pub(super) async fn start_job(&self, count: usize) -> Result<Duration> {
        until("no start job", || {
            systemctl::calls(&self.systemctl).get(count - 1).copied()
        })
        .await
    }

    /// Waits until it has taken the stop away.
    pub(super) async fn withdrawn(&self) -> Result<()> {
        let pending = self.dir.path().join("run/pending-stop.json");
        until("the stop stays", || (!pending.exists()).then_some(())).await
    }
}

async fn until<T>(otherwise: &'static str, mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        ensure!(begun.elapsed() < DEADLINE, otherwise);
        tokio::time::sleep(LOOKS_AGAIN_AFTER).await;
    }
}
