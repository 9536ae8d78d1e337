//! How the machines of real nodes reach their cluster: one line a connection.
//!
//! ```text
//! beat NODE BOOT_ID KERNEL      ─► ok            the node runs
//! leave NODE                    ─► ok            it shuts down
//! ha-manager NODE WORDS...      ─► ok, or failed; then what the command prints
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::proxmox::shared::Shared;

const LONGEST_LINE: u64 = 1024;
const EXCHANGE: Duration = Duration::from_secs(10);

/// Listens as long as it lives.
#[derive(Debug)]
pub(in crate::proxmox) struct Link {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Link {
    /// Listens on a loopback port, which machines see at their network's gateway.
    pub(in crate::proxmox) async fn start(shared: &Arc<Shared>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("cannot listen for the nodes' machines")?;
        Ok(Self {
            address: listener.local_addr()?,
            accepting: tokio::spawn(accept(listener, Arc::downgrade(shared))),
        })
    }

    pub(in crate::proxmox) const fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Weak<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        tokio::spawn(async move {
            // A machine that goes away in between asks again.
            let _ = timeout(EXCHANGE, converse(stream, &shared)).await;
        });
    }
}

async fn converse(mut stream: TcpStream, shared: &Shared) -> Result<()> {
    let (reader, mut writer) = stream.split();
    let mut line = String::new();
    BufReader::new(reader.take(LONGEST_LINE))
        .read_line(&mut line)
        .await?;
    let answer = match answer(shared, &line) {
        Ok(printed) => format!("ok\n{printed}"),
        Err(error) => format!("failed\n{error:#}\n"),
    };
    writer.write_all(answer.as_bytes()).await?;
    Ok(())
}

fn answer(shared: &Shared, line: &str) -> Result<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        ["beat", node, boot_id, kernel] => shared.node_is_up(node, boot_id, kernel)?,
        ["leave", node] => shared.nodes.find(node)?.go_down(),
        ["ha-manager", node, ref words @ ..] => return ha_manager(shared, node, words),
        _ => bail!("nobody knows `{}`", line.trim()),
    }
    Ok(String::new())
}

fn ha_manager(shared: &Shared, asking: &str, words: &[&str]) -> Result<String> {
    match words {
        [
            "crm-command",
            "node-maintenance",
            word @ ("enable" | "disable"),
            node,
        ] => {
            shared
                .nodes
                .find(node)
                .map_err(|_| anyhow!("no such cluster node '{node}'"))?;
            if !shared.is_quorate() || !shared.is_online(asking) {
                bail!("cluster not ready - no quorum?");
            }
            shared.ha.ask_for_maintenance(node, *word == "enable");
            Ok(String::new())
        }
        ["status"] => Ok(shared.ha.lines(shared).join("\n") + "\n"),
        _ => bail!("unknown command 'ha-manager {}'", words.join(" ")),
    }
}
