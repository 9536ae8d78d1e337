//! SSH to one guest, whose address may have to be found first.
//!
//! ```text
//! fixed: one shell
//! found: no address ──the sources in turn, else where it was found last──► shell
//!           ▲  an answer is kept while it works; what cannot be reached is looked for anew, at most
//!           └─ every quarter of a minute: asking an agent that is silent is dear
//! ```

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, Via};
use config::AddressSource;
use lifecycle::ports::{GuestShell, Output, Privilege, ShellError};
use qga::commands::{self, Interfaces};
use ssh::{SshShell, Target};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::AgentSlot;
use super::address::choose;
use crate::clock::now;
use crate::store::Store;

/// How long an address that does not answer is kept before it is looked for anew.
const PATIENCE: Duration = Duration::from_secs(15);

/// What the name service may take.
const LOOK_UP: Duration = Duration::from_secs(5);

/// A way to log in to one guest.
pub(crate) struct Login {
    finder: Option<Finder>,
    shell: Box<dyn Fn(&str) -> SshShell + Send + Sync>,
    current: Mutex<Option<Current>>,
}

struct Current {
    host: String,
    shell: Arc<SshShell>,
    found: Instant,
    is_doubtful: bool,
}

/// Who knows where a guest is.
pub(crate) struct Finder {
    pub(crate) guest: GuestId,
    pub(crate) sources: Vec<AddressSource>,
    /// Its name in Proxmox VE.
    pub(crate) name: Option<String>,
    pub(crate) store: Arc<Store>,
    pub(crate) slot: Arc<AgentSlot>,
}

impl Login {
    /// A guest at `host`.
    pub(crate) fn at(host: &str, shell: impl Fn(&str) -> SshShell + Send + Sync + 'static) -> Self {
        let current = Current::new(host.to_owned(), &shell);
        Self {
            finder: None,
            shell: Box::new(shell),
            current: Mutex::new(Some(current)),
        }
    }

    /// A guest that is looked for when it is first needed.
    pub(crate) fn found(
        finder: Finder,
        shell: impl Fn(&str) -> SshShell + Send + Sync + 'static,
    ) -> Self {
        Self {
            finder: Some(finder),
            shell: Box::new(shell),
            current: Mutex::new(None),
        }
    }

    /// Where it leads now.
    pub(crate) async fn target(&self) -> Result<Target, ShellError> {
        Ok(self.shell().await?.target().clone())
    }

    /// Closes the connection; the next script opens a new one, and finds the guest that is there
    /// then.
    pub(crate) async fn disconnect(&self) {
        let shell = {
            let mut current = self.current.lock().await;
            current.as_mut().map(|current| {
                current.is_doubtful = true;
                Arc::clone(&current.shell)
            })
        };
        if let Some(shell) = shell {
            shell.disconnect().await;
        }
    }

    async fn shell(&self) -> Result<Arc<SshShell>, ShellError> {
        let mut current = self.current.lock().await;
        let Some(finder) = &self.finder else {
            let shell = current.as_ref().map(|current| Arc::clone(&current.shell));
            return shell.ok_or_else(|| ShellError::Unreachable("no address".to_owned()));
        };
        if let Some(kept) = current.as_mut()
            && !kept.is_stale()
        {
            return Ok(Arc::clone(&kept.shell));
        }
        let known = current.as_ref().map(|kept| kept.host.clone());
        let host = finder.find(known).await.map_err(ShellError::Unreachable)?;
        let kept = current.take().filter(|kept| kept.host == host);
        let kept = kept.map_or_else(|| Current::new(host, &self.shell), Current::confirmed);
        let shell = Arc::clone(&kept.shell);
        *current = Some(kept);
        Ok(shell)
    }
}

#[async_trait]
impl GuestShell for Login {
    fn via(&self) -> Via {
        Via::Ssh
    }

    async fn run(
        &self,
        script: &str,
        privilege: Privilege,
        limit: usize,
        deadline: Duration,
    ) -> Result<Output, ShellError> {
        let shell = self.shell().await?;
        shell.run(script, privilege, limit, deadline).await
    }
}

impl Current {
    fn new(host: String, shell: impl Fn(&str) -> SshShell) -> Self {
        Self {
            shell: Arc::new(shell(&host)),
            host,
            found: Instant::now(),
            is_doubtful: false,
        }
    }

