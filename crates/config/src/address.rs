//! Where a guest's SSH is: named, or found when it is needed.

use std::net::Ipv6Addr;

use ipnet::IpNet;
use toml_file::value::{Text, text, texts};
use toml_file::{Fault, Mistakes, Table, Value};

use crate::guest::Whose;

/// Where a guest is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// There: name or address, IPv6 without brackets.
    Host(String),
    /// Where the first of these that knows says; at least one.
    Found(Vec<AddressSource>),
}

/// Who knows a guest's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressSource {
    /// The guest's agent: the first address of its interfaces in one of `networks`, in their
    /// order; without networks any that reaches beyond the guest.
    Agent {
        /// The networks that count.
        networks: Vec<IpNet>,
    },
    /// The name service, asked for the guest's name in Proxmox VE.
    Dns {
        /// What is put behind a name that has no dot.
        domain: Option<String>,
    },
}

/// What a table says about addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AddressSettings {
    choice: Option<Choice>,
    networks: Option<Vec<IpNet>>,
    domain: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Host(String),
    Sources(Vec<Source>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Agent,
    Dns,
}

impl AddressSettings {
    /// One host is one guest's; sources are for guests of clusters.
    pub(crate) const fn keys(whose: Whose) -> &'static [&'static str] {
        match whose {
            Whose::Everybody | Whose::LocalGuest | Whose::Node => &["host"],
            Whose::Nodes => &[],
            Whose::Cluster => &["address", "networks", "domain"],
            Whose::ClusterGuest => &["host", "address", "networks", "domain"],
        }
    }

    pub(crate) fn read(table: &Table<'_>, whose: Whose, mistakes: &mut Mistakes) -> Self {
        let keys = Self::keys(whose);
        let mut choice = None;
        if keys.contains(&"host") {
            choice = table
                .read("host", mistakes, |value| host(text(value)?))
                .map(Choice::Host);
        }
        if !keys.contains(&"address") {
            return Self {
                choice,
                ..Self::default()
            };
        }
        if whose == Whose::ClusterGuest && table.has("host") {
            let note = "name the host, or tell who knows it";
            table.refuse("address", "is there beside `host`", note, mistakes);
        } else {
            choice = table
                .read("address", mistakes, sources)
                .map(Choice::Sources);
        }
        Self {
            choice,
            networks: table.read("networks", mistakes, |value| {
                texts(value)?.into_iter().map(network).collect()
            }),
            domain: table.read("domain", mistakes, |value| domain(text(value)?)),
        }
    }

    /// There.
    pub(crate) fn at(host: &str) -> Self {
        Self {
            choice: Some(Choice::Host(host.to_owned())),
            ..Self::default()
        }
    }

    /// As addresses of guests of clusters are found unless a table says otherwise.
    pub(crate) fn found() -> Self {
        let sources = Choice::Sources(vec![Source::Agent, Source::Dns]);
        Self {
            choice: Some(sources),
            ..Self::default()
        }
    }

    /// These, and `fallback` where these say nothing.
    pub(crate) fn or(self, fallback: Self) -> Self {
        Self {
            choice: self.choice.or(fallback.choice),
            networks: self.networks.or(fallback.networks),
            domain: self.domain.or(fallback.domain),
        }
    }

    /// Where the guest is reached, if anything tells.
    pub(crate) fn resolved(&self) -> Option<Address> {
        match self.choice.as_ref()? {
            Choice::Host(host) => Some(Address::Host(host.clone())),
            Choice::Sources(sources) if sources.is_empty() => None,
            Choice::Sources(sources) => {
                let sources = sources.iter().map(|source| self.source(*source));
                Some(Address::Found(sources.collect()))
            }
        }
    }

    fn source(&self, source: Source) -> AddressSource {
        match source {
            Source::Agent => AddressSource::Agent {
                networks: self.networks.clone().unwrap_or_default(),
            },
            Source::Dns => AddressSource::Dns {
                domain: self.domain.clone(),
            },
        }
    }
}

fn sources<'t>(value: &'t Value<'t>) -> Result<Vec<Source>, Fault> {
    let source = |(text, span): Text<'_>| match text {
        "agent" => Ok(Source::Agent),
        "dns" => Ok(Source::Dns),
        _ => Err(Fault::new(
            span,
            r#"expects "agent", "dns" or both, in order"#,
        )),
    };
    texts(value)?.into_iter().map(source).collect()
}

fn network((text, span): Text<'_>) -> Result<IpNet, Fault> {
    let wanted = "expects networks such as `10.0.0.0/8` or `2001:db8::/32`";
    text.parse().map_err(|_| Fault::new(span, wanted))
}

/// Without the dots around it.
fn domain((text, span): Text<'_>) -> Result<String, Fault> {
    let bare = text.trim_matches('.');
    if is_name(bare) {
        return Ok(bare.to_owned());
    }
    Err(Fault::new(span, "expects a domain such as `example.net`"))
}

/// A host name, or an address; IPv6 with or without brackets.
fn host((text, span): Text<'_>) -> Result<String, Fault> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if is_ipv6(bare) {
        return Ok(bare.to_owned());
    }
    if is_name(text) {
        return Ok(text.to_owned());
    }
    let message = "expects a host name or an address; port and user have keys of their own";
    Err(Fault::new(span, message))
}

/// `HOST[:PORT]`, an IPv6 address in brackets.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed
            .split_once(']')
            .filter(|(host, _)| is_ipv6(host))?,
        None => {
            let (name, _) = text.split_once(':').unwrap_or((text, ""));
            is_name(name).then_some((name, &text[name.len()..]))?
        }
    };
    match rest.strip_prefix(':') {
        Some(digits) => {
            let port = digits.parse().ok().filter(|port| *port > 0)?;
            Some((host, Some(port)))
        }
        None => rest.is_empty().then_some((host, None)),
    }
}

/// The characters of host names and IPv4 addresses; the underscore is in use, if not by the book.
fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

/// An IPv6 address, perhaps with a zone (`fe80::1%eth0`).
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "any"));
    address.parse::<Ipv6Addr>().is_ok() && is_name(zone)
}
