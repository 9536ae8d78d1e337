//! The running repository: a listener on the loopback interface.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::io::{BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::http;

/// The address of the host in QEMU's user network.
const HOST_SEEN_BY_GUEST: &str = "10.0.2.2";

/// Serves the packages in a directory as long as it lives.
#[derive(Debug)]
pub struct AptRepository {
    port: u16,
    server: JoinHandle<()>,
}

impl AptRepository {
    /// Starts to serve `dir` on a free port of the loopback interface.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn serve(dir: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("cannot bind a loopback port for the apt repository")?;
        let port = listener.local_addr()?.port();
        Ok(Self {
            port,
            server: tokio::spawn(accept(listener, dir.to_owned())),
        })
    }

    /// The repository's URL as a guest sees it.
    #[must_use]
    pub fn guest_url(&self) -> String {
        format!("http://{HOST_SEEN_BY_GUEST}:{}", self.port)
    }

    /// The repository's URL as this machine sees it.
    #[must_use]
    pub fn local_url(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The line for the guest's `/etc/apt/sources.list`.
    #[must_use]
    pub fn sources_list(&self) -> String {
        format!("deb [trusted=yes] {} ./\n", self.guest_url())
    }
}

impl Drop for AptRepository {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, dir: PathBuf) {
    while let Ok((stream, _)) = listener.accept().await {
        let dir = dir.clone();
        tokio::spawn(async move {
            // A guest that goes away in the middle of a download is a scenario, not a fault.
            let _ = connection(stream, &dir).await;
        });
    }
}

async fn connection(mut stream: TcpStream, dir: &Path) -> std::io::Result<()> {
    let (reader, writer) = stream.split();
    http::serve(BufReader::new(reader), BufWriter::new(writer), dir).await
}
