//! The measured process, from outside.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use metadata::control::{Change, Command as Asked, Scope};
use metadata_server::control::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::serve;
use crate::bench::endpoints::READY;
use crate::bench::guest_agent::Process;

const LISTENS_WITHIN: Duration = Duration::from_secs(60);
/// A value that all guests see.
pub(super) const KEY: &str = "project/attributes/bench";

/// A running server. It ends when this is dropped.
pub(super) struct MetadataServer {
    dir: TempDir,
    process: Child,
}

impl MetadataServer {
    /// Starts one for `guests` guests and waits until it listens.
    pub(super) async fn start(guests: usize) -> Result<Self> {
        let dir = TempDir::new().context("cannot create a directory")?;
        let lab = std::env::current_exe().context("cannot find the lab's own program")?;
        let mut process = Command::new(lab)
            .arg("bench-metadata-server")
            .arg(guests.to_string())
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the process of the metadata server")?;
        let out = process.stdout.take().context("a pipe was asked for")?;
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(LISTENS_WITHIN, lines.next_line()).await;
        ensure!(
            line.is_ok_and(|line| line.is_ok_and(|line| line.as_deref() == Some(READY))),
            "the process of the metadata server did not start"
        );
        Ok(Self { dir, process })
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its resident memory in bytes.
    pub(super) fn resident(&self) -> Result<u64> {
        let pid = self.process.id().context("the metadata server has ended")?;
        Process { pid }.resident()
    }

    /// Changes the value that all guests see.
    pub(super) async fn change(&self, value: &str) -> Result<()> {
        let change = Change {
            key: KEY.parse().context("a key of the benchmark")?,
            value: Some(value.to_owned()),
        };
        let command = Asked::Change {
            scope: Scope::Project,
            changes: vec![change],
        };
        let client = Client::connect(&serve::control(self.dir())).await?;
        client.ask(&command).await.context("nothing was changed")?;
        Ok(())
    }
}
