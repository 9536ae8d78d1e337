//! Guests as SSH sees them: each an address, a host key and a boot of its own.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{self, Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::net::{TcpListener, TcpStream};

use super::serve::USER;

/// As many as there are addresses.
pub(super) const MOST: usize = 250 * 250;

/// The longest script that is kept.
const LONGEST: usize = 64 << 10;

/// One guest's address: 127.1.0.1 and so on. All of 127.0.0.0/8 is loopback.
pub(super) fn address(index: usize) -> Ipv4Addr {
    let octet = |number: usize| u8::try_from(number % 250).unwrap_or_default();
    Ipv4Addr::new(127, 1, octet(index / 250), octet(index) + 1)
}

/// One guest's boot id.
pub(in crate::bench) fn boot_id(index: usize) -> String {
    format!("{index:08x}-0000-4000-8000-000000000000")
}

/// What every connection to one guest shares.
pub(super) struct Guest {
    index: usize,
    lets_in: PublicKey,
}

impl Guest {
    /// Listens at the guest's address on a free port, which is returned.
    pub(super) async fn listen(
        index: usize,
        host_key: PrivateKey,
        lets_in: PublicKey,
    ) -> Result<u16> {
        let address = address(index);
        let listener = TcpListener::bind((address, 0))
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let port = listener
            .local_addr()
            .context("a listener has an address")?
            .port();
        let config = Arc::new(server::Config {
            keys: vec![host_key],
            auth_rejection_time: Duration::ZERO,
            ..server::Config::default()
        });
        let guest = Arc::new(Self { index, lets_in });
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(converse(Arc::clone(&config), socket, Arc::clone(&guest)));
            }
        });
        Ok(port)
    }

    /// What the guest's shell does with a script: it knows a single one.
    fn run(&self, script: &[u8]) -> (u32, Vec<u8>) {
        if script == lifecycle::READINESS_SCRIPT.as_bytes() {
            let boot = boot_id(self.index);
            (
                0,
                format!("{boot}\n4711.08 9422.16\nrunning\n").into_bytes(),
            )
        } else {
            (127, Vec::new())
        }
    }
}

async fn converse(config: Arc<server::Config>, socket: TcpStream, guest: Arc<Guest>) {
    let conversation = Conversation {
        guest,
        script: Vec::new(),
    };
    if socket.set_nodelay(true).is_ok()
        && let Ok(session) = server::run_stream(config, socket, conversation).await
    {
        let _ = session.await;
    }
}

struct Conversation {
    guest: Arc<Guest>,
    script: Vec<u8>,
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

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        if command == b"/bin/sh -s" {
            session.channel_success(channel)
        } else {
            session.channel_failure(channel)
        }
    }

    async fn data(
        &mut self,
        _channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        let room = LONGEST.saturating_sub(self.script.len());
        self.script.extend_from_slice(&data[..data.len().min(room)]);
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let (status, printed) = self.guest.run(&std::mem::take(&mut self.script));
        session.data(channel, printed)?;
        session.exit_status_request(channel, status)?;
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
}
