//! Network cards in the configuration of a machine or a container.

use std::net::Ipv4Addr;

use crate::answers::field::flag_of;

/// A card of a guest that is on a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `net0`
    pub name: String,
    /// `vmbr0`
    pub bridge: String,
    /// Whether the firewall sees what it sends (`firewall=1`).
    pub has_firewall: bool,
    /// The address that a container is given by its configuration.
    pub(super) address: Option<Ipv4Addr>,
}

impl Card {
    /// The cards that `qemu-server/VMID.conf` or `lxc/VMID.conf` names. What is pending and what
    /// belongs to snapshots stands in sections below, and is not running.
    #[must_use]
    pub fn read(config: &str) -> Vec<Self> {
        running(config)
            .filter_map(|(key, value)| Self::parse(key, value))
            .collect()
    }

    /// `net0` and `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1`.
    fn parse(key: &str, value: &str) -> Option<Self> {
        let number = key.strip_prefix("net")?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut card = Self {
            name: key.to_owned(),
            bridge: String::new(),
            has_firewall: false,
            address: None,
        };
        for part in value.split(',') {
            match part.trim().split_once('=') {
                Some(("bridge", bridge)) => bridge.clone_into(&mut card.bridge),
                Some(("firewall", flag)) => card.has_firewall = is_true(flag),
                Some(("ip", ip)) => card.address = ip.split('/').next()?.parse().ok(),
                _ => {}
            }
        }
        (!card.bridge.is_empty()).then_some(card)
    }
}

/// Whether the configuration is that of a template, which never runs.
pub(super) fn is_template(config: &str) -> bool {
    running(config).any(|(key, value)| key == "template" && is_true(value))
}

fn running(config: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = config.lines().map(str::trim);
    let above = lines.take_while(|line| !line.starts_with('['));
    above
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim_end(), value.trim_start()))
}

fn is_true(text: &str) -> bool {
    flag_of(text) == Some(true)
}
