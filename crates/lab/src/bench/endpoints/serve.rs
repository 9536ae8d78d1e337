//! The process: makes its keys, listens, says so, and ends with its standard input.

use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::UnixListener;

use super::agent;
use super::guests::{Guest, MOST, address, public_host_key};

/// Whom the guests let in.
pub(in crate::bench) const USER: &str = "bench";
/// The private key that lets in.
pub(in crate::bench) const IDENTITY: &str = "id_ed25519";
/// Addresses and host keys of the guests, in their order.
pub(in crate::bench) const KNOWN_HOSTS: &str = "known_hosts";
/// The agent's socket.
pub(in crate::bench) const AGENT: &str = "agent.sock";
/// What is said on standard output when everything listens.
pub(in crate::bench) const READY: &str = "ready";

/// Where SSH of the guests is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// Each has a port of its own.
    Own,
    /// All have the same.
    One,
}

/// Serves `count` guests and an agent, with their keys and socket in `dir`, until standard input
/// ends.
///
/// # Errors
/// Too many guests, or a key cannot be written, or an address be listened on.
pub fn serve(count: usize, ports: Ports, dir: &Path) -> Result<()> {
    ensure!(count <= MOST, "{count} guests, {MOST} at most");
    raise_open_file_limit();
    let runtime =
        tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    runtime.block_on(listen(count, ports, dir))?;
    let mut out = std::io::stdout();
    writeln!(out, "{READY}")
        .and_then(|()| out.flush())
        .context("nobody listens")?;
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    runtime.shutdown_background();
    Ok(())
}

async fn listen(count: usize, ports: Ports, dir: &Path) -> Result<()> {
    let identity = key()?;
    let text = identity
        .to_openssh(LineEnding::LF)
        .context("cannot write a key")?;
    write_private(&dir.join(IDENTITY), text.as_bytes())?;
    let mut known_hosts = String::new();
    let mut port = 0;
    for index in 0..count {
        let chosen = Guest::listen(index, port, identity.public_key().clone()).await?;
        let line = public_host_key(index)?;
        known_hosts.push_str(&format!("[{}]:{chosen} {line}\n", address(index)));
        if ports == Ports::One {
            port = chosen;
        }
    }
    let path = dir.join(KNOWN_HOSTS);
    std::fs::write(&path, known_hosts)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let socket = UnixListener::bind(dir.join(AGENT)).context("cannot listen as an agent")?;
    tokio::spawn(agent::serve(socket));
    Ok(())
}

/// A thousand guests need more than the 1,024 open files that are usual.
pub(crate) fn raise_open_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // Should it be refused, then listening says what is wrong.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
}

fn key() -> Result<PrivateKey> {
    let mut seed = [0; 32];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut seed))
        .context("cannot read /dev/urandom")?;
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
    PrivateKey::new(pair, "").context("cannot make a key")
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .with_context(|| format!("cannot write {}", path.display()))
}
