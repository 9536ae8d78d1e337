//! The `qemu` backend as the operations see it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use conditions::{GuestId, NodeName, Observation, Timestamp};
use lifecycle::gate::{RestartOrder, ShutdownOrder, StartOrder};
use lifecycle::ports::{AgentChannel, Asked, Hypervisor, HypervisorError, StartReport};

use crate::channel::{AgentLines, LocalChannel, NoChannel};
use crate::guest::LocalGuest;
use crate::observe::look;
use crate::shutdown::ask_agent;
use crate::start::Starter;

/// The machines of this host that were started with QMP and agent sockets.
#[derive(Debug)]
pub struct QemuHypervisor {
    node: NodeName,
    guests: BTreeMap<GuestId, LocalGuest>,
    starter: Starter,
    lines: AgentLines,
}

impl QemuHypervisor {
    /// The machines `guests` of this host, called `node`. What their start commands print goes to
    /// `<log_dir>/<guest>.log`. Starting one runs this very program again, which has to call
    /// [`crate::launch::run`] when its first argument is [`crate::launch::ARG`].
    #[must_use]
    pub fn new(node: NodeName, guests: BTreeMap<GuestId, LocalGuest>, log_dir: PathBuf) -> Self {
        let starter = Starter {
            launcher: this_program(),
            log_dir,
        };
        Self {
            node,
            guests,
            starter,
            lines: AgentLines::default(),
        }
    }

    /// The same with another program to start machines through.
    #[must_use]
    pub fn with_launcher(mut self, launcher: PathBuf) -> Self {
        self.starter.launcher = launcher;
        self
    }

    pub(crate) fn guest(&self, id: &GuestId) -> Result<&LocalGuest, HypervisorError> {
        self.guests
            .get(id)
            .ok_or_else(|| HypervisorError::UnknownGuest(id.clone()))
    }

    /// An order is for the place where the guest was seen.
    pub(crate) fn ordered(
        &self,
        id: &GuestId,
        node: &NodeName,
    ) -> Result<&LocalGuest, HypervisorError> {
        if *node == self.node {
            return self.guest(id);
        }
        let here = &self.node;
        Err(HypervisorError::Refused(format!(
            "{id} was seen on {node}, but this is {here}"
        )))
    }
}

#[async_trait]
impl Hypervisor for QemuHypervisor {
    async fn observe(&self, id: &GuestId) -> Result<Observation, HypervisorError> {
        let sight = look(self.guest(id)?).await?;
        Ok(Observation {
            guest: id.clone(),
            node: self.node.clone(),
            run_state: sight.run_state,
            lock: sight.lock,
            channel_device: sight.channel_device,
            cluster: None,
            evidence: sight.evidence,
            at: now(),
        })
    }

    async fn channel(&self, id: &GuestId) -> Result<Box<dyn AgentChannel>, HypervisorError> {
        let guest = self.guest(id)?;
        Ok(match &guest.agent {
            Some(socket) => Box::new(LocalChannel(self.lines.line(id, guest, socket))),
            None => Box::new(NoChannel),
        })
    }

    async fn shutdown(
        &self,
        order: ShutdownOrder,
        deadline: Duration,
    ) -> Result<Asked, HypervisorError> {
        let id = order.guest();
        let guest = self.ordered(id, order.node())?;
        let Some(socket) = &guest.agent else {
            return Err(HypervisorError::NotConfigured(format!(
                "{id} cannot be asked to shut down: its configuration names no `agent` socket"
            )));
        };
        ask_agent(&self.lines.line(id, guest, socket), deadline).await
    }

    async fn restart(
        &self,
        order: RestartOrder,
        _deadline: Duration,
    ) -> Result<Asked, HypervisorError> {
        let id = order.guest();
        Err(HypervisorError::Refused(format!(
            "{id} cannot be restarted in one request: no high availability of this host would \
             power it on again; shut it down and start it"
        )))
    }

    async fn start(
        &self,
        order: StartOrder,
        deadline: Duration,
    ) -> Result<StartReport, HypervisorError> {
        let guest = self.ordered(order.guest(), order.node())?;
        self.starter.power_on(order.guest(), guest, deadline).await
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The file of this program. Where an upgrade has replaced it, the kernel still has the one that
/// runs; systemd-run executes it for us, so the link must not be that of `self`.
fn this_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(path) if path.exists() => path,
        _ => PathBuf::from(format!("/proc/{}/exe", std::process::id())),
    }
}
