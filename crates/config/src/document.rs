//! The whole file.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use conditions::GuestId;
use toml::de::DeTable;

use crate::guest::{Defaults, PlacedGuest};
use crate::mistake::{Fault, Mistakes};
use crate::table::Table;
use crate::value::{self, Origin};
use crate::{Environment, Guest, MetadataService};

const KEYS: &[&str] = &["state-dir", "defaults", "guest", "metadata"];

/// What the file says.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) metadata: MetadataService,
    pub(crate) guests: BTreeMap<GuestId, Guest>,
}

/// Reads all of it, so that all mistakes are found at once; nothing when it is not even TOML.
pub(crate) fn read(
    text: &str,
    file: &Path,
    environment: &Environment,
    mistakes: &mut Mistakes,
) -> Option<Document> {
    let directory = file.parent().unwrap_or(Path::new("/"));
    let origin = Origin {
        directory,
        environment,
    };
    let parsed = DeTable::parse(text).map_err(|error| not_toml(&error));
    let document = mistakes.collect(parsed)?;
    let table = Table::file(&document);
    table.allow_only(KEYS, mistakes);
    let state_dir = table.read("state-dir", mistakes, |value| {
        origin.path(value::text(value)?)
    });
    let metadata = table
        .table("metadata", mistakes)
        .map(|metadata| MetadataService::read(&metadata, origin, mistakes))
        .unwrap_or_default();
    let defaults = table
        .table("defaults", mistakes)
        .map(|defaults| Defaults::read(&defaults, origin, mistakes))
        .unwrap_or_default();
    let guests = guests(&table, &defaults, origin, mistakes);
    Some(Document {
        state_dir,
        metadata,
        guests,
    })
}

fn guests(
    file: &Table<'_>,
    defaults: &Defaults,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> BTreeMap<GuestId, Guest> {
    let Some(table) = file.table("guest", mistakes) else {
        return BTreeMap::new();
    };
    let mut placed = Vec::new();
    for (name, table) in table.tables(mistakes) {
        placed.extend(PlacedGuest::read(name, &table, defaults, origin, mistakes));
    }
    refuse_shared_sockets(&placed, mistakes);
    refuse_shared_addresses(&placed, mistakes);
    placed
        .into_iter()
        .map(|placed| (placed.guest.name.clone(), placed.guest))
        .collect()
}

/// Two names for one socket would be two names for one machine, and each could be operated on
/// while the other is.
fn refuse_shared_sockets(placed: &[PlacedGuest], mistakes: &mut Mistakes) {
    let mut sockets: Vec<_> = placed
        .iter()
        .flat_map(|placed| {
            placed
                .sockets
                .iter()
                .map(|(path, span)| (path, span, &placed.guest.name))
        })
        .collect();
    sockets.sort_by_key(|(_, span, _)| span.start);
    let mut owners: HashMap<&Path, &GuestId> = HashMap::new();
    for (path, span, guest) in sockets {
        if let Some(owner) = owners.insert(path, guest) {
            let message = format!("{} is named for guest `{owner}` already", path.display());
            let note = "each guest has sockets of its own, one for qmp and one for agent";
            mistakes.push(Fault::new(span.clone(), message).with_note(note));
        }
    }
}

/// A guest is known by the address that its requests come from.
fn refuse_shared_addresses(placed: &[PlacedGuest], mistakes: &mut Mistakes) {
    let mut addresses: Vec<_> = placed
        .iter()
        .filter_map(|placed| {
            let address = placed.guest.metadata.address?;
            Some((address, placed.address.clone()?, &placed.guest.name))
        })
        .collect();
    addresses.sort_by_key(|(_, span, _)| span.start);
    let mut owners: HashMap<IpAddr, &GuestId> = HashMap::new();
    for (address, span, guest) in addresses {
        if let Some(owner) = owners.insert(address, guest) {
            let message = format!("{address} is the address of guest `{owner}` already");
            let note = "each guest has a source address of its own: its metadata is told by it";
            mistakes.push(Fault::new(span, message).with_note(note));
        }
    }
}

fn not_toml(error: &toml::de::Error) -> Fault {
    Fault::new(
        error.span().unwrap_or(0..0),
        format!("not TOML: {}", error.message()),
    )
}
