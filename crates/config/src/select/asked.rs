//! Which clusters selectors are about.

use std::collections::BTreeSet;

use conditions::GuestId;

use crate::{Config, Selector};

impl Config {
    /// The clusters that must be asked before [`select`](crate::select) can tell what `selectors` choose. A
    /// guest that is named asks at most its own; of a cluster that there is not all may know.
    #[must_use]
    pub fn clusters_for(&self, selectors: &[Selector]) -> BTreeSet<&str> {
        let each = selectors.iter().map(|selector| match selector {
            Selector::Cluster(name) => self.cluster_called(name),
            Selector::Name(name) => self.clusters_of(name),
            _ => self.cluster_names().iter().collect(),
        });
        each.flatten().collect()
    }

    fn cluster_called(&self, name: &str) -> Vec<&str> {
        match self.clusters.get_key_value(name) {
            Some((name, _)) => vec![name],
            None => self.cluster_names().iter().collect(),
        }
    }

    /// Where a guest of that name can be.
    fn clusters_of(&self, name: &GuestId) -> Vec<&str> {
        if let Some(guest) = self.guests.get(name) {
            let place = guest.place.clustered();
            return place
                .map(|place| place.cluster.as_str())
                .into_iter()
                .collect();
        }
        let names = self.cluster_names();
        match names.meant_by(name.as_str()) {
            Some((cluster, _)) => vec![cluster],
            None => names.iter().collect(),
        }
    }
}
