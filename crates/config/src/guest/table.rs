//! `[guest.NAME]` and `[defaults]`, as written.

use std::ops::Range;
use std::path::PathBuf;

use conditions::GuestId;
use toml_file::value::{argv, text};
use toml_file::{Fault, Mistakes, Table, Value, did_you_mean, near};

use super::{Clustered, Local, Place, Settings, Whose};
use crate::cluster::{Names, vmid};
use crate::ssh::SshSettings;
use crate::value::Origin;

const KEYS: &[&str] = &[
    "tags",
    "qmp",
    "agent",
    "start",
    "cluster",
    "vmid",
    "ssh",
    "deadlines",
    "metadata",
];
/// Sockets and ids belong to one guest, so the defaults have none.
const DEFAULT_KEYS: &[&str] = &["tags", "start", "ssh", "deadlines", "metadata"];
/// What only a guest on this machine has, and who has it for one of a cluster.
const LOCAL_KEYS: [(&str, &str); 3] = [
    ("qmp", "the cluster's API tells how it is"),
    ("agent", "its agent is asked through the cluster's API"),
    ("start", "the cluster's API powers it on"),
];

/// What `[defaults]` says, or nothing.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) settings: Settings,
    start: Option<Vec<String>>,
}

/// What a guest's own table says, and where it says what no two may say.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) name: GuestId,
    pub(crate) place: Place,
    pub(crate) settings: Settings,
    pub(crate) sockets: Vec<(PathBuf, Range<usize>)>,
    pub(crate) address: Option<Range<usize>>,
    pub(crate) vmid: Option<Range<usize>>,
}

impl Defaults {
    pub(crate) fn read(table: &Table<'_>, origin: Origin<'_>, mistakes: &mut Mistakes) -> Self {
        table.allow_only(DEFAULT_KEYS, mistakes);
        let settings = Settings::read(table, Whose::Everybody, origin, mistakes);
        Self {
            settings: settings.with_tags(table, mistakes),
            start: table.read("start", mistakes, argv),
        }
    }

    /// These, and what is usual on this machine where these say nothing.
    pub(crate) fn or_usual(mut self, origin: Origin<'_>) -> Self {
        self.settings.ssh = self.settings.ssh.or(&SshSettings::usual(origin));
        self
    }
}

impl Declared {
    /// The guest `name` of `table`; nothing when it lacks what no guest can do without.
    pub(crate) fn read(
        name: &str,
        table: &Table<'_>,
        (defaults, clusters): (&Defaults, &Names<'_>),
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        table.allow_only(KEYS, mistakes);
        let valid = mistakes.collect(guest_name(name, table.span()));
        let in_cluster = table.has("cluster") || table.has("vmid");
        let mut sockets = Vec::new();
        let (whose, place) = if in_cluster {
            let place = clustered(table, clusters, mistakes);
            (Whose::ClusterGuest, place.map(Place::Cluster))
        } else {
            let place = local(table, defaults, &mut sockets, origin, mistakes);
            (Whose::LocalGuest, place.map(Place::Local))
        };
        let settings = Settings::read(table, whose, origin, mistakes).with_tags(table, mistakes);
        if whose == Whose::LocalGuest {
            require_host(table, &settings, defaults, mistakes);
        }
        let (name, place) = (valid?, place?);
        refuse_a_name_of_another(&name, &place, clusters, table, mistakes);
        let metadata = table.peek("metadata");
        Some(Self {
            name,
            place,
            settings,
            sockets,
            address: metadata.and_then(|metadata| metadata.place("address")),
            vmid: table.place("vmid"),
        })
    }
}

fn local(
    table: &Table<'_>,
    defaults: &Defaults,
    sockets: &mut Vec<(PathBuf, Range<usize>)>,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> Option<Local> {
    let qmp = table.read("qmp", mistakes, |value| origin.socket(value));
    let agent = table.read("agent", mistakes, |value| origin.socket(value));
    let start = table.read("start", mistakes, argv);
    if !table.has("qmp") {
        let lacks = format!("{} lacks `qmp`, or `cluster` and `vmid`", table.title());
        let note = r#"add qmp = "/run/vm/NAME.qmp", or cluster = "NAME" and vmid = 101"#;
        mistakes.push(Fault::new(table.span(), lacks).with_note(note));
    }
    sockets.extend([qmp.clone(), agent.clone()].into_iter().flatten());
    Some(Local {
        qmp: qmp?.0,
        agent: agent.map(|(path, _)| path),
        start: start.or_else(|| defaults.start.clone()),
    })
}

fn clustered(
    table: &Table<'_>,
    clusters: &Names<'_>,
    mistakes: &mut Mistakes,
) -> Option<Clustered> {
    for (key, instead) in LOCAL_KEYS {
        let title = table.title();
        let message = format!("is for guests on this machine, and {title} is in a cluster");
        table.refuse(key, &message, instead, mistakes);
    }
    let cluster = table.read("cluster", mistakes, |value| known(value, clusters));
    let id = table.read("vmid", mistakes, vmid);
    for (key, example) in [("cluster", r#"cluster = "NAME""#), ("vmid", "vmid = 101")] {
        if !table.has(key) {
            mistakes.push(missing(table, key, example));
        }
    }
    Some(Clustered {
        cluster: cluster?,
        vmid: id?,
        found: None,
    })
}

fn known<'t>(value: &'t Value<'t>, clusters: &Names<'_>) -> Result<String, Fault> {
    let (name, span) = text(value)?;
    if clusters.contains(name) {
        return Ok(name.to_owned());
    }
    let message = "names a cluster that has no [cluster.NAME] table";
    Err(Fault::new(span, message).with_hint(did_you_mean(&near(name, clusters.iter()))))
}

/// A table for the login says where, unless the defaults do.
fn require_host(
    table: &Table<'_>,
    settings: &Settings,
    defaults: &Defaults,
    mistakes: &mut Mistakes,
) {
    let merged = settings.ssh.or(&defaults.settings.ssh);
    if let Some(own) = table.peek("ssh")
        && merged.lacks_address()
        && !own.has("host")
    {
        mistakes.push(missing(&own, "host", r#"host = "192.0.2.10""#));
    }
}

/// Guests of clusters that have no table are called after their ids. Nobody else is called that:
/// a name that is kept in a journal never leads to another machine.
fn refuse_a_name_of_another(
    name: &GuestId,
    place: &Place,
    clusters: &Names<'_>,
    table: &Table<'_>,
    mistakes: &mut Mistakes,
) {
    let Some((cluster, vmid)) = clusters.meant_by(name.as_str()) else {
        return;
    };
    let same = |own: &Clustered| own.cluster == cluster && own.vmid == vmid;
    if !place.clustered().is_some_and(same) {
        let message = format!("`{name}` is how guest {vmid} of cluster `{cluster}` is called");
        let note = "choose a name that does not end in a dash and an id";
        mistakes.push(Fault::new(table.span(), message).with_note(note));
    }
}

fn missing(table: &Table<'_>, key: &str, example: &str) -> Fault {
    table.lacks(key).with_note(format!("add {example}"))
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
