//! A metadata service for one guest.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use metadata::control::{Answer, Change, Command as Asked, Scope};
use metadata_server::control::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::bench::guest_agent::{Process, memory_backed_dir};

const LISTENS_WITHIN: Duration = Duration::from_secs(30);
const GUEST: &str = "guest";
/// Where every cloud has it; Google's runner asks nowhere else.
const CLOUDS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), 80);

/// A running `hospes metadata serve`. It ends when this is dropped.
pub(super) struct Home {
    dir: TempDir,
    address: SocketAddr,
    process: Child,
    /// Held, so that it can go on writing.
    _told: Lines<BufReader<ChildStderr>>,
}

impl Home {
    /// At a free port of 127.0.0.1.
    pub(super) async fn on_loopback(hospes: &Path) -> Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|any| any.local_addr());
        let address = free.context("there is no free port")?;
        Self::start(Command::new(hospes), address).await
    }

    /// At the address of clouds, in a network of its own. That takes root.
    pub(super) async fn apart(hospes: &Path) -> Result<Self> {
        let set_up = format!(
            "ip link set lo up && ip address add {}/32 dev lo && exec \"$@\"",
            CLOUDS.ip()
        );
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", &set_up, "sh"]);
        command.arg(hospes);
        Self::start(command, CLOUDS).await
    }

    async fn start(mut hospes: Command, address: SocketAddr) -> Result<Self> {
        let dir = memory_backed_dir()?;
        let config = dir.path().join("hospes.toml");
        let text = format!(
            "state-dir = \"state\"\nmetadata.listen = [\"{address}\"]\n\
             guest.{GUEST} = {{ qmp = \"guest.qmp\", metadata.address = \"{}\" }}\n",
            address.ip()
        );
        std::fs::write(&config, text).context("cannot write a configuration")?;
        let mut process = hospes
            .arg("--config")
            .arg(&config)
            .args(["metadata", "serve"])
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the metadata server")?;
        let told = process.stderr.take().context("a pipe was asked for")?;
        let mut told = BufReader::new(told).lines();
        let listens = tokio::time::timeout(LISTENS_WITHIN, listens(&mut told, address)).await;
        listens.context("the metadata server does not listen")??;
        Ok(Self {
            dir,
            address,
            process,
            _told: told,
        })
    }

    /// What the guest's programs are told in `GCE_METADATA_HOST`; nothing where they find it
    /// without.
    pub(super) fn named(&self) -> Option<String> {
        (self.address != CLOUDS).then(|| self.address.to_string())
    }

    /// The process, whose network is that of the guest.
    pub(super) fn process(&self) -> Result<Process> {
        let pid = self.process.id().context("the metadata server has ended")?;
        Ok(Process { pid })
    }

    /// Changes values of the guest below `instance/shutdown-details/`, all at once.
    pub(super) async fn change_stop(&self, values: &[(&str, Option<&str>)]) -> Result<()> {
        let change = |(name, value): &(&str, Option<&str>)| {
            let key = format!("instance/shutdown-details/{name}").parse();
            Ok(Change {
                key: key.context("a key of the benchmark")?,
                value: value.map(str::to_owned),
            })
        };
        let command = Asked::Change {
            scope: Scope::Guest(GUEST.to_owned()),
            changes: values.iter().map(change).collect::<Result<_>>()?,
        };
        let client = Client::connect(&self.dir.path().join("state/metadata.sock")).await?;
        let answer = client.ask(&command).await.context("nothing was changed")?;
        ensure!(answer == Answer::Changed, "nothing was changed");
        Ok(())
    }
}

async fn listens(told: &mut Lines<BufReader<ChildStderr>>, address: SocketAddr) -> Result<()> {
    let (mut said, address) = (String::new(), address.to_string());
    while let Some(line) = told.next_line().await.context("cannot read")? {
        if line.contains(&address) && line.starts_with("listening at ") {
            return Ok(());
        }
        said = line;
    }
    anyhow::bail!("the metadata server ended at once: {said}")
}
