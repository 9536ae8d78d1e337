//! Who may answer at the SSH address of a guest or a node.
//!
//! ```text
//! key in the configuration ─► only that one
//! pinned key ─► accepted;  another one ─► asks the channel: confirmed ─► pinned anew, else refused
//! nothing pinned ─► asks the channel: listed ─► pinned, not listed ─► refused
//!                      └─ not readable ─► known_hosts ─► refused, naming `hospes trust`
//! ```

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use conditions::MachineId;
use journal::KeySource;
use ssh::{HostKeyJudge, KnownHosts, KnownHostsVerdict, PresentedKey};

use super::{AgentSlot, reported_keys};
use crate::clock::now;
use crate::store::Store;

/// The judge of one machine's host keys.
pub(crate) struct Judge {
    pub(crate) machine: MachineId,
    pub(crate) address: (String, u16),
    /// Keys in the configuration, as `algorithm base64`.
    pub(crate) configured: Vec<String>,
    pub(crate) known_hosts: Vec<PathBuf>,
    pub(crate) store: Arc<Store>,
    /// Absent for nodes, which have no agent channel.
    pub(crate) slot: Option<Arc<AgentSlot>>,
}

#[async_trait]
impl HostKeyJudge for Judge {
    async fn judge(&self, host: &str, port: u16, key: &PresentedKey) -> Result<(), String> {
        let is_guest = (host, port) == (self.address.0.as_str(), self.address.1);
        if !is_guest {
            return self.by_known_hosts(host, port, key, &advice_for_jump_host(host));
        }
        if !self.configured.is_empty() {
            return self.by_configuration(key);
        }
        let pinned = self.store.pinned(&self.machine)?;
        if pinned.contains(&key.openssh()) {
            return Ok(());
        }
        match (pinned.is_empty(), self.reported().await) {
            (_, Ok(listed)) if listed.contains(&key.openssh()) => {
                self.store
                    .pin(&self.machine, &listed, KeySource::Channel, now())
            }
            (_, Ok(_)) => Err(self.not_listed(key)),
            (false, Err(why)) => Err(self.changed(key, &pinned, &why)),
            (true, Err(_)) if self.slot.is_none() => {
                let advice = format!(
                    "compare the fingerprint at the console of {}, then add the key to known_hosts",
                    self.machine
                );
                self.by_known_hosts(host, port, key, &advice)
            }
            (true, Err(why)) => {
                let advice = format!(
                    "nothing is pinned for {guest} and the agent channel cannot confirm it \
                     ({why}); compare the fingerprint at the guest's console, then: \
                     hospes trust {guest} --fingerprint {print}",
                    guest = self.machine,
                    print = key.fingerprint(),
                );
                self.by_known_hosts(host, port, key, &advice)
            }
        }
    }

    fn preferred_algorithms(&self, host: &str, port: u16) -> Vec<String> {
        if (host, port) != (self.address.0.as_str(), self.address.1) {
            return KnownHosts::algorithms(&self.known_hosts, host, port);
        }
        let mut trusted = self.configured.clone();
        trusted.extend(self.store.pinned(&self.machine).unwrap_or_default());
        if trusted.is_empty() {
            return KnownHosts::algorithms(&self.known_hosts, host, port);
        }
        trusted
            .iter()
            .filter_map(|key| key.split(' ').next())
            .map(str::to_owned)
            .collect()
    }
}

impl Judge {
    /// The keys that the machine reports through its channel, or why it reports none.
    async fn reported(&self) -> Result<Vec<String>, String> {
        match &self.slot {
            Some(slot) => reported_keys(slot).await,
            None => Err("a node has none".to_owned()),
        }
    }

    fn by_configuration(&self, key: &PresentedKey) -> Result<(), String> {
        if self.configured.contains(&key.openssh()) {
            return Ok(());
        }
        Err(format!(
            "host key refused: {} presents {key}, which is not the key in the configuration \
             (ssh.host-key); correct it there if the guest's key was changed on purpose",
            self.machine
        ))
    }

    fn by_known_hosts(
        &self,
        host: &str,
        port: u16,
        key: &PresentedKey,
        advice: &str,
    ) -> Result<(), String> {
        match KnownHosts::lookup(&self.known_hosts, host, port, key) {
            KnownHostsVerdict::Match => Ok(()),
            KnownHostsVerdict::Changed { file, line } => Err(format!(
                "host key refused: {host}:{port} presents {key}, but {} line {line} has another \
                 key for it; remove that line if the key was changed on purpose",
                file.display()
            )),
            KnownHostsVerdict::Revoked => Err(format!(
                "host key refused: {key} of {host}:{port} is revoked in known_hosts"
            )),
            KnownHostsVerdict::Unknown => Err(format!(
                "host key not trusted: {host}:{port} presents {key}; {advice}"
            )),
        }
    }

    fn not_listed(&self, key: &PresentedKey) -> String {
        format!(
            "host key refused: {host}:{port} presents {key}, and {guest} reports through its agent \
             channel that this is not one of its keys; another machine answers at this address: \
             correct ssh.host and ssh.port of {guest}",
            host = self.address.0,
            port = self.address.1,
            guest = self.machine,
        )
    }

    fn changed(&self, key: &PresentedKey, pinned: &[String], why: &str) -> String {
        let known: Vec<_> = pinned
            .iter()
            .filter_map(|line| ssh::parse_public_key(line).ok())
            .map(|key| key.to_string())
            .collect();
        format!(
            "host key changed: {guest} presents {key}, pinned is {known}, and the agent channel \
             cannot confirm the change ({why}); if it was changed on purpose: \
             hospes trust {guest} --fingerprint {print}",
            guest = self.machine,
            known = known.join(", "),
            print = key.fingerprint(),
        )
    }
}

fn advice_for_jump_host(host: &str) -> String {
    format!("add the key of the jump host {host} to known_hosts after comparing it")
}
