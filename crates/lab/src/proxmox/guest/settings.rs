//! What the cluster knows of a guest beside its run state.

use std::collections::BTreeMap;

/// A guest's configuration and its place in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuestSettings {
    /// The running configuration: `agent`, `memory`, `boot`. Without `agent` there is no agent
    /// channel; a `lock` is a configuration lock.
    pub config: BTreeMap<String, String>,
    /// What will change at the next start, by key.
    pub pending: BTreeMap<String, PendingChange>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The pool that it is in.
    pub pool: Option<String>,
    /// It is a template, which does not run.
    pub template: bool,
    /// It is under high availability.
    pub ha: Option<HaSettings>,
    /// Devices of its node that it uses (`hostpci0`): it cannot leave while it runs.
    pub local_resources: Vec<String>,
    /// Volumes that only its node has.
    pub local_disks: Vec<String>,
}

/// A change that waits for the next start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PendingChange {
    /// The key will have this value.
    Value(String),
    /// The key will be gone.
    Delete,
}

/// How high availability keeps a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HaSettings {
    /// The requested state: `started`, `stopped`, `disabled`, `ignored`.
    pub state: String,
    /// The nodes of its group, which it does not leave; all where it has none.
    pub only_on: Option<Vec<String>>,
}

impl HaSettings {
    /// A guest that is kept running.
    #[must_use]
    pub fn started() -> Self {
        Self {
            state: "started".to_owned(),
            only_on: None,
        }
    }

    /// The same, restricted to a group of nodes.
    #[must_use]
    pub fn only_on(mut self, nodes: &[&str]) -> Self {
        self.only_on = Some(nodes.iter().map(|&node| node.to_owned()).collect());
        self
    }

    /// Whether operations on the guest go through the resource manager.
    pub(in crate::proxmox) fn is_managed(&self) -> bool {
        self.state != "ignored"
    }
}

impl GuestSettings {
    pub(super) fn for_guest(name: &str, memory_mib: u64) -> Self {
        let pairs = [
            ("agent", "1".to_owned()),
            ("boot", "order=scsi0".to_owned()),
            ("cores", "1".to_owned()),
            ("memory", memory_mib.to_string()),
            ("name", name.to_owned()),
            ("ostype", "l26".to_owned()),
        ];
        Self {
            config: pairs.map(|(key, value)| (key.to_owned(), value)).into(),
            ..Self::default()
        }
    }

    /// Whether the agent is enabled: `1`, `enabled=1`, `1,fstrim_cloned_disks=1`.
    pub(in crate::proxmox) fn agent_is_enabled(&self) -> bool {
        self.config.get("agent").is_some_and(|value| {
            let first = value.split(',').next().unwrap_or_default();
            matches!(
                first.strip_prefix("enabled=").unwrap_or(first),
                "1" | "on" | "yes" | "true"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_key_is_read_in_all_its_forms() {
        for (value, enabled) in [("1", true), ("enabled=1,type=virtio", true), ("0", false)] {
            let mut settings = GuestSettings::for_guest("web", 384);
            settings.config.insert("agent".to_owned(), value.to_owned());
            assert_eq!(settings.agent_is_enabled(), enabled, "{value}");
        }
        assert!(!GuestSettings::default().agent_is_enabled());
    }
}
