//! Unix sockets that are never wider open than they shall be, and never taken from a live server.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, chmod, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen};
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};

/// Clients that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long another server may take to set up its sockets in the same directory.
const OTHERS_SET_UP_WITHIN: Duration = Duration::from_secs(5);
const LIVE_ONE_ACCEPTS_WITHIN: Duration = Duration::from_secs(2);

/// A listening socket, whose file is removed in the end.
#[derive(Debug)]
pub(crate) struct BoundSocket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    file: FileId,
}

/// A file, whatever its name is.
type FileId = (u64, u64);

/// Why nobody can listen at a path.
#[derive(Debug, Error)]
pub enum SocketError {
    /// A server does.
    #[error("a server already listens at {}; end it first", .0.display())]
    Taken(PathBuf),
    /// Something else has this name.
    #[error("{} is there and is no socket; remove it, or choose another path", .0.display())]
    NoSocket(PathBuf),
    /// The system's answer.
    #[error("cannot listen at {}: {source}", path.display())]
    Failed {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl BoundSocket {
    /// Listens at `path`, where a socket that a dead server left is replaced.
    pub(crate) async fn bind(path: &Path, mode: u32) -> Result<Self, SocketError> {
        // Between the look at an old socket and its removal nobody else may put a new one there.
        let _directory = lock_directory(path).await.map_err(failed(path))?;
        remove_stale(path).await?;
        let (listener, file) = listen_at(path, mode).map_err(failed(path))?;
        let path = path.to_owned();
        Ok(Self {
            listener,
            path,
            file,
        })
    }
}

impl Drop for BoundSocket {
    /// Leaves a file alone that is not this socket's.
    fn drop(&mut self) {
        if file_id(&self.path).is_ok_and(|file| file == self.file) {
            // It is a stale socket, should this fail: the next server removes it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SocketError {
    move |source| SocketError::Failed {
        path: path.to_owned(),
        source,
    }
}

async fn lock_directory(path: &Path) -> io::Result<File> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let directory = File::open(directory)?;
    let begun = Instant::now();
    loop {
        match directory.try_lock() {
            Ok(()) => return Ok(directory),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() > OTHERS_SET_UP_WITHIN => {
                let why = "another process keeps its directory locked";
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn remove_stale(path: &Path) -> Result<(), SocketError> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path)(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(SocketError::NoSocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    let answer = tokio::time::timeout(LIVE_ONE_ACCEPTS_WITHIN, UnixStream::connect(path)).await;
    match answer {
        // A full backlog is one that somebody listens with, however slow.
        Err(_) | Ok(Ok(_)) => Err(SocketError::Taken(path.to_owned())),
        Ok(Err(error)) => match error.kind() {
            io::ErrorKind::ConnectionRefused => std::fs::remove_file(path).map_err(failed(path)),
            io::ErrorKind::NotFound => Ok(()),
            io::ErrorKind::WouldBlock => Err(SocketError::Taken(path.to_owned())),
            _ => Err(failed(path)(error)),
        },
    }
}

/// The mode is set before the file has a name (unix(7): Linux takes it from the socket, less the
/// umask), and again afterwards for what the umask took away.
fn listen_at(path: &Path, mode: u32) -> io::Result<(UnixListener, FileId)> {
    let mode = Mode::from_raw_mode(mode);
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    fchmod(&socket, mode)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    chmod(path, mode)?;
    listen(&socket, BACKLOG)?;
    let listener = UnixListener::from_std(StdListener::from(socket))?;
    Ok((listener, file_id(path)?))
}

fn file_id(path: &Path) -> io::Result<FileId> {
    std::fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_socket_has_its_mode_and_is_removed_in_the_end() {
        let dir = TempDir::new().unwrap();
        for mode in [0o600, 0o660, 0o666] {
            let path = dir.path().join("a.sock");
            let socket = BoundSocket::bind(&path, mode).await.unwrap();
            let seen = path.metadata().unwrap().permissions().mode();
            assert_eq!(seen & 0o7777, mode);
            drop(socket);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn a_dead_servers_socket_is_replaced_and_a_live_ones_is_not() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.sock");
        drop(StdListener::bind(&path).unwrap());
        assert!(path.exists(), "left behind");
        let live = BoundSocket::bind(&path, 0o600).await.unwrap();
        let second = BoundSocket::bind(&path, 0o600).await.unwrap_err();
        assert!(matches!(second, SocketError::Taken(_)), "{second}");
        UnixStream::connect(&path).await.unwrap();
        drop(live);
    }

    #[tokio::test]
    async fn what_is_no_socket_stays() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.sock");
        std::fs::write(&path, "precious").unwrap();
        let error = BoundSocket::bind(&path, 0o600).await.unwrap_err();
        assert!(matches!(error, SocketError::NoSocket(_)), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn the_file_of_a_successor_is_not_removed() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.sock");
        let first = BoundSocket::bind(&path, 0o600).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let _second = BoundSocket::bind(&path, 0o600).await.unwrap();
        drop(first);
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn of_servers_that_start_at_once_one_gets_it() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("a.sock");
        drop(StdListener::bind(&path).unwrap());
        let starts = (0..8).map(|_| {
            let path = path.clone();
            tokio::spawn(async move { BoundSocket::bind(&path, 0o600).await })
        });
        let starts: Vec<_> = starts.collect();
        let mut got = Vec::new();
        for start in starts {
            got.extend(start.await.unwrap().ok());
        }
        assert_eq!(got.len(), 1);
    }
}
