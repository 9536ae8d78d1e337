//! The listener of one node: TLS, connections that end with it, a port that stays its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::net::Shutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::certificate::Certificate;
use super::http;
use super::shared::Shared;

const BACKLOG: u32 = 1024;
const HANDSHAKE: Duration = Duration::from_secs(10);

/// One node's API.
#[derive(Debug)]
pub(super) struct Listener {
    shared: Arc<Shared>,
    node: Arc<str>,
    address: SocketAddr,
    /// Bound for as long as the node exists.
    socket: std::net::TcpListener,
    server: Arc<rustls::ServerConfig>,
    /// Accepts, and owns the connections; none while the node is unreachable.
    accepting: Option<JoinHandle<()>>,
}

impl Listener {
    pub(super) fn start(
        shared: Arc<Shared>,
        node: &str,
        certificate: &Certificate,
    ) -> Result<Self> {
        let socket = listen().context("cannot listen on a loopback port")?;
        let mut listener = Self {
            shared,
            node: node.into(),
            address: socket.local_addr().context("a listener has an address")?,
            socket,
            server: certificate.server(),
            accepting: None,
        };
        listener.accept()?;
        Ok(listener)
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The runtime watches a duplicate: of one that was closed it would for ever believe that it is.
    fn accept(&mut self) -> Result<()> {
        let duplicate = self.socket.try_clone().and_then(TcpListener::from_std);
        let accepting = accept(
            duplicate.context("cannot watch a listener")?,
            TlsAcceptor::from(Arc::clone(&self.server)),
            Arc::clone(&self.shared),
            Arc::clone(&self.node),
        );
        self.accepting = Some(tokio::spawn(accepting));
        Ok(())
    }

    fn end_connections(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
    }

    /// Refuses connections and ends those there are. The port stays bound.
    pub(super) fn close(&mut self) -> Result<()> {
        if self.accepting.is_some() {
            self.end_connections();
            rustix::net::shutdown(&self.socket, Shutdown::Both).context("cannot stop listening")?;
        }
        Ok(())
    }

    /// Takes connections again.
    pub(super) fn open(&mut self) -> Result<()> {
        if self.accepting.is_none() {
            rustix::net::listen(&self.socket, BACKLOG.cast_signed())
                .context("cannot listen again")?;
            self.accept()?;
        }
        Ok(())
    }

    /// Presents another certificate, on new connections only: the others end.
    pub(super) fn rotate(&mut self, certificate: &Certificate) -> Result<()> {
        self.server = certificate.server();
        if self.accepting.is_some() {
            self.end_connections();
            self.accept()?;
        }
        Ok(())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.end_connections();
    }
}

/// The port is bound by number: one that the kernel had chosen would be given back by `close`.
fn listen() -> std::io::Result<std::net::TcpListener> {
    let chosen = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(chosen)?;
    socket.listen(BACKLOG)?.into_std()
}

async fn accept(socket: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>, node: Arc<str>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    let (tls, shared, node) = (tls.clone(), Arc::clone(&shared), Arc::clone(&node));
                    connections.spawn(converse(stream, tls, shared, node));
                }
                // No open files are left, or the listener has just been closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>, node: Arc<str>) {
    // A node that is down answers nobody, and its connections end with it.
    let Some(own) = shared.nodes.get(&node).filter(|node| node.is_online()) else {
        return;
    };
    // Otherwise the end of an answer waits for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await else {
        return;
    };
    let service = service_fn(|request| {
        let (shared, node) = (Arc::clone(&shared), Arc::clone(&node));
        async move { http::answer(&shared, &node, request).await }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new());
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A client that leaves is no failure.
        _ = connection => {}
        () = own.offline() => {}
    }
}
