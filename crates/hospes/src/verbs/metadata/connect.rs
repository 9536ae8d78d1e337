//! `metadata connect`: one connection of a guest, passed on to its socket.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use anyhow::Result;
use config::{Config, Environment};

use super::home::guest;
use crate::cli::Global;
use crate::{Exit, exit_of_error};

pub(super) async fn run(global: &Global, end: &str) -> Result<Exit> {
    match pass_on(global, end).await {
        // QEMU gives one socket as all three: what is said here would reach the guest as the
        // server's answer.
        Err(error) if errors_reach_the_guest() => Ok(exit_of_error(&error)),
        ended => ended,
    }
}

async fn pass_on(global: &Global, end: &str) -> Result<Exit> {
    let socket = socket(global, end)?;
    let (from_guest, to_guest) = (file(io::stdin().as_fd())?, file(io::stdout().as_fd())?);
    metadata_server::forward(&socket, from_guest, to_guest).await?;
    Ok(Exit::Ok)
}

fn file(fd: BorrowedFd<'_>) -> io::Result<tokio::fs::File> {
    Ok(tokio::fs::File::from_std(fd.try_clone_to_owned()?.into()))
}

/// A path is the socket itself; a name is that of a guest.
fn socket(global: &Global, end: &str) -> Result<PathBuf> {
    if end.contains('/') {
        return Ok(PathBuf::from(end));
    }
    let config = Config::load(global.config.as_deref(), &Environment::current())?;
    let guest = guest(&config, end)?;
    Ok(config.metadata_socket(&guest.name))
}

fn errors_reach_the_guest() -> bool {
    let of_stdin = identity(io::stdin().as_fd());
    of_stdin.is_some() && of_stdin == identity(io::stderr().as_fd())
}

/// Of a socket.
fn identity(fd: BorrowedFd<'_>) -> Option<(u64, u64)> {
    let file = File::from(fd.try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok()?;
    let is_socket = metadata.file_type().is_socket();
    is_socket.then(|| (metadata.dev(), metadata.ino()))
}
