//! The decision.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use thiserror::Error;

use super::card::is_template;
use super::{Card, FirewallFile, IpFilter};
use crate::GuestKind;

/// The firewall of one node: the datacenter's file, and the guests that are on the node.
#[derive(Debug, Clone, Default)]
pub struct NodeFirewall {
    datacenter: Option<FirewallFile>,
    guests: BTreeMap<u32, GuestFirewall>,
}

#[derive(Debug, Clone)]
struct GuestFirewall {
    kind: GuestKind,
    cards: Vec<Card>,
    file: Option<FirewallFile>,
}

/// Why an address does not tell who asks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unbound {
    /// An IPv6 address.
    #[error(
        "it is no IPv4 address, and Proxmox VE does not filter who answers for an IPv6 address"
    )]
    NotIpv4,
    /// No virtual machine of this number is configured on the node.
    #[error("there is no VM {0} on this node")]
    NotHere(u32),
    /// The datacenter's firewall does nothing.
    #[error("the datacenter's firewall is off")]
    DatacenterOff,
    /// ARP is not filtered.
    #[error("the datacenter's firewall does not filter ARP (ebtables: 0)")]
    ArpUnfiltered,
    /// The datacenter's file has a section that is not known.
    #[error("line {0} of cluster.fw begins a section that is not known")]
    UnknownSection(usize),
    /// No card of the guest is on a bridge.
    #[error("it has no network card on a bridge")]
    NoCard,
    /// A card of the guest is not filtered.
    #[error("its {card} is not filtered: {why}")]
    Open {
        /// The card.
        card: String,
        /// Why.
        why: CannotFilter,
    },
    /// The guest may not use the address.
    #[error("none of its IP filters names the address")]
    NotNamed {
        /// The card whose filter could name it.
        card: String,
    },
    /// Another guest could use the address.
    #[error("{} {vmid} could use it as well: its {card} on {bridge} is not kept from that: {why}{}", word(*.kind), and(*.others))]
    Shared {
        /// The other guest.
        vmid: u32,
        /// What it is.
        kind: GuestKind,
        /// Its card.
        card: String,
        /// The bridge that both are on.
        bridge: String,
        /// Why.
        why: CannotFilter,
        /// How many other cards could use it too.
        others: usize,
    },
}

/// Why a card is not known to be kept from using other addresses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CannotFilter {
    /// The guest's firewall does nothing.
    #[error("the guest's firewall is off")]
    GuestOff,
    /// The firewall does not see the card.
    #[error("it has no firewall=1")]
    CardOff,
    /// There is no filter of addresses.
    #[error("it has no IP filter")]
    NoFilter,
    /// Hardware addresses are not filtered.
    #[error("the guest may use any hardware address (macfilter: 0)")]
    AnyMac,
    /// Without an entry all ARP may pass.
    #[error("its IP filter has no IPv4 entry, and Proxmox VE then lets any ARP pass")]
    NoEntry,
    /// An entry is not an address or a net.
    #[error("the entry `{0}` of its IP filter is no address or net")]
    Entry(String),
    /// The guest's file has a section that is not known.
    #[error("line {0} of its firewall file begins a section that is not known")]
    UnknownSection(usize),
    /// The filter allows the address.
    #[error("its IP filter allows the address")]
    Allows,
}

const fn word(kind: GuestKind) -> &'static str {
    match kind {
        GuestKind::Qemu => "VM",
        GuestKind::Lxc => "container",
    }
}

fn and(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and 1 more card)".to_owned(),
        more => format!(" (and {more} more cards)"),
    }
}

impl NodeFirewall {
    /// A node's firewall, by the datacenter's file (`firewall/cluster.fw`) if there is one.
    #[must_use]
    pub fn new(datacenter: Option<&str>) -> Self {
        Self {
            datacenter: datacenter.map(FirewallFile::parse),
            guests: BTreeMap::new(),
        }
    }

