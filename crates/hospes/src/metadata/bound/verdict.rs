//! The verdict on a guest, and what the server is told of it.

use std::fmt;
use std::net::IpAddr;

use metadata_server::Refused;
use pve::firewall::Unbound;

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

impl Doubt {
    pub(super) fn because(why: &Unbound, claim: &Claim) -> Self {
        Self {
            reason: why.to_string(),
            remedy: why.remedy(claim.vmid, claim.address),
        }
    }

    pub(super) fn unreadable(why: &str) -> Self {
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
pub(super) fn refused(verdicts: &[Verdict]) -> Refused {
    let refused = verdicts.iter().filter_map(|verdict| {
        let doubt = verdict.doubt.as_ref()?;
        Some((verdict.claim.address, doubt.reason.clone()))
    });
    refused.collect()
}
