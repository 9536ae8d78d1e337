//! The measured process.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use metadata::control::Record;
use metadata::server::{GuestFacts, Service};
use metadata_server::{GuestSocket, Limits, Server, Settings, Shelf};

use crate::bench::endpoints::{READY, raise_open_file_limit};
use crate::bench::fleet::name;

/// Keeps nothing.
struct Nowhere;

impl Shelf for Nowhere {
    fn keep(&self, _: &[Record]) -> Result<(), String> {
        Ok(())
    }
}

/// Serves `guests` guests at sockets in `dir` until standard input ends.
///
/// # Errors
/// A socket cannot be listened at.
pub fn serve(guests: usize, dir: &Path) -> Result<()> {
    raise_open_file_limit();
    let runtime =
        tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    runtime.block_on(async {
        let server = Server::bind(settings(guests, dir), service(guests), Arc::new(Nowhere));
        let server = server.await?;
        let mut out = std::io::stdout();
        writeln!(out, "{READY}")
            .and_then(|()| out.flush())
            .context("nobody listens")?;
        let end = tokio::task::spawn_blocking(|| {
            // Any end will do.
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        });
        server.run(async { drop(end.await) }).await;
        Ok(())
    })
}

/// Where controllers ask.
pub(super) fn control(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}

/// Where one guest asks.
pub(super) fn socket(dir: &Path, guest: usize) -> PathBuf {
    dir.join(format!("{}.sock", name(guest)))
}

fn settings(guests: usize, dir: &Path) -> Settings {
    let sockets = (0..guests).map(|guest| GuestSocket {
        guest: name(guest),
        path: socket(dir, guest),
        mode: 0o600,
    });
    Settings {
        control: control(dir),
        sockets: sockets.collect(),
        addresses: Vec::new(),
        limits: Limits::default(),
    }
}

fn service(guests: usize) -> Service {
    let mut service = Service::new(1, metadata::server::Limits::default());
    for guest in 0..guests {
        service.add_guest(&name(guest), GuestFacts::default());
    }
    service
}
