//! The guests that are to be known by their address, and the decision about each.

use std::collections::BTreeSet;
use std::path::PathBuf;

use config::Config;

use super::tree::Tree;
use super::verdict::{Claim, Doubt, Verdict};

/// The guests of a cluster that have a source address.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    guests: Vec<Claim>,
    clusters: BTreeSet<String>,
    pub(super) directory: PathBuf,
}

impl Bound {
    /// Those of the configuration.
    pub(crate) fn of(config: &Config) -> Self {
        let mut guests = Vec::new();
        let mut clusters = BTreeSet::new();
        for guest in config.guests.values() {
            if let (Some(place), Some(address)) = (guest.place.clustered(), guest.metadata.address)
            {
                clusters.insert(place.cluster.clone());
                guests.push(Claim {
                    guest: guest.name.to_string(),
                    vmid: place.vmid,
                    address,
                });
            }
        }
        Self {
            guests,
            clusters,
            directory: config.metadata.firewall_dir.clone(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// Reads the node's files, and decides.
    pub(crate) fn judge(&self) -> Vec<Verdict> {
        if self.clusters.len() > 1 {
            return self.doubt(&self.several_clusters());
        }
        match Tree::read(&self.directory) {
            Ok(tree) => {
                let node = tree.firewall();
                let doubt = |claim: &Claim| {
                    let bound = node.binds(claim.vmid, claim.address);
                    bound.err().map(|why| Doubt::because(&why, claim))
                };
                self.each(doubt)
            }
            Err(why) => self.doubt(&Doubt::unreadable(&why)),
        }
    }

    /// None of the guests is known.
    pub(super) fn doubt(&self, doubt: &Doubt) -> Vec<Verdict> {
        self.each(|_| Some(doubt.clone()))
    }

    fn each(&self, doubt: impl Fn(&Claim) -> Option<Doubt>) -> Vec<Verdict> {
        let verdict = |claim: &Claim| Verdict {
            doubt: doubt(claim),
            claim: claim.clone(),
        };
        self.guests.iter().map(verdict).collect()
    }

    /// The same number is another guest in another cluster, and a node does not tell which is its own.
    fn several_clusters(&self) -> Doubt {
        let names: Vec<_> = self.clusters.iter().map(String::as_str).collect();
        Doubt {
            reason: format!(
                "guests of several clusters ({}) have a metadata.address",
                names.join(", ")
            ),
            remedy: "keep only those of this node's cluster in this node's configuration"
                .to_owned(),
        }
    }
}
