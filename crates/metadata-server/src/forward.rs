//! A guest's connection, passed on: what QEMU's `guestfwd=...-cmd:` runs once for each.
//!
//! ```text
//! stdin ──► socket     its end is passed on; replies still come
//! stdout ◄── socket    its end is the end: nothing can be answered any more
//! ```

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::UnixStream;

/// Why a connection could not be passed on.
#[derive(Debug, Error)]
pub enum ForwardError {
    /// Nobody is there.
    #[error(
        "cannot connect to the metadata socket {}: {source}; is `hospes metadata serve` running?",
        path.display()
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It broke.
    #[error("the metadata connection broke: {0}")]
    Broken(#[from] io::Error),
}

/// Copies both ways between a guest and the socket at `path`, until the server has said its last.
///
/// # Errors
/// Nobody listens there, or one end broke.
pub async fn forward(
    path: &Path,
    mut from_guest: impl AsyncRead + Unpin,
    mut to_guest: impl AsyncWrite + Unpin,
) -> Result<(), ForwardError> {
    let stream = UnixStream::connect(path)
        .await
        .map_err(|source| ForwardError::Connect {
            path: path.to_owned(),
            source,
        })?;
    let (mut from_server, mut to_server) = stream.into_split();
    let requests = async {
        copy(&mut from_guest, &mut to_server).await?;
        to_server.shutdown().await
    };
    let replies = async {
        copy(&mut from_server, &mut to_guest).await?;
        to_guest.shutdown().await
    };
    tokio::pin!(requests, replies);
    let mut is_sending = true;
    loop {
        tokio::select! {
            ended = &mut replies => return end(ended),
            // The server may end a connection that it has answered while the guest still sends.
            _ = &mut requests, if is_sending => is_sending = false,
        }
    }
}

/// A server that ends a connection while something is still on its way to it resets it.
fn end(ended: io::Result<()>) -> Result<(), ForwardError> {
    match ended {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        ended => Ok(ended?),
    }
}
