//! Logs in many times on loopback and prints how long that takes and what it costs:
//! `cargo run --release -p ssh --example logins -- 1000 64` (logins, at once; a third word `keep`
//! keeps all connections open to the end). The server is a process of its own, so that only the
//! client's memory is counted.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use lifecycle::ports::{GuestShell, Privilege};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use ssh::{HostKeyJudge, PresentedKey, SshShell, Target};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["serve"] => serve().await,
        [] => log_in(100, 64, false).await,
        [logins] => log_in(logins.parse()?, 64, false).await,
        [logins, at_once] => log_in(logins.parse()?, at_once.parse()?, false).await,
        [logins, at_once, "keep"] => log_in(logins.parse()?, at_once.parse()?, true).await,
        _ => Err("usage: logins [COUNT [AT_ONCE [keep]]]".into()),
    }
}

async fn log_in(logins: usize, at_once: usize, keep: bool) -> Outcome<()> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let identity = tempfile::NamedTempFile::new()?;
    std::fs::write(
        identity.path(),
        key(1).to_openssh(LineEnding::LF)?.as_bytes(),
    )?;
    let target = Target {
        port: line.trim().parse()?,
        identity_files: vec![identity.path().to_owned()],
        use_agent: false,
        ..Target::new("127.0.0.1", "root")
    };
    let before = peak_memory_kb()?;
    let started = Instant::now();
    let failures = all(&target, logins, at_once, keep).await;
    let took = started.elapsed();
    let grown = peak_memory_kb()? - before;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{logins} logins, {at_once} at once: {took:.2?}, {failures} failed"
    )?;
    writeln!(
        out,
        "peak memory {} kB, {grown} kB of it for the logins",
        before + grown
    )?;
    // The server ends with its standard input.
    drop(server.stdin.take());
    server.wait()?;
    Ok(())
}

/// A login and a command for each; returns how many failed.
async fn all(target: &Target, logins: usize, at_once: usize, keep: bool) -> usize {
    let judge: Arc<dyn HostKeyJudge> = Arc::new(Anyone);
    let each = |_| {
        let shell = SshShell::new(target.clone(), Arc::clone(&judge));
        async move {
            let deadline = Duration::from_secs(30);
            let ran = shell
                .run("cat /proc/uptime", Privilege::Login, 4096, deadline)
                .await;
            (ran.is_err(), keep.then_some(shell))
        }
    };
    let outcomes = stream::iter(0..logins).map(each).buffer_unordered(at_once);
    let outcomes: Vec<(bool, Option<SshShell>)> = outcomes.collect().await;
    outcomes.iter().filter(|(failed, _)| *failed).count()
}

fn peak_memory_kb() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .ok_or("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).ok_or("no figure")?.parse()?)
}

/// A key that is the same each time; it guards nothing.
fn key(seed: u8) -> PrivateKey {
    let pair = Ed25519Keypair::from_seed(&[seed; 32]);
    PrivateKey::new(KeypairData::Ed25519(pair), "test").expect("an ed25519 key is complete")
}

struct Anyone;

#[async_trait]
impl HostKeyJudge for Anyone {
    async fn judge(&self, _host: &str, _port: u16, _key: &PresentedKey) -> Result<(), String> {
        Ok(())
    }

    fn preferred_algorithms(&self, _host: &str, _port: u16) -> Vec<String> {
        vec![Algorithm::Ed25519.to_string()]
    }
}

async fn serve() -> Outcome<()> {
    let config = server::Config {
        keys: vec![key(2)],
        auth_rejection_time: Duration::ZERO,
        ..server::Config::default()
    };
    let config = Arc::new(config);
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = tokio::net::TcpListener::bind(any).await?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", listener.local_addr()?.port())?;
    out.flush()?;
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_line(&mut String::new());
        std::process::exit(0);
    });
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let config = Arc::clone(&config);
        tokio::spawn(async move {
            if let Ok(session) = server::run_stream(config, socket, Guest).await {
                let _ = session.await;
            }
        });
    }
}

/// Lets everybody in and answers each command with an uptime.
struct Guest;

impl server::Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        _key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.data(channel, b"4711.00 9422.00\n".to_vec())?;
        session.exit_status_request(channel, 0)?;
        session.eof(channel)?;
        session.close(channel)
    }
}
