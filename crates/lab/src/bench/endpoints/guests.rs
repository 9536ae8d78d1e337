//! Guests as SSH sees them: each an address, a host key and a boot of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use russh::keys::ssh_key::private::{Ed25519Keypair, KeypairData};
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, Pty};
use tokio::net::{TcpListener, TcpStream};

use super::patching::Patching;
use super::probe;
use super::serve::USER;
use super::shell::{self, Command, Ended};

/// As many as there are addresses.
pub(super) const MOST: usize = 250 * 250;

/// The longest input that is kept; a module of Ansible has a tenth of it.
const LONGEST: usize = 4 << 20;

/// One guest's address: 127.1.0.1 and so on. All of 127.0.0.0/8 is loopback.
pub(crate) fn address(index: usize) -> Ipv4Addr {
    let octet = |number: usize| u8::try_from(number % 250).unwrap_or_default();
    Ipv4Addr::new(127, 1, octet(index / 250), octet(index) + 1)
}

/// One guest's boot id.
pub(crate) fn boot_id(index: usize) -> String {
    boot_id_after(index, 0)
}

/// The boot id of one guest that has rebooted so often.
pub(super) fn boot_id_after(index: usize, reboots: usize) -> String {
    format!("{index:08x}-0000-4000-8000-{reboots:012x}")
}

/// One guest's host name, which is also what a cluster calls it.
pub(crate) fn host_name(index: usize) -> String {
    format!("g{index:05}")
}

/// One guest's host key. Whoever knows which guest it is knows it, also in another process.
fn host_key(index: usize) -> Result<PrivateKey> {
    let mut seed = [0x68; 32];
    seed[..8].copy_from_slice(&index.to_be_bytes());
    let pair = KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed));
    PrivateKey::new(pair, "").context("cannot make a key")
}

/// The public half of it, `ssh-ed25519 AAAA...`.
pub(crate) fn public_host_key(index: usize) -> Result<String> {
    let key = host_key(index)?;
    let line = key.public_key().to_openssh();
    line.context("cannot write a key")
}

/// What every connection to one guest shares.
pub(super) struct Guest {
    index: usize,
    lets_in: PublicKey,
    patching: Patching,
}

impl Guest {
    /// Listens at the guest's address on this port, or a free one for 0, which is returned.
    pub(super) async fn listen(index: usize, port: u16, lets_in: PublicKey) -> Result<u16> {
        let address = address(index);
        let listener = TcpListener::bind((address, port))
            .await
            .with_context(|| format!("cannot listen on {address}:{port}"))?;
        let port = listener
            .local_addr()
            .context("a listener has an address")?
            .port();
        let config = Arc::new(server::Config {
            keys: vec![host_key(index)?],
            auth_rejection_time: Duration::ZERO,
            ..server::Config::default()
        });
        let guest = Arc::new(Self {
            index,
            lets_in,
            patching: Patching::new(index),
        });
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if guest.patching.is_away() {
                    continue;
                }
                tokio::spawn(converse(Arc::clone(&config), socket, Arc::clone(&guest)));
            }
        });
        Ok(port)
    }

    /// What the guest's shell does with a script: it knows readiness, the probe and patching.
    fn run(&self, script: &[u8]) -> Ended {
        let boot = self.patching.boot_id();
        let text = str::from_utf8(script).unwrap_or_default();
        if let Some(answer) = self.patching.answer(text) {
            return Ended::printed(answer);
        }
        if script == lifecycle::READINESS_SCRIPT.as_bytes() {
            let uptime = self.patching.uptime();
            let text = format!("{boot}\n{uptime:.2} 9422.16\nrunning\n");
            return Ended::printed(text.into_bytes());
        }
        match probe::answer(script, &boot, &host_name(self.index)) {
            Some(answer) => Ended::printed(answer),
            None => Ended {
                status: 127,
                ..Ended::default()
            },
        }
    }

    async fn perform(&self, command: &Command, input: Vec<u8>) -> Ended {
        match command {
            Command::Script => self.run(&input),
            Command::BootId => {
                Ended::printed(format!("{}\n", self.patching.boot_id()).into_bytes())
            }
            Command::Python(words) => shell::run(words, input).await,
        }
    }
}

async fn converse(config: Arc<server::Config>, socket: TcpStream, guest: Arc<Guest>) {
    let conversation = Conversation {
        guest,
        command: Command::Script,
        input: Vec::new(),
    };
    if socket.set_nodelay(true).is_ok()
        && let Ok(session) = server::run_stream(config, socket, conversation).await
    {
        let _ = session.await;
    }
}

struct Conversation {
    guest: Arc<Guest>,
    command: Command,
    input: Vec<u8>,
}

impl server::Handler for Conversation {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        let known = key.public_key.key_data() == self.guest.lets_in.key_data();
        Ok(if known && user == USER {
            Auth::Accept
        } else {
            Auth::reject()
        })
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

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(command) = Command::read(command) else {
            return session.channel_failure(channel);
        };
        session.channel_success(channel)?;
        self.command = command;
        match self.command {
            // Whoever has a terminal does not end its input.
            Command::BootId => self.perform(channel, session).await,
            Command::Script | Command::Python(_) => Ok(()),
        }
    }

    async fn data(
        &mut self,
        _channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        let room = LONGEST.saturating_sub(self.input.len());
        self.input.extend_from_slice(&data[..data.len().min(room)]);
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        match self.command {
            Command::BootId => Ok(()),
            Command::Script | Command::Python(_) => self.perform(channel, session).await,
        }
    }
}

impl Conversation {
    async fn perform(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let input = std::mem::take(&mut self.input);
        let ended = self.guest.perform(&self.command, input).await;
        session.data(channel, ended.stdout)?;
        if !ended.stderr.is_empty() {
            session.extended_data(channel, 1, ended.stderr)?;
        }
        session.exit_status_request(channel, ended.status)?;
        session.eof(channel)?;
        session.close(channel)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_guest_has_an_address_of_its_own_on_loopback() {
        let addresses: HashSet<Ipv4Addr> = (0..MOST).map(address).collect();
        assert_eq!(addresses.len(), MOST);
        assert!(addresses.iter().all(Ipv4Addr::is_loopback));
        assert_eq!(address(0), Ipv4Addr::new(127, 1, 0, 1));
        assert_eq!(address(999), Ipv4Addr::new(127, 1, 3, 250));
    }

    #[test]
    fn each_guest_has_a_host_key_of_its_own_which_stays() {
        let keys: HashSet<String> = (0..50)
            .map(|index| public_host_key(index).unwrap())
            .collect();
        assert_eq!(keys.len(), 50);
        assert!(keys.contains(&public_host_key(7).unwrap()));
    }
}
