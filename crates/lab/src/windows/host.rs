//! The host: a metadata service for one guest, which announces stops as `hospes restart` does.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use metadata::Key;
use metadata::control::{Answer, Change, Command as Asked, Scope};
use metadata::stop::Report;
use metadata_server::control::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::site::until;
use crate::scenario::HospesProcess;

const GUEST: &str = "windows";
const LISTENS_WITHIN: Duration = Duration::from_secs(60);
/// What a stop announces, in seconds.
const GRACEFUL: &str = "600";

/// A running `hospes metadata serve`. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Host {
    dir: TempDir,
    address: SocketAddr,
    _process: Child,
    /// Held, so that it can go on writing.
    _told: Lines<BufReader<ChildStderr>>,
}

impl Host {
    /// Starts it at a free port of the loopback interface.
    pub(super) async fn start() -> Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|any| any.local_addr());
        let address = free.context("there is no free port")?;
        let dir = tempfile::tempdir().context("cannot create a directory")?;
        let text = format!(
            "state-dir = \"state\"\nmetadata.listen = [\"{address}\"]\n\
             guest.{GUEST} = {{ qmp = \"guest.qmp\", metadata.address = \"{}\" }}\n",
            address.ip()
        );
        let config = dir.path().join("hospes.toml");
        std::fs::write(&config, text).context("cannot write a configuration")?;
        // It ends with the lab, however that ends.
        let mut process = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(HospesProcess::program()?)
            .arg("--config")
            .arg(&config)
            .args(["metadata", "serve"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the metadata service")?;
        let told = process.stderr.take().context("a pipe was asked for")?;
        let mut told = BufReader::new(told).lines();
        let listens = timeout(LISTENS_WITHIN, listens(&mut told, address)).await;
        listens.context("the metadata service does not listen")??;
        Ok(Self {
            dir,
            address,
            _process: process,
            _told: told,
        })
    }

    /// Where the guest finds it.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets an attribute of the guest.
    pub(super) async fn set(&self, name: &str, value: &str) -> Result<()> {
        let key = format!("instance/attributes/{name}");
        let key = key.parse().context("no name of an attribute")?;
        self.change([(key, Some(value))]).await
    }

    /// Announces a stop, as one change.
    pub(super) async fn announce(&self, request: &str) -> Result<()> {
        self.change([
            (Key::stop_state(), Some("PENDING_STOP")),
            (Key::max_duration(), Some(GRACEFUL)),
            (Key::request_timestamp(), Some(request)),
            (Key::target_state(), Some("TERMINATED")),
            (Key::report(), None),
        ])
        .await
    }

    /// Takes the announcement back.
    pub(super) async fn withdraw(&self) -> Result<()> {
        self.change([
            (Key::stop_state(), Some("NONE")),
            (Key::max_duration(), None),
            (Key::request_timestamp(), None),
            (Key::target_state(), None),
        ])
        .await
    }

    /// Waits for the guest's report on a stop.
    pub(super) async fn reported(&self, request: &str) -> Result<Report> {
        until("no report", async || {
            let report = self.report().await?;
            Ok(report.filter(|report| report.request == request))
        })
        .await
    }

    /// The guest's last report.
    pub(super) async fn report(&self) -> Result<Option<Report>> {
        let (scope, key) = (scope(), Key::report());
        let Answer::Values(values) = self.ask(&Asked::Get { scope, key }).await? else {
            bail!("the metadata service answers something else than values");
        };
        let report = values.first().map(|(_, text)| serde_json::from_str(text));
        report.transpose().context("the guest's report is none")
    }

    /// Waits until somebody in the guest watches for a stop.
    pub(super) async fn watched(&self) -> Result<()> {
        let asked = Asked::Presence {
            guest: GUEST.to_owned(),
        };
        until("nobody watches for a stop", async || {
            let answer = self.ask(&asked).await?;
            Ok(matches!(answer, Answer::Presence { watcher: true, .. }).then_some(()))
        })
        .await
    }

    async fn change<const N: usize>(&self, changes: [(Key, Option<&str>); N]) -> Result<()> {
        let changes = changes.map(|(key, value)| Change {
            key,
            value: value.map(str::to_owned),
        });
        let asked = Asked::Change {
            scope: scope(),
            changes: changes.into(),
        };
        ensure!(
            self.ask(&asked).await? == Answer::Changed,
            "nothing was changed"
        );
        Ok(())
    }

    async fn ask(&self, asked: &Asked) -> Result<Answer> {
        let client = Client::connect(&self.dir.path().join("state/metadata.sock")).await?;
        Ok(client.ask(asked).await?)
    }
}

fn scope() -> Scope {
    Scope::Guest(GUEST.to_owned())
}

async fn listens(told: &mut Lines<BufReader<ChildStderr>>, address: SocketAddr) -> Result<()> {
    let (mut said, address) = (String::new(), address.to_string());
    while let Some(line) = told.next_line().await.context("cannot read")? {
        if line.contains(&address) && line.starts_with("listening at ") {
            return Ok(());
        }
        said = line;
    }
    bail!("the metadata service ended at once: {said}")
}
