//! The format of `cluster.fw` and `VMID.fw`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One firewall file, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirewallFile {
    options: BTreeMap<String, String>,
    sets: BTreeMap<String, IpFilter>,
    unknown: Option<usize>,
}

/// The addresses that a card may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpFilter {
    nets: Vec<Net>,
    unknown: Option<String>,
}

/// An IPv4 net; an address is one of 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Net {
    address: u32,
    bits: u32,
}

/// Where the reader is.
#[derive(Debug, PartialEq, Eq)]
enum Section {
    None,
    Options,
    Set(String),
    /// Aliases, groups and rules change nothing about who may use an address.
    Other,
    Unknown,
}

/// Longer texts are cut when they are told.
const TOLD: usize = 60;

impl FirewallFile {
    /// Reads a file. Whatever is in it, there is a result.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut file = Self::default();
        let mut section = Section::None;
        for (number, line) in (1..).zip(text.split('\n')) {
            let line = line.trim_matches([' ', '\t']);
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with('[') {
                section = Section::named(line);
            }
            match &section {
                Section::Unknown => {
                    file.unknown.get_or_insert(number);
                }
                _ if line.starts_with('[') => file.open(&section),
                Section::Options => file.option(line),
                Section::Set(name) => {
                    file.sets.entry(name.clone()).or_default().entry(line);
                }
                Section::None | Section::Other => {}
            }
        }
        file
    }

    /// A set that is written twice is the second one.
    fn open(&mut self, section: &Section) {
        if let Section::Set(name) = section {
            self.sets.insert(name.clone(), IpFilter::default());
        }
    }

    /// The last of several counts.
    fn option(&mut self, line: &str) {
        if let Some((name, value)) = line.split_once(':') {
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            if is_read(&name, value) {
                self.options.insert(name, value.to_owned());
            }
        }
    }

    /// Whether an option is 1. A datacenter's `enable` may also be the time at which it was turned on
    /// for a minute: that is no filter to rely on.
    pub(super) fn is_on(&self, option: &str) -> bool {
        self.options.get(option).is_some_and(|value| value == "1")
    }

    pub(super) fn is_off(&self, option: &str) -> bool {
        self.options.get(option).is_some_and(|value| value == "0")
    }

    /// The number of the first line of a section that is not known.
    pub(super) const fn unknown(&self) -> Option<usize> {
        self.unknown
    }

    /// The addresses that a card (`net0`) may use, where that is filtered: by a set of its own
    /// (`[IPSET ipfilter-net0]`), else by `ipfilter: 1`, which without a set lets none pass.
    #[must_use]
    pub fn filter(&self, card: &str) -> Option<IpFilter> {
        let own = self.sets.get(&format!("ipfilter-{card}")).cloned();
        own.or_else(|| self.is_on("ipfilter").then(IpFilter::default))
    }
}

/// The options that are looked at; all are 0 or 1, `enable` of the datacenter is a number.
const OPTIONS: [&str; 4] = ["enable", "ipfilter", "macfilter", "ebtables"];

/// Proxmox VE leaves an option as it was that it cannot read.
fn is_read(name: &str, value: &str) -> bool {
    match name {
        "enable" => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()),
        _ => OPTIONS.contains(&name) && matches!(value, "0" | "1"),
    }
}

impl Section {
    /// What Proxmox VE takes for a header, it takes exactly; a comment may follow a set and a group.
    fn named(line: &str) -> Self {
        let line = line.to_ascii_lowercase();
        match line.as_str() {
            "[options]" => return Self::Options,
            "[aliases]" | "[rules]" => return Self::Other,
            _ => {}
        }
        let header = line.split('#').next().unwrap_or_default().trim_end();
        let inner = header
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        match inner.and_then(|inner| inner.split_once([' ', '\t'])) {
            Some((_, name)) if name.ends_with(char::is_whitespace) => Self::Unknown,
            Some((_, name)) if name.trim().contains(char::is_whitespace) => Self::Unknown,
            Some(("ipset", name)) => Self::Set(name.trim().to_owned()),
            Some(("group", _)) => Self::Other,
            _ => Self::Unknown,
        }
    }
}

impl IpFilter {
    /// One line of a set. What is an alias, excluded by `!`, or not understood is kept as that: its
    /// meaning for IP and for ARP differs, and one alias keeps Proxmox VE from filtering ARP at all.
    fn entry(&mut self, line: &str) {
        let text = line.split('#').next().unwrap_or_default().trim();
        let bare = text.strip_prefix('!').map_or(text, str::trim_start);
        match Net::parse(bare) {
            _ if text.is_empty() => {}
            Some(net) if bare == text => self.nets.push(net),
            _ if is_ipv6(text) => {}
            _ => {
                let told = || bare.chars().take(TOLD).collect();
                self.unknown.get_or_insert_with(told);
            }
        }
    }

    /// With a container's own address, which `ipfilter: 1` adds to its set.
    pub(super) fn and(mut self, address: Option<Ipv4Addr>) -> Self {
        self.nets.extend(address.map(Net::of));
        self
    }

    /// Whether an entry names the address.
    #[must_use]
    pub fn allows(&self, address: Ipv4Addr) -> bool {
        self.nets.iter().any(|net| net.holds(address))
    }

    /// Whether no IPv4 address may be used.
    pub(super) const fn is_empty(&self) -> bool {
        self.nets.is_empty()
    }

    /// The first entry whose meaning is not known.
    pub(super) fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }
}

fn is_ipv6(text: &str) -> bool {
    let bare = text.strip_prefix('!').map_or(text, str::trim_start);
    let address = bare.split('/').next().unwrap_or_default();
    address.parse::<std::net::Ipv6Addr>().is_ok()
}

impl Net {
    fn of(address: Ipv4Addr) -> Self {
        Self {
            address: address.to_bits(),
            bits: 32,
        }
    }

    /// `10.0.0.5` or `10.0.0.0/24`. A prefix of zero bits is an error to Proxmox VE, and no entry.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, 32),
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, bits.parse().ok()?)
            }
            Some(_) => return None,
        };
        let address: Ipv4Addr = address.parse().ok()?;
        (1..=32).contains(&bits).then(|| Self {
            address: address.to_bits(),
            bits,
        })
    }

    fn holds(self, address: Ipv4Addr) -> bool {
        (self.address ^ address.to_bits()) >> (32 - self.bits) == 0
    }
}
