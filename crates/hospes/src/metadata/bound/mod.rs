//! Which guests of a cluster are known by their source address on this node.
//!
//! ```text
//! [metadata] firewall-dir ─► tree ─► NodeFirewall ─► Bound.judge ─► [Verdict] ─► serve --check
//!                             └─ looked at again and again: Watch ──► Refused ─► the server
//! ```
//!
//! A guest of a cluster is served at an address only while the node's firewall binds its source
//! address to it; see [`pve::firewall`]. What cannot be read binds nothing. A filter that is new in the
//! files is not in effect at once, so it counts a little later; one that is gone counts no more at once.

mod tree;
mod watch;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use config::Config;
use metadata_server::Refused;
use pve::firewall::Unbound;

use self::tree::Tree;
pub(crate) use self::watch::Watch;

/// The guests of a cluster that have a source address.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    guests: Vec<Claim>,
    clusters: BTreeSet<String>,
    directory: PathBuf,
}

/// A guest, and the address that it is said to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) guest: String,
    pub(crate) vmid: u32,
    pub(crate) address: IpAddr,
}

/// Whether a guest is known by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) claim: Claim,
    pub(crate) doubt: Option<Doubt>,
}

/// Why a guest is not known by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) reason: String,
    pub(crate) remedy: String,
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
    fn doubt(&self, doubt: &Doubt) -> Vec<Verdict> {
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

impl Doubt {
    fn because(why: &Unbound, claim: &Claim) -> Self {
        Self {
            reason: why.to_string(),
            remedy: why.remedy(claim.vmid, claim.address),
        }
    }

    fn unreadable(why: &str) -> Self {
        Self {
            reason: format!("whether the firewall binds its address is not known: {why}"),
            remedy: "serve metadata on the node, as a user who may read that (root)".to_owned(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claim {
            guest,
            vmid,
            address,
        } = &self.claim;
        match &self.doubt {
            None => write!(
                f,
                "{guest} ({address}) is served: the firewall binds the address to VM {vmid}"
            ),
            Some(Doubt { reason, remedy }) => {
                write!(
                    f,
                    "{guest} ({address}) is refused: {reason}; to mend it: {remedy}"
                )
            }
        }
    }
}

/// What the server is told.
pub(crate) fn refused(verdicts: &[Verdict]) -> Refused {
    let refused = verdicts.iter().filter_map(|verdict| {
        let doubt = verdict.doubt.as_ref()?;
        Some((verdict.claim.address, doubt.reason.clone()))
    });
    refused.collect()
}
