//! A local machine's agent channel.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use conditions::GuestId;
use lifecycle::ports::{AgentChannel, ChannelError};
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};

use crate::AgentClient;
use crate::guest::LocalGuest;
use crate::observe::agent_is_held;

/// How long another client may take to leave: one that asks a question is gone sooner.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long to wait between two looks at a socket that is held.
const POLL: Duration = Duration::from_millis(50);

/// The way to the agent of one machine. QEMU lets a second client connect and leaves it waiting,
/// which would look like a dead agent; so the monitor is asked before the first call who is there.
#[derive(Debug)]
pub(crate) struct AgentLine {
    guest: LocalGuest,
    socket: PathBuf,
    client: AgentClient,
    seen_free: OnceCell<()>,
}

impl AgentLine {
    fn new(guest: LocalGuest, socket: PathBuf) -> Self {
        let client = AgentClient::new(socket.clone());
        Self {
            guest,
            socket,
            client,
            seen_free: OnceCell::new(),
        }
    }

    /// The machine.
    pub(crate) const fn guest(&self) -> &LocalGuest {
        &self.guest
    }

    /// The client, for what is no plain call. The socket must have been seen free.
    pub(crate) const fn client(&self) -> &AgentClient {
        &self.client
    }
}

#[async_trait]
impl AgentChannel for AgentLine {
    async fn call(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ChannelError> {
        let begun = Instant::now();
        let check = || wait_until_free(&self.guest, &self.socket, deadline);
        self.seen_free.get_or_try_init(check).await?;
        let left = deadline.saturating_sub(begun.elapsed());
        self.client.call(command, arguments, left).await
    }
}

/// The lines that are in use. A second one to the same machine would find the first in its way.
#[derive(Debug, Default)]
pub(crate) struct AgentLines(Mutex<BTreeMap<GuestId, Weak<AgentLine>>>);

impl AgentLines {
    /// The line to `guest` whose agent is at `socket`; nothing is connected before its first call.
    pub(crate) fn line(&self, id: &GuestId, guest: &LocalGuest, socket: &Path) -> Arc<AgentLine> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(id).and_then(Weak::upgrade) {
            return line;
        }
        let line = Arc::new(AgentLine::new(guest.clone(), socket.to_owned()));
        lines.insert(id.clone(), Arc::downgrade(&line));
        line
    }
}

/// A share in a line, which ends with its last one.
#[derive(Debug)]
pub(crate) struct LocalChannel(pub(crate) Arc<AgentLine>);

#[async_trait]
impl AgentChannel for LocalChannel {
    async fn call(
        &self,
        command: &str,
        arguments: Value,
        deadline: Duration,
    ) -> Result<Value, ChannelError> {
        self.0.call(command, arguments, deadline).await
    }
}

/// Waits for the agent's socket to be free of other clients, for at most half of `deadline`. What
/// the monitor does not tell in time is left to the call itself to find out.
async fn wait_until_free(
    guest: &LocalGuest,
    socket: &Path,
    deadline: Duration,
) -> Result<(), ChannelError> {
    let end = Instant::now() + PATIENCE.min(deadline / 2);
    let left = || end.saturating_duration_since(Instant::now());
    let mut was_held = false;
    loop {
        match timeout(left(), agent_is_held(guest, socket)).await {
            Ok(Ok(true)) => was_held = true,
            Err(_) if was_held => {}
            Ok(_) | Err(_) => return Ok(()),
        }
        if left().is_zero() {
            return Err(ChannelError::Held(format!(
                "{} has one already, and it serves one at a time; disconnect it (`ss -xp` names \
                 the processes), or wait for it",
                socket.display()
            )));
        }
        sleep(POLL.min(left())).await;
    }
}

/// The channel of a machine whose configuration names none.
#[derive(Debug)]
pub(crate) struct NoChannel;

#[async_trait]
impl AgentChannel for NoChannel {
    async fn call(&self, _: &str, _: Value, _: Duration) -> Result<Value, ChannelError> {
        Err(ChannelError::NotConfigured(
            "add `agent`, the socket of the chardev behind its virtio-serial port \
             org.qemu.guest_agent.0, to the guest's configuration"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_channels_to_one_machine_share_a_line_until_both_are_gone() {
        let lines = AgentLines::default();
        let (id, socket) = ("vm".parse().unwrap(), PathBuf::from("/run/vm/agent"));
        let guest = LocalGuest {
            qmp: "/run/vm/qmp".into(),
            agent: Some(socket.clone()),
            start: None,
            deadlines: crate::Deadlines::default(),
        };
        let first = lines.line(&id, &guest, &socket);
        let second = lines.line(&id, &guest, &socket);
        assert!(Arc::ptr_eq(&first, &second));
        let gone = Arc::downgrade(&first);
        drop((first, second));
        assert!(gone.upgrade().is_none(), "nothing keeps the socket");
        lines.line(&id, &guest, &socket);
    }
}