    fn confirmed(self) -> Self {
        Self {
            found: Instant::now(),
            is_doubtful: false,
            ..self
        }
    }

    fn is_stale(&self) -> bool {
        self.is_doubtful && self.found.elapsed() > PATIENCE
    }
}

impl Finder {
    /// Where the guest is: what a source says now, else `known`, else where it was found last.
    async fn find(&self, known: Option<String>) -> Result<String, String> {
        let mut troubles = Vec::new();
        for source in &self.sources {
            match self.ask(source).await {
                Ok(address) => return Ok(self.remembered(address)),
                Err(why) => troubles.push(why),
            }
        }
        let last = || {
            let known = self.store.journal().known_address(&self.guest);
            known.ok().flatten().map(|known| known.address.to_string())
        };
        known.or_else(last).ok_or_else(|| {
            let guest = &self.guest;
            format!(
                "no address of {guest} is known: {}; name it in [guest.{guest}.ssh] as `host`",
                troubles.join("; ")
            )
        })
    }

    fn remembered(&self, address: IpAddr) -> String {
        // Without it the guest is looked for again the next time.
        let journal = self.store.journal();
        drop(journal.remember_address(&self.guest, address, now()));
        address.to_string()
    }

    async fn ask(&self, source: &AddressSource) -> Result<IpAddr, String> {
        match source {
            AddressSource::Agent { networks } => {
                let agent = self.slot.agent().await.map_err(|error| error.to_string())?;
                let answer = agent.send(commands::network_interfaces()).await;
                let answer = answer.map_err(|error| error.to_string())?;
                let interfaces = Interfaces::from_result(answer);
                let interfaces = interfaces.map_err(|error| error.to_string())?;
                choose(&interfaces, networks).ok_or_else(|| {
                    "its agent reports no address that can be reached from elsewhere (or none in \
                     ssh.networks)"
                        .to_owned()
                })
            }
            AddressSource::Dns { domain } => self.look_up(domain.as_deref()).await,
        }
    }

    async fn look_up(&self, domain: Option<&str>) -> Result<IpAddr, String> {
        let name = self.name.as_deref().ok_or("it has no name to look up")?;
        let name = match domain {
            Some(domain) if !name.contains('.') => format!("{name}.{domain}"),
            _ => name.to_owned(),
        };
        let found = timeout(LOOK_UP, tokio::net::lookup_host((name.as_str(), 0))).await;
        let mut found = found
            .map_err(|_| format!("the name service did not find {name} within {LOOK_UP:?}"))?
            .map_err(|error| format!("{name} cannot be looked up: {error}"))?;
        let address = found.next().map(|address| address.ip());
        address.ok_or_else(|| format!("{name} has no address"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use conditions::NodeName;
    use hypervisor_qemu::QemuHypervisor;

    use super::*;

    /// A finder whose agent cannot be reached.
    fn finder(state: &Path, name: Option<&str>) -> Finder {
        let guest: GuestId = "web".parse().unwrap();
        let node = NodeName::new("here");
        let hypervisor = QemuHypervisor::new(node, BTreeMap::new(), state.to_owned());
        let second = Duration::from_secs(1);
        Finder {
            sources: vec![
                AddressSource::Agent { networks: vec![] },
                AddressSource::Dns { domain: None },
            ],
            name: name.map(str::to_owned),
            store: Arc::new(Store::open(state).unwrap()),
            slot: Arc::new(AgentSlot::new(guest.clone(), Arc::new(hypervisor), second)),
            guest,
        }
    }

    #[tokio::test]
    async fn a_silent_agent_leaves_the_name_service_and_then_the_last_address() {
        let state = tempfile::tempdir().unwrap();
        let unnamed = finder(state.path(), None);
        let nowhere = unnamed.find(None).await.unwrap_err();
        assert!(nowhere.contains("no address of web is known"), "{nowhere}");
        assert!(nowhere.contains("[guest.web.ssh]"), "{nowhere}");

        let named = finder(state.path(), Some("localhost"));
        let found = named.find(None).await.unwrap();
        assert!(found.parse::<IpAddr>().unwrap().is_loopback(), "{found}");

        let kept = "192.0.2.7".to_owned();
        assert_eq!(unnamed.find(Some(kept.clone())).await, Ok(kept));
        assert_eq!(unnamed.find(None).await, Ok(found));
    }
}
