//! `[guest.NAME]` and `[defaults]`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use conditions::GuestId;

use crate::metadata::MetadataSettings;
use crate::mistake::{Fault, Mistakes};
use crate::ssh::SshSettings;
use crate::table::Table;
use crate::value::{Origin, Text, argv, texts};
use crate::{Deadlines, GuestMetadata, Ssh};

const KEYS: &[&str] = &[
    "tags",
    "qmp",
    "agent",
    "start",
    "ssh",
    "deadlines",
    "metadata",
];
/// A socket belongs to one guest, so the defaults have none.
const DEFAULT_KEYS: &[&str] = &["tags", "start", "ssh", "deadlines", "metadata"];

/// A guest, with the defaults merged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Its name.
    pub name: GuestId,
    /// What selectors may call it by.
    pub tags: BTreeSet<String>,
    /// The control socket of its QEMU.
    pub qmp: PathBuf,
    /// The socket of its agent channel.
    pub agent: Option<PathBuf>,
    /// The program that powers it on, with its arguments.
    pub start: Option<Vec<String>>,
    /// How to log in.
    pub ssh: Option<Ssh>,
    /// How long each phase may take.
    pub deadlines: Deadlines,
    /// How it is served metadata, and stopped gracefully.
    pub metadata: GuestMetadata,
}

/// What `[defaults]` says, or nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defaults {
    tags: BTreeSet<String>,
    start: Option<Vec<String>>,
    ssh: SshSettings,
    deadlines: Deadlines,
    metadata: MetadataSettings,
}

/// A guest, and where its sockets and its source address are named.
#[derive(Debug)]
pub(crate) struct PlacedGuest {
    pub(crate) guest: Guest,
    pub(crate) sockets: Vec<(PathBuf, Range<usize>)>,
    pub(crate) address: Option<Range<usize>>,
}

impl Defaults {
    pub(crate) fn read(table: &Table<'_>, origin: Origin<'_>, mistakes: &mut Mistakes) -> Self {
        table.allow_only(DEFAULT_KEYS, mistakes);
        let ssh = table.table("ssh", mistakes);
        let deadlines = table.table("deadlines", mistakes);
        let metadata = table.table("metadata", mistakes);
        Self {
            tags: table.read("tags", mistakes, tags).unwrap_or_default(),
            start: table.read("start", mistakes, argv),
            ssh: ssh
                .map(|ssh| SshSettings::read(&ssh, origin, mistakes))
                .unwrap_or_default(),
            deadlines: deadlines.map_or_else(Deadlines::default, |table| {
                Deadlines::default().overridden(&table, mistakes)
            }),
            metadata: metadata
                .map(|table| MetadataSettings::of_defaults(&table, mistakes))
                .unwrap_or_default(),
        }
    }
}

impl PlacedGuest {
    /// The guest `name` of `table`; nothing when it lacks what no guest can do without.
    pub(crate) fn read(
        name: &str,
        table: &Table<'_>,
        defaults: &Defaults,
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        table.allow_only(KEYS, mistakes);
        let name = mistakes.collect(guest_name(name, table.span()));
        let qmp = table.read("qmp", mistakes, |value| origin.socket(value));
        let agent = table.read("agent", mistakes, |value| origin.socket(value));
        if !table.has("qmp") {
            mistakes.push(missing(table, "qmp", r#"qmp = "/run/vm/NAME.qmp""#));
        }
        let tags = table
            .read("tags", mistakes, tags)
            .unwrap_or_else(|| defaults.tags.clone());
        let start = table
            .read("start", mistakes, argv)
            .or_else(|| defaults.start.clone());
        let ssh = ssh(table, defaults, origin, mistakes);
        let deadlines = table
            .table("deadlines", mistakes)
            .map_or(defaults.deadlines, |table| {
                defaults.deadlines.overridden(&table, mistakes)
            });
        let (metadata, address) = table
            .table("metadata", mistakes)
            .map(|table| MetadataSettings::of_guest(&table, mistakes))
            .unwrap_or_default()
            .resolved(&defaults.metadata);
        let sockets: Vec<_> = [qmp.clone(), agent.clone()].into_iter().flatten().collect();
        let (qmp, agent) = (qmp?.0, agent.map(|(path, _)| path));
        let guest = Guest {
            name: name?,
            tags,
            qmp,
            agent,
            start,
            ssh,
            deadlines,
            metadata,
        };
        Some(Self {
            guest,
            sockets,
            address,
        })
    }
}

fn ssh(
    table: &Table<'_>,
    defaults: &Defaults,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> Option<Ssh> {
    let own = table.table("ssh", mistakes);
    let settings = own
        .as_ref()
        .map(|ssh| SshSettings::read(ssh, origin, mistakes))
        .unwrap_or_default()
        .or(&defaults.ssh);
    let resolved = settings.resolved(origin);
    if let (Some(own), None) = (own, &resolved)
        && !own.has("host")
    {
        mistakes.push(missing(&own, "host", r#"host = "192.0.2.10""#));
    }
    resolved
}

fn missing(table: &Table<'_>, key: &str, example: &str) -> Fault {
    Fault::new(table.span(), format!("{} lacks `{key}`", table.title()))
        .with_note(format!("add {example}"))
}

fn guest_name(name: &str, span: Range<usize>) -> Result<GuestId, Fault> {
    if name == "all" {
        return Err(Fault::new(
            span,
            "`all` selects every guest, so none can be called that",
        ));
    }
    name.parse()
        .map_err(|error| Fault::new(span, format!("{error}")))
}

fn tags<'t>(value: &'t crate::table::Value<'t>) -> Result<BTreeSet<String>, Fault> {
    texts(value)?.into_iter().map(tag).collect()
}

/// Tags are written like names, so that `tag:web` needs no quoting.
fn tag((text, span): Text<'_>) -> Result<String, Fault> {
    match text.parse::<GuestId>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err(Fault::new(
            span,
            "expects tags of 1 to 63 of A-Z a-z 0-9 . _ -",
        )),
    }
}
