//! Connections that are not served.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long the other end may take to hear why.
const HEARS_WITHIN: Duration = Duration::from_secs(1);
/// What is read of a request that nobody answers.
const READ_AT_MOST: usize = 16 << 10;

/// Why a connection is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// It comes from an address that belongs to no guest.
    Stranger,
    /// It comes from the address of a guest, and another one could use it too.
    Unproven,
    /// The guest has as many as it may have, or makes too many.
    TooMany,
    /// All guests together have as many as there may be.
    Full,
}

impl Farewell {
    fn reply(self) -> String {
        let (status, text) = match self {
            Self::Stranger => (
                "403 Forbidden",
                "this address belongs to no guest: the host's configuration names those that do\n",
            ),
            Self::Unproven => (
                "403 Forbidden",
                "this address does not prove who asks: the metadata server's log on the host says why\n",
            ),
            Self::TooMany => (
                "429 Too Many Requests",
                "too many connections: close some, and open new ones less often\n",
            ),
            Self::Full => (
                "503 Service Unavailable",
                "the metadata server has too many connections: try again later\n",
            ),
        };
        format!(
            "HTTP/1.1 {status}\r\nMetadata-Flavor: Google\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
            text.len()
        )
    }
}

/// Says why, and ends the connection. What the other end still sends is read for a while: otherwise
/// the answer could be lost with it.
pub(crate) async fn turn_away<S>(mut stream: S, why: Farewell)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reply = why.reply();
    let say = async {
        stream.write_all(reply.as_bytes()).await?;
        stream.shutdown().await?;
        let mut buffer = [0; 1024];
        let mut read = 0;
        while read < READ_AT_MOST {
            match stream.read(&mut buffer).await? {
                0 => break,
                count => read += count,
            }
        }
        Ok::<_, std::io::Error>(())
    };
    // Whoever does not listen is left in the same way.
    let _ = tokio::time::timeout(HEARS_WITHIN, say).await;
}
