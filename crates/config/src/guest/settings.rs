//! What tables say about guests, layer over layer.

use std::collections::BTreeSet;

use conditions::GuestId;
use toml_file::value::{Text, texts};
use toml_file::{Fault, Mistakes, Table, Value};

use crate::deadlines::DeadlineSettings;
use crate::metadata::MetadataSettings;
use crate::ssh::SshSettings;
use crate::value::Origin;
use crate::{Guest, Place};

/// Longer than any tag in use.
const TAG_LIMIT: usize = 255;

/// Whose settings a table holds. Not every key makes sense for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of every guest.
    Everybody,
    /// Those of the guests of a cluster, or of those of them that have a tag.
    Cluster,
    /// Those of a guest on this machine.
    LocalGuest,
    /// Those of a guest of a cluster.
    ClusterGuest,
    /// Those of the nodes of a cluster.
    Nodes,
    /// Those of one of its nodes.
    Node,
}

/// What one table says about guests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) tags: Option<BTreeSet<String>>,
    pub(crate) ssh: SshSettings,
    pub(crate) deadlines: DeadlineSettings,
    pub(crate) metadata: MetadataSettings,
}

impl Whose {
    pub(crate) const fn is_one_guest(self) -> bool {
        matches!(self, Self::LocalGuest | Self::ClusterGuest)
    }
}

impl Settings {
    /// What `table` says; its caller knows which keys it may have.
    pub(crate) fn read(
        table: &Table<'_>,
        whose: Whose,
        origin: Origin<'_>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let ssh = table.table("ssh", mistakes);
        let deadlines = table.table("deadlines", mistakes);
        let metadata = table.table("metadata", mistakes);
        Self {
            tags: None,
            ssh: ssh
                .map(|table| SshSettings::read(&table, whose, origin, mistakes))
                .unwrap_or_default(),
            deadlines: deadlines
                .map(|table| DeadlineSettings::read(&table, mistakes))
                .unwrap_or_default(),
            metadata: metadata
                .map(|table| MetadataSettings::read(&table, whose, mistakes))
                .unwrap_or_default(),
        }
    }

    /// These, with the `tags` of `table`.
    pub(crate) fn with_tags(self, table: &Table<'_>, mistakes: &mut Mistakes) -> Self {
        let tags = table.read("tags", mistakes, tags);
        Self { tags, ..self }
    }

    /// These, where the settings of everybody are meant for guests of clusters: a host that they
    /// name is that of guests on this machine.
    pub(crate) fn of_clusters(self) -> Self {
        let ssh = self.ssh.with_found_addresses();
        Self { ssh, ..self }
    }

    /// These, and `fallback` where these say nothing.
    pub(crate) fn or(&self, fallback: &Self) -> Self {
        Self {
            tags: self.tags.clone().or_else(|| fallback.tags.clone()),
            ssh: self.ssh.or(&fallback.ssh),
            deadlines: self.deadlines.or(&fallback.deadlines),
            metadata: self.metadata.or(&fallback.metadata),
        }
    }

    /// The guest `name` at `place` with these settings and the tags that its cluster told.
    pub(crate) fn guest(self, name: GuestId, place: Place, told: &BTreeSet<String>) -> Guest {
        let mut tags = self.tags.unwrap_or_default();
        tags.extend(told.iter().cloned());
        Guest {
            name,
            tags,
            place,
            ssh: self.ssh.resolved(),
            deadlines: self.deadlines.resolved(),
            metadata: self.metadata.resolved(),
        }
    }
}

/// Whether `text` can be a tag: the characters of Proxmox VE's tags, so that `tag:web` needs no
/// quoting.
pub(crate) fn is_tag(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let fits = (1..=TAG_LIMIT).contains(&text.len()) && !text.starts_with(['-', '.', '+']);
    fits && text.chars().all(allowed)
}

fn tags<'t>(value: &'t Value<'t>) -> Result<BTreeSet<String>, Fault> {
    texts(value)?.into_iter().map(tag).collect()
}

fn tag((text, span): Text<'_>) -> Result<String, Fault> {
    if is_tag(text) {
        return Ok(text.to_owned());
    }
    let wanted = format!("expects tags of 1 to {TAG_LIMIT} of A-Z a-z 0-9 . _ - +");
    Err(Fault::new(span, wanted))
}
