//! `ssh` tables: how to log in.

use std::path::PathBuf;

use toml_file::value::{Text, flag, text, texts};
use toml_file::{Fault, Mistakes, Table};

use crate::address::{Address, AddressSettings, host_and_port};
use crate::guest::Whose;
use crate::value::{Origin, port};

/// What guests on this machine and guests of clusters, one or many, can say.
const KEYS: &[&str] = &[
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

/// How to log in to a guest or a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// Where it is reached.
    pub address: Address,
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

/// The table of a guest, or of many, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SshSettings {
    address: AddressSettings,
    port: Option<u16>,
    user: Option<String>,
    identities: Option<Vec<PathBuf>>,
    /// The socket of the SSH agent, or that none is used.
    agent: Option<Option<PathBuf>>,
    host_keys: Option<Vec<String>>,
    known_hosts: Option<Vec<PathBuf>>,
    jump: Option<Vec<JumpSettings>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct JumpSettings {
    host: String,
    port: Option<u16>,
    user: Option<String>,
}

impl SshSettings {
    pub(crate) fn read(
        table: &Table<'_>,
        whose: Whose,
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let keys = [AddressSettings::keys(whose), KEYS].concat();
        table.allow_only(&keys, mistakes);
        let agent = table.read("agent", mistakes, flag);
        Self {
            address: AddressSettings::read(table, whose, mistakes),
            port: table.read("port", mistakes, port),
            user: table.read("user", mistakes, |value| {
                text(value).map(|(user, _)| user.to_owned())
            }),
            identities: table.read("identities", mistakes, |value| origin.paths(value)),
            agent: agent.map(|used| origin.environment.ssh_auth_sock.clone().filter(|_| used)),
            host_keys: table.read("host-key", mistakes, |value| {
                texts(value)?.into_iter().map(host_key).collect()
            }),
            known_hosts: table.read("known-hosts", mistakes, |value| origin.paths(value)),
            jump: table.read("jump", mistakes, |value| {
                texts(value)?.into_iter().map(jump).collect()
            }),
        }
    }

    /// What holds on this machine when no table says anything.
    pub(crate) fn usual(origin: Origin<'_>) -> Self {
        Self {
            identities: Some(usual_identities(origin)),
            agent: Some(origin.environment.ssh_auth_sock.clone()),
            known_hosts: Some(usual_known_hosts(origin)),
            ..Self::default()
        }
    }

    /// These, with addresses that are found as those of the guests of clusters are.
    pub(crate) fn with_found_addresses(self) -> Self {
        let address = AddressSettings::found();
        Self { address, ..self }
    }

    /// These, at `host` unless they name another one.
    pub(crate) fn or_at(self, host: &str) -> Self {
        let address = self.address.or(AddressSettings::at(host));
        Self { address, ..self }
    }

    /// Of these, with which keys one logs in and which are trusted: that holds for every machine.
    /// Whom to log in as, and on which way, is another matter for nodes than for guests.
    pub(crate) fn of_keys(&self) -> Self {
        let Self {
            identities,
            agent,
            known_hosts,
            ..
        } = self.clone();
        Self {
            identities,
            agent,
            known_hosts,
            ..Self::default()
        }
    }

    /// Whether nothing tells where the guest is.
    pub(crate) fn lacks_address(&self) -> bool {
        self.address.resolved().is_none()
    }

    /// These, and `fallback` where these say nothing.
    pub(crate) fn or(&self, fallback: &Self) -> Self {
        let (own, fallback) = (self.clone(), fallback.clone());
        Self {
            address: own.address.or(fallback.address),
            port: own.port.or(fallback.port),
            user: own.user.or(fallback.user),
            identities: own.identities.or(fallback.identities),
            agent: own.agent.or(fallback.agent),
            host_keys: own.host_keys.or(fallback.host_keys),
            known_hosts: own.known_hosts.or(fallback.known_hosts),
            jump: own.jump.or(fallback.jump),
        }
    }

    /// With everything decided; nothing when nothing tells where the guest is.
    pub(crate) fn resolved(self) -> Option<Ssh> {
        let user = self.user.unwrap_or_else(|| "root".to_owned());
        let jump = self.jump.unwrap_or_default().into_iter();
        Some(Ssh {
            address: self.address.resolved()?,
            port: self.port.unwrap_or(22),
            identities: self.identities.unwrap_or_default(),
            agent: self.agent.flatten(),
            host_keys: self.host_keys.unwrap_or_default(),
            known_hosts: self.known_hosts.unwrap_or_default(),
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
    let (host, port) = host_and_port(address).ok_or_else(wanted)?;
    Ok(JumpSettings {
        host: host.to_owned(),
        port,
        user,
    })
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
