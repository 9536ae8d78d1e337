//! `[metadata]`, and `metadata` of guests, tags, clusters and defaults: metadata for guests at home.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use toml_file::value::{Text, duration, text, texts};
use toml_file::{Fault, Mistakes, Table, Value};

use crate::guest::Whose;
use crate::value::Origin;

const SERVICE_KEYS: &[&str] = &[
    "listen",
    "socket-dir",
    "socket-mode",
    "project-id",
    "firewall-dir",
];
const GUEST_KEYS: &[&str] = &["address", "graceful", "without-watcher"];
/// A source address belongs to one guest.
const SHARED_KEYS: &[&str] = &["graceful", "without-watcher"];

/// A stop is announced in whole seconds.
const SHORTEST_GRACE: Duration = Duration::from_secs(1);
const LONGEST_GRACE: Duration = Duration::from_secs(24 * 60 * 60);
/// As long as a name may be.
const PROJECT_ID_LIMIT: usize = 63;

/// How the metadata service is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataService {
    /// TCP addresses to listen on, beside a socket for each guest.
    pub listen: Vec<SocketAddr>,
    /// The directory of the guests' sockets; unless named, `metadata` in the state directory.
    pub socket_dir: Option<PathBuf>,
    /// The permission bits of the guests' sockets.
    pub socket_mode: u32,
    /// What guests are told as `project/project-id`.
    pub project_id: String,
    /// Where the configuration of Proxmox VE lies on this node, which tells whose address is bound.
    pub firewall_dir: PathBuf,
}

impl Default for MetadataService {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            socket_dir: None,
            socket_mode: 0o600,
            project_id: "hospes".to_owned(),
            firewall_dir: PathBuf::from("/etc/pve"),
        }
    }
}

/// How one guest is served and stopped, with the defaults merged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuestMetadata {
    /// The address that its requests over TCP come from.
    pub address: Option<IpAddr>,
    /// How long its graceful scripts may take when it is stopped; absent: it is not asked.
    pub graceful: Option<Duration>,
    /// What to do when nobody in it watches for a stop.
    pub without_watcher: WithoutWatcher,
}

/// What a graceful stop does with a guest in which nobody watches for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WithoutWatcher {
    /// Stops it without a wait.
    #[default]
    GoOn,
    /// Waits all the same, up to the deadline.
    Wait,
    /// Refuses to stop it.
    Refuse,
}

/// The table of a guest, or of many, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MetadataSettings {
    address: Option<IpAddr>,
    graceful: Option<Duration>,
    without_watcher: Option<WithoutWatcher>,
}

impl MetadataService {
    pub(crate) fn read(table: &Table<'_>, origin: Origin<'_>, mistakes: &mut Mistakes) -> Self {
        table.allow_only(SERVICE_KEYS, mistakes);
        let default = Self::default();
        Self {
            listen: table
                .read("listen", mistakes, |value| {
                    texts(value)?.into_iter().map(listener).collect()
                })
                .unwrap_or(default.listen),
            socket_dir: table.read("socket-dir", mistakes, |value| origin.path(text(value)?)),
            socket_mode: table
                .read("socket-mode", mistakes, |value| socket_mode(text(value)?))
                .unwrap_or(default.socket_mode),
            project_id: table
                .read("project-id", mistakes, |value| project_id(text(value)?))
                .unwrap_or(default.project_id),
            firewall_dir: table
                .read("firewall-dir", mistakes, |value| origin.path(text(value)?))
                .unwrap_or(default.firewall_dir),
        }
    }
}

impl MetadataSettings {
    pub(crate) fn read(table: &Table<'_>, whose: Whose, mistakes: &mut Mistakes) -> Self {
        if !whose.is_one_guest() {
            table.allow_only(SHARED_KEYS, mistakes);
            return Self::shared(table, mistakes);
        }
        table.allow_only(GUEST_KEYS, mistakes);
        Self {
            address: table.read("address", mistakes, |value| source(text(value)?)),
            ..Self::shared(table, mistakes)
        }
    }

    fn shared(table: &Table<'_>, mistakes: &mut Mistakes) -> Self {
        Self {
            address: None,
            graceful: table.read("graceful", mistakes, grace),
            without_watcher: table.read("without-watcher", mistakes, |value| {
                without_watcher(text(value)?)
            }),
        }
    }

    /// These, and `fallback` where these say nothing.
    pub(crate) fn or(&self, fallback: &Self) -> Self {
        Self {
            address: self.address.or(fallback.address),
            graceful: self.graceful.or(fallback.graceful),
            without_watcher: self.without_watcher.or(fallback.without_watcher),
        }
    }

    /// These, and the defaults of hospes where these say nothing.
    pub(crate) fn resolved(&self) -> GuestMetadata {
        GuestMetadata {
            address: self.address,
            graceful: self.graceful,
            without_watcher: self.without_watcher.unwrap_or_default(),
        }
    }
}

fn listener((text, span): Text<'_>) -> Result<SocketAddr, Fault> {
    let address: SocketAddr = text.parse().map_err(|_| {
        let wanted = "expects addresses such as `169.254.169.254:80` or `[fd20:ce::254]:80`";
        Fault::new(span.clone(), wanted)
    })?;
    if address.port() == 0 {
        return Err(Fault::new(span, "needs a port that is not 0"));
    }
    Ok(address)
}

/// One address is written one way, so that no guest has another's under a second name.
fn source((text, span): Text<'_>) -> Result<IpAddr, Fault> {
    let wanted = "expects the address of the guest's requests, such as `10.0.0.5`";
    match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(address) if !address.is_unspecified() && !address.is_multicast() => Ok(address),
        _ => Err(Fault::new(span, wanted)),
    }
}

/// Scripts and tokens are read through a guest's socket, so it is never everybody's.
fn socket_mode((text, span): Text<'_>) -> Result<u32, Fault> {
    let octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    match u32::from_str_radix(text, 8) {
        Ok(mode @ (0o600 | 0o660)) if octal => Ok(mode),
        _ => Err(Fault::new(
            span,
            r#"expects "0600" (the owner's), or "0660" (the owner's and its group's)"#,
        )),
    }
}

fn project_id((text, span): Text<'_>) -> Result<String, Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if text.len() <= PROJECT_ID_LIMIT && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    let wanted = format!("expects 1 to {PROJECT_ID_LIMIT} of A-Z a-z 0-9 - _ . :");
    Err(Fault::new(span, wanted))
}

fn grace(value: &Value<'_>) -> Result<Duration, Fault> {
    duration(value, SHORTEST_GRACE..=LONGEST_GRACE)
}

fn without_watcher((text, span): Text<'_>) -> Result<WithoutWatcher, Fault> {
    match text {
        "go-on" => Ok(WithoutWatcher::GoOn),
        "wait" => Ok(WithoutWatcher::Wait),
        "refuse" => Ok(WithoutWatcher::Refuse),
        _ => Err(Fault::new(span, r#"expects "go-on", "wait" or "refuse""#)),
    }
}
