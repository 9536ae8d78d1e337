//! What a cluster told becomes guests.

use std::collections::{BTreeMap, BTreeSet};

use conditions::GuestId;

use super::{Cluster, Discovered, Names};
use crate::guest::{Clustered, Found, Settings};
use crate::{Config, Guest, Place};

impl Config {
    /// The guests of `cluster` by name, of which it told `found`.
    ///
    /// A guest with a `[guest.NAME]` table has that name, and is there whether it was found or
    /// not. Any other is there if `include` and `exclude` let it, and is called `NAME-VMID`, or
    /// `CLUSTER.NAME-VMID` where the configuration has several clusters. What its own table does
    /// not say, those of its tags say (the first by name), else the cluster's, else the defaults.
    #[must_use]
    pub fn adopt(&self, cluster: &str, found: &[Discovered]) -> Vec<Guest> {
        let names = self.cluster_names();
        let Some(cluster) = self.clusters.get(cluster) else {
            return Vec::new();
        };
        let found: BTreeMap<u32, &Discovered> =
            found.iter().map(|guest| (guest.vmid, guest)).collect();
        let missing = cluster
            .declared
            .keys()
            .filter(|vmid| !found.contains_key(vmid));
        let missing = missing.filter_map(|vmid| cluster.declared_guest(*vmid));
        let there = found
            .values()
            .filter_map(|guest| cluster.found_guest(guest, &names));
        let mut guests: Vec<Guest> = missing.chain(there).collect();
        guests.sort_by(|a, b| a.name.cmp(&b.name));
        guests
    }

    /// The names of the clusters.
    pub(crate) fn cluster_names(&self) -> Names<'_> {
        self.clusters.keys().map(String::as_str).collect()
    }
}

impl Cluster {
    /// Takes in what the table of one of its guests says.
    pub(crate) fn declare(&mut self, vmid: u32, name: GuestId, settings: Settings) {
        self.declared.insert(vmid, (name, settings));
    }

    /// The guest `vmid`, as its table alone tells of it.
    pub(crate) fn declared_guest(&self, vmid: u32) -> Option<Guest> {
        let (name, settings) = self.declared.get(&vmid)?;
        Some(self.guest(name.clone(), settings, vmid, None, &BTreeSet::new()))
    }

    fn found_guest(&self, found: &Discovered, names: &Names<'_>) -> Option<Guest> {
        let told = Found {
            name: found.name.clone(),
            node: found.node.clone(),
            pool: found.pool.clone(),
        };
        let guest =
            |name, settings| self.guest(name, settings, found.vmid, Some(told), &found.tags);
        if let Some((name, settings)) = self.declared.get(&found.vmid) {
            return Some(guest(name.clone(), settings));
        }
        let name = names.of(&self.settings.name, found.vmid, found.name.as_deref())?;
        Some(guest(name, &Settings::default())).filter(|guest| self.takes(guest))
    }

    fn takes(&self, guest: &Guest) -> bool {
        let chosen = |selectors: &[crate::Selector]| {
            selectors.iter().any(|selector| selector.matches(guest))
        };
        (self.include.is_empty() || chosen(&self.include)) && !chosen(&self.exclude)
    }

    fn guest(
        &self,
        name: GuestId,
        own: &Settings,
        vmid: u32,
        found: Option<Found>,
        told: &BTreeSet<String>,
    ) -> Guest {
        let named = own.tags.as_ref().or(self.guests.tags.as_ref());
        let tags: BTreeSet<&String> = named.into_iter().flatten().chain(told).collect();
        let layers = tags.into_iter().filter_map(|tag| self.tags.get(tag));
        let settings = layers.fold(own.clone(), |merged, layer| merged.or(layer));
        let place = Place::Cluster(Clustered {
            cluster: self.settings.name.clone(),
            vmid,
            found,
        });
        settings.or(&self.guests).guest(name, place, told)
    }
}