    /// Adds a guest of the node: its configuration, and its firewall file if there is one. Templates
    /// never run and are passed over.
    pub fn add(&mut self, vmid: u32, kind: GuestKind, config: &str, firewall: Option<&str>) {
        if is_template(config) {
            return;
        }
        let guest = GuestFirewall {
            kind,
            cards: Card::read(config),
            file: firewall.map(FirewallFile::parse),
        };
        self.guests.insert(vmid, guest);
    }

    /// Whether the address is that of the virtual machine `vmid` and of nobody else.
    ///
    /// # Errors
    /// Why not; see the module.
    pub fn binds(&self, vmid: u32, address: IpAddr) -> Result<(), Unbound> {
        let IpAddr::V4(address) = address.to_canonical() else {
            return Err(Unbound::NotIpv4);
        };
        self.is_on()?;
        let guest = self.guests.get(&vmid);
        let guest = guest.filter(|guest| guest.kind == GuestKind::Qemu);
        let bridges = guest.ok_or(Unbound::NotHere(vmid))?.bridges_of(address)?;
        let others = self.guests.iter().filter(|(other, _)| **other != vmid);
        let mut open = others.flat_map(|(other, guest)| guest.could_use(*other, address, &bridges));
        let Some(mut first) = open.next() else {
            return Ok(());
        };
        if let Unbound::Shared { others, .. } = &mut first {
            *others = open.count();
        }
        Err(first)
    }

    fn is_on(&self) -> Result<(), Unbound> {
        let Some(file) = &self.datacenter else {
            return Err(Unbound::DatacenterOff);
        };
        if let Some(line) = file.unknown() {
            return Err(Unbound::UnknownSection(line));
        }
        if !file.is_on("enable") {
            return Err(Unbound::DatacenterOff);
        }
        if file.is_off("ebtables") {
            return Err(Unbound::ArpUnfiltered);
        }
        Ok(())
    }
}

impl GuestFirewall {
    /// The bridges on which this guest may use the address, all of its cards being filtered.
    fn bridges_of(&self, address: Ipv4Addr) -> Result<Vec<&str>, Unbound> {
        let first = self.cards.first().ok_or(Unbound::NoCard)?;
        let mut bridges = Vec::new();
        for card in &self.cards {
            let filter = self.filter(card).map_err(|why| Unbound::Open {
                card: card.name.clone(),
                why,
            })?;
            if filter.allows(address) {
                bridges.push(card.bridge.as_str());
            }
        }
        if bridges.is_empty() {
            let card = first.name.clone();
            return Err(Unbound::NotNamed { card });
        }
        Ok(bridges)
    }

    /// The cards of this guest, which is `vmid`, that are on one of the bridges and could use an
    /// address that is another's.
    fn could_use<'a>(
        &'a self,
        vmid: u32,
        address: Ipv4Addr,
        bridges: &'a [&str],
    ) -> impl Iterator<Item = Unbound> + 'a {
        let cards = self.cards.iter();
        let cards = cards.filter(|card| bridges.contains(&card.bridge.as_str()));
        cards.filter_map(move |card| {
            let why = self.is_kept_from(card, address).err()?;
            Some(Unbound::Shared {
                vmid,
                kind: self.kind,
                card: card.name.clone(),
                bridge: card.bridge.clone(),
                why,
                others: 0,
            })
        })
    }

    fn is_kept_from(&self, card: &Card, address: Ipv4Addr) -> Result<(), CannotFilter> {
        let filter = self.filter(card)?;
        let says_off = |file: &FirewallFile| file.is_off("macfilter");
        if self.file.as_ref().is_some_and(says_off) {
            return Err(CannotFilter::AnyMac);
        }
        // A container may use its own address whether or not its set names it.
        if filter.allows(address) || card.address == Some(address) {
            return Err(CannotFilter::Allows);
        }
        if filter.is_empty() {
            return Err(CannotFilter::NoEntry);
        }
        Ok(())
    }

    /// The filter that is in effect for a card.
    fn filter(&self, card: &Card) -> Result<IpFilter, CannotFilter> {
        let file = self.file.as_ref().ok_or(CannotFilter::GuestOff)?;
        if let Some(line) = file.unknown() {
            return Err(CannotFilter::UnknownSection(line));
        }
        if !file.is_on("enable") {
            return Err(CannotFilter::GuestOff);
        }
        if !card.has_firewall {
            return Err(CannotFilter::CardOff);
        }
        let filter = file.filter(&card.name).ok_or(CannotFilter::NoFilter)?;
        if let Some(entry) = filter.unknown() {
            return Err(CannotFilter::Entry(entry.to_owned()));
        }
        let own = card.address.filter(|_| file.is_on("ipfilter"));
        Ok(filter.and(own))
    }
}

