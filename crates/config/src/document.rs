//! The whole file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use conditions::GuestId;
use toml_file::{Fault, Mistakes, Table, value};

use crate::cluster::Names;
use crate::guest::{Declared, Defaults, Settings};
use crate::secrets;
use crate::value::Origin;
use crate::{Cluster, Environment, Guest, MetadataService, Place};

const KEYS: &[&str] = &["state-dir", "defaults", "cluster", "guest", "metadata"];

/// What the file says.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) metadata: MetadataService,
    pub(crate) clusters: BTreeMap<String, Cluster>,
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
    mistakes.hide(secrets::of_text(text));
    let document = mistakes.collect(toml_file::parse(text))?;
    mistakes.hide(secrets::of_document(document.get_ref()));
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
        .unwrap_or_default()
        .or_usual(origin);
    let mut clusters = clusters(&table, &defaults.settings, origin, mistakes);
    let guests = guests(&table, &defaults, &mut clusters, origin, mistakes);
    Some(Document {
        state_dir,
        metadata,
        clusters,
        guests,
    })
}

fn clusters(
    file: &Table<'_>,
    defaults: &Settings,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> BTreeMap<String, Cluster> {
    let mut clusters = BTreeMap::new();
    for (name, table) in file.tables("cluster", mistakes) {
        let cluster = Cluster::read(name, &table, defaults, origin, mistakes);
        clusters.extend(cluster.map(|cluster| (name.to_owned(), cluster)));
    }
    clusters
}

/// The guests that have tables. Those of clusters are made known to them.
fn guests(
    file: &Table<'_>,
    defaults: &Defaults,
    clusters: &mut BTreeMap<String, Cluster>,
    origin: Origin<'_>,
    mistakes: &mut Mistakes,
) -> BTreeMap<GuestId, Guest> {
    // Of clusters with mistakes too: a guest that names one makes none.
    let names: Names<'_> = file.names_in("cluster").into_iter().collect();
    let mut declared = Vec::new();
    for (name, table) in file.tables("guest", mistakes) {
        let known = (defaults, &names);
        declared.extend(Declared::read(name, &table, known, origin, mistakes));
    }
    refuse_shared_sockets(&declared, mistakes);
    refuse_shared_addresses(&declared, mistakes);
    refuse_shared_ids(&declared, mistakes);
    declared
        .into_iter()
        .filter_map(|declared| guest(declared, defaults, clusters))
        .map(|guest| (guest.name.clone(), guest))
        .collect()
}

fn guest(
    declared: Declared,
    defaults: &Defaults,
    clusters: &mut BTreeMap<String, Cluster>,
) -> Option<Guest> {
    let Declared {
        name,
        place,
        settings,
        ..
    } = declared;
    let Place::Cluster(clustered) = place else {
        let settings = settings.or(&defaults.settings);
        return Some(settings.guest(name, place, &BTreeSet::new()));
    };
    let cluster = clusters.get_mut(&clustered.cluster)?;
    cluster.declare(clustered.vmid, name, settings);
    cluster.declared_guest(clustered.vmid)
}

/// Two names for one socket would be two names for one machine, and each could be operated on
/// while the other is.
fn refuse_shared_sockets(declared: &[Declared], mistakes: &mut Mistakes) {
    let mut sockets: Vec<_> = declared
        .iter()
        .flat_map(|guest| {
            let sockets = guest.sockets.iter();
            sockets.map(|(path, span)| (path, span, &guest.name))
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
fn refuse_shared_addresses(declared: &[Declared], mistakes: &mut Mistakes) {
    let mut addresses: Vec<_> = declared
        .iter()
        .filter_map(|guest| {
            let address = guest.settings.metadata.resolved().address?;
            Some((address, guest.address.clone()?, &guest.name))
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

/// As two names for one socket.
fn refuse_shared_ids(declared: &[Declared], mistakes: &mut Mistakes) {
    let mut ids: Vec<_> = declared
        .iter()
        .filter_map(|guest| {
            let place = guest.place.clustered()?;
            Some((place, guest.vmid.clone()?, &guest.name))
        })
        .collect();
    ids.sort_by_key(|(_, span, _)| span.start);
    let mut owners: HashMap<(&str, u32), &GuestId> = HashMap::new();
    for (place, span, guest) in ids {
        let key = (place.cluster.as_str(), place.vmid);
        if let Some(owner) = owners.insert(key, guest) {
            let (cluster, vmid) = key;
            let message = format!("{vmid} of cluster `{cluster}` is guest `{owner}` already");
            mistakes.push(Fault::new(span, message).with_note("a guest has one table"));
        }
    }
}
