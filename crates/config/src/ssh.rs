//! `[guest.NAME.ssh]`: how to log in.

use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::mistake::{Fault, Mistakes};
use crate::table::Table;
use crate::value::{Origin, Text, flag, port, text, texts};

const KEYS: &[&str] = &[
    "host",
    "port",
    "user",
    "identities",
    "agent",
    "host-key",
    "known-hosts",
    "jump",
];

/// The private keys that are tried unless some are named, if they exist.
const USUAL_IDENTITIES: [&str; 3] = [".ssh/id_ed25519", ".ssh/id_ecdsa", ".ssh/id_rsa"];

/// How to log in to a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whom to log in as.
    pub user: String,
    /// Private key files to try, in order. Named ones may be missing; the usual ones exist.
    pub identities: Vec<PathBuf>,
    /// The socket of the SSH agent, where one runs and it may be used.
    pub agent: Option<PathBuf>,
    /// Host keys that the operator vouches for, `ALGORITHM BASE64`.
    pub host_keys: Vec<String>,
    /// Files of known host keys; they may be missing.
    pub known_hosts: Vec<PathBuf>,
    /// Machines to go through, nearest to here first.
    pub jump: Vec<Jump>,
}

/// A machine to go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whom to log in as; unless named, the guest's user.
    pub user: String,
}

/// The table as written: of a guest, or of the defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct SshSettings {
    host: Option<String>,
    port: Option<u16>,
    user: Option<String>,
    identities: Option<Vec<PathBuf>>,
    agent: Option<bool>,
    host_keys: Option<Vec<String>>,
    known_hosts: Option<Vec<PathBuf>>,
    jump: Option<Vec<JumpSettings>>,
}

#[derive(Debug, Clone)]
struct JumpSettings {
    host: String,
    port: Option<u16>,
    user: Option<String>,
}

impl SshSettings {
    pub(crate) fn read(table: &Table<'_>, origin: Origin<'_>, mistakes: &mut Mistakes) -> Self {
        table.allow_only(KEYS, mistakes);
        Self {
            host: table.read("host", mistakes, |value| host(text(value)?)),
            port: table.read("port", mistakes, port),
            user: table.read("user", mistakes, |value| {
                text(value).map(|(user, _)| user.to_owned())
            }),
            identities: table.read("identities", mistakes, |value| origin.paths(value)),
            agent: table.read("agent", mistakes, flag),
            host_keys: table.read("host-key", mistakes, |value| {
                texts(value)?.into_iter().map(host_key).collect()
            }),
            known_hosts: table.read("known-hosts", mistakes, |value| origin.paths(value)),
            jump: table.read("jump", mistakes, |value| {
                texts(value)?.into_iter().map(jump).collect()
            }),
        }
    }

    /// These, and `defaults` where these say nothing.
    pub(crate) fn or(self, defaults: &Self) -> Self {
        let defaults = defaults.clone();
        Self {
            host: self.host.or(defaults.host),
            port: self.port.or(defaults.port),
            user: self.user.or(defaults.user),
            identities: self.identities.or(defaults.identities),
            agent: self.agent.or(defaults.agent),
            host_keys: self.host_keys.or(defaults.host_keys),
            known_hosts: self.known_hosts.or(defaults.known_hosts),
            jump: self.jump.or(defaults.jump),
        }
    }

    /// Everything decided; nothing when there is no host.
    pub(crate) fn resolved(self, origin: Origin<'_>) -> Option<Ssh> {
        let environment = origin.environment;
        let user = self.user.unwrap_or_else(|| "root".to_owned());
        let jump = self.jump.unwrap_or_default().into_iter();
        Some(Ssh {
            host: self.host?,
            port: self.port.unwrap_or(22),
            identities: self.identities.unwrap_or_else(|| usual_identities(origin)),
            agent: environment
                .ssh_auth_sock
                .clone()
                .filter(|_| self.agent.unwrap_or(true)),
            host_keys: self.host_keys.unwrap_or_default(),
            known_hosts: self
                .known_hosts
                .unwrap_or_else(|| usual_known_hosts(origin)),
            jump: jump.map(|jump| jump.resolved(&user)).collect(),
            user,
        })
    }
}

impl JumpSettings {
    fn resolved(self, user: &str) -> Jump {
        Jump {
            host: self.host,
            port: self.port.unwrap_or(22),
            user: self.user.unwrap_or_else(|| user.to_owned()),
        }
    }
}

fn usual_identities(origin: Origin<'_>) -> Vec<PathBuf> {
    let usual = USUAL_IDENTITIES
        .iter()
        .filter_map(|file| origin.environment.under_home(file));
    usual.filter(|file| file.exists()).collect()
}

fn usual_known_hosts(origin: Origin<'_>) -> Vec<PathBuf> {
    let own = origin.environment.under_home(".ssh/known_hosts");
    own.into_iter()
        .chain([PathBuf::from("/etc/ssh/ssh_known_hosts")])
        .collect()
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

/// `[USER@]HOST[:PORT]`, an IPv6 address in brackets (`ssh -J`).
fn jump((text, span): Text<'_>) -> Result<JumpSettings, Fault> {
    let wanted = || {
        let message =
            "expects `host`, `user@host` or `user@host:2222`, an IPv6 address in brackets";
        Fault::new(span.clone(), message)
    };
    let (user, address) = match text.rsplit_once('@') {
        Some(("", _)) => return Err(wanted()),
        Some((user, address)) => (Some(user.to_owned()), address),
        None => (None, text),
    };
    let (host, port) = match address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, rest)) if is_ipv6(host) => (host, rest),
        Some(_) => return Err(wanted()),
        None => {
            let name = address.split(':').next().unwrap_or_default();
            if !is_name(name) {
                return Err(wanted());
            }
            (name, &address[name.len()..])
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => Some(
            digits
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .ok_or_else(wanted)?,
        ),
        None if port.is_empty() => None,
        None => return Err(wanted()),
    };
    Ok(JumpSettings {
        host: host.to_owned(),
        port,
        user,
    })
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

/// A public key as `ssh-keygen` writes it, perhaps with a comment.
fn host_key((text, span): Text<'_>) -> Result<String, Fault> {
    let mut fields = text.split_ascii_whitespace();
    let is_base64 = |key: &str| {
        key.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    };
    match (fields.next(), fields.next()) {
        (Some(algorithm), Some(key)) if key.starts_with("AAAA") && is_base64(key) => {
            Ok(format!("{algorithm} {key}"))
        }
        _ => Err(Fault::new(
            span,
            "expects a public key such as `ssh-ed25519 AAAA...`",
        )),
    }
}