impl Unbound {
    /// What to do about it, on the node: commands where one helps. `vmid` and `address` are those that
    /// were asked about.
    #[must_use]
    pub fn remedy(&self, vmid: u32, address: IpAddr) -> String {
        match self {
            Self::NotIpv4 => "name the guest's IPv4 address in metadata.address".to_owned(),
            Self::NotHere(_) => "the node that it is on serves it".to_owned(),
            Self::DatacenterOff => {
                "pvesh set /cluster/firewall/options --enable 1, once its rules let you and the nodes in"
                    .to_owned()
            }
            Self::ArpUnfiltered => "pvesh set /cluster/firewall/options --ebtables 1".to_owned(),
            Self::UnknownSection(_) => {
                "take the section out of /etc/pve/firewall/cluster.fw, or use a newer hospes".to_owned()
            }
            Self::NoCard => format!("give VM {vmid} a network card on the bridge"),
            Self::Open { card, why } => why.remedy(GuestKind::Qemu, vmid, card),
            Self::NotNamed { card } => allow(GuestKind::Qemu, vmid, card, &address.to_string()),
            Self::Shared {
                vmid,
                kind,
                card,
                bridge,
                why,
                ..
            } => {
                let remedy = why.remedy(*kind, *vmid, card);
                format!("{remedy}; or take it off {bridge}")
            }
        }
    }
}

impl CannotFilter {
    fn remedy(&self, kind: GuestKind, vmid: u32, card: &str) -> String {
        let path = path(kind, vmid);
        match self {
            Self::GuestOff => {
                format!(
                    "pvesh set {path}/options --enable 1, once its rules let in who shall get in"
                )
            }
            Self::CardOff => format!(
                "add firewall=1 to {card} ({} config {vmid}, {} set {vmid} --{card} ...,firewall=1)",
                program(kind),
                program(kind)
            ),
            Self::NoFilter | Self::NoEntry => allow(kind, vmid, card, "the addresses that it uses"),
            Self::AnyMac => format!("pvesh set {path}/options --macfilter 1"),
            Self::Entry(entry) => {
                format!(
                    "replace `{entry}` in ipfilter-{card} of {vmid} by the address that is meant"
                )
            }
            Self::UnknownSection(_) => {
                format!("take the section out of /etc/pve/firewall/{vmid}.fw")
            }
            Self::Allows => format!("take the address out of ipfilter-{card} of {vmid}"),
        }
    }
}

/// How a filter comes to name an address.
fn allow(kind: GuestKind, vmid: u32, card: &str, what: &str) -> String {
    let path = path(kind, vmid);
    format!(
        "pvesh create {path}/ipset --name ipfilter-{card} (unless it is there), then pvesh create \
         {path}/ipset/ipfilter-{card} --cidr with {what}"
    )
}

fn path(kind: GuestKind, vmid: u32) -> String {
    let word = match kind {
        GuestKind::Qemu => "qemu",
        GuestKind::Lxc => "lxc",
    };
    format!("/nodes/$(hostname)/{word}/{vmid}/firewall")
}

const fn program(kind: GuestKind) -> &'static str {
    match kind {
        GuestKind::Qemu => "qm",
        GuestKind::Lxc => "pct",
    }
}
