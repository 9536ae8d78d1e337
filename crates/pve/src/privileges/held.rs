//! What is held, and what is missing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Version;
use crate::answers::field::flag;

/// Privileges by path, as the API tells them of who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges(BTreeMap<String, BTreeMap<String, bool>>);

/// What hospes does with privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// See guests, their state and their configuration.
    See,
    /// See quorum and high availability.
    Cluster,
    /// Ask agents.
    Ask,
    /// Read files through agents.
    ReadFiles,
    /// Run commands through agents.
    Execute,
    /// Restart, shut down and start.
    Power,
    /// Take and delete snapshots.
    Snapshot,
    /// Go back to a snapshot.
    Rollback,
}

/// A purpose that lacks its privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it is for.
    pub purpose: Purpose,
    /// The privilege; for some purposes there is another that includes it.
    pub privilege: &'static str,
    /// Where it is missing: `/`, `/vms`, or the paths of single guests.
    pub paths: Vec<String>,
}

const GUESTS: &str = "/vms";

impl Purpose {
    pub(super) const ALL: [Self; 8] = [
        Self::See,
        Self::Cluster,
        Self::Ask,
        Self::ReadFiles,
        Self::Execute,
        Self::Power,
        Self::Snapshot,
        Self::Rollback,
    ];

    /// Any of these is enough; the first is the least. Where the version is not known, those of all.
    pub(super) const fn privileges(self, version: Option<Version>) -> &'static [&'static str] {
        let splits_agent = match version {
            Some(version) => Some(version.splits_agent()),
            None => None,
        };
        match (self, splits_agent) {
            (Self::See, _) => &["VM.Audit"],
            (Self::Cluster, _) => &["Sys.Audit"],
            (Self::Power, _) => &["VM.PowerMgmt"],
            (Self::Snapshot, _) => &["VM.Snapshot"],
            (Self::Rollback, _) => &["VM.Snapshot.Rollback", "VM.Snapshot"],
            (_, Some(false)) => &["VM.Monitor"],
            (Self::Ask, Some(true)) => &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"],
            (Self::ReadFiles, Some(true)) => {
                &["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"]
            }
            (Self::Execute, Some(true)) => &["VM.GuestAgent.Unrestricted"],
            (Self::Ask, None) => &[
                "VM.GuestAgent.Audit",
                "VM.GuestAgent.Unrestricted",
                "VM.Monitor",
            ],
            (Self::ReadFiles, None) => &[
                "VM.GuestAgent.FileRead",
                "VM.GuestAgent.Unrestricted",
                "VM.Monitor",
            ],
            (Self::Execute, None) => &["VM.GuestAgent.Unrestricted", "VM.Monitor"],
        }
    }

    /// What needs it, for people.
    #[must_use]
    pub const fn verbs(self) -> &'static str {
        match self {
            Self::See => "guests, and everything else",
            Self::Cluster => "quorum and high availability: restart, shutdown, start",
            Self::Ask => "check (conditions 5 and 6), and so restart and shutdown",
            Self::ReadFiles => "trust: SSH host keys read through the agent",
            Self::Execute => "check and fix through the agent while SSH is down; trust",
            Self::Power => "restart, shutdown, start",
            Self::Snapshot => "patch with a snapshot before",
            Self::Rollback => "going back to the snapshot before a patch",
        }
    }

    /// Whether it is needed on guests; else on the cluster as a whole.
    pub(super) const fn is_of_guests(self) -> bool {
        !matches!(self, Self::Cluster)
    }
}

impl Privileges {
    /// Reads the answer to [`crate::call::access::permissions`]. What is not a privilege with its
    /// propagation (1 or 0) is passed over.
    #[must_use]
    pub fn read(data: &Value) -> Self {
        let paths = data.as_object().into_iter().flatten();
        let paths = paths.filter_map(|(path, privileges)| {
            let held = privileges.as_object()?.keys();
            let held = held.filter_map(|name| Some((name.clone(), flag(privileges, name)?)));
            Some((path.clone(), held.collect()))
        });
        Self(paths.collect())
    }

    /// Whether a privilege is held at a path: there, or propagated from the next path above that the
    /// API names. What is granted further down takes the place of what is above.
    #[must_use]
    pub fn holds(&self, path: &str, privilege: &str) -> bool {
        if let Some(held) = self.0.get(path) {
            return held.contains_key(privilege);
        }
        let mut above = path;
        while let Some((shorter, _)) = above.rsplit_once('/') {
            above = if shorter.is_empty() { "/" } else { shorter };
            if let Some(held) = self.0.get(above) {
                return held.get(privilege) == Some(&true);
            }
            if above == "/" {
                break;
            }
        }
        false
    }

    /// What is missing for working with these guests; without any, for guests at all.
    #[must_use]
    pub fn missing(&self, version: Option<Version>, guests: &[u32]) -> Vec<Missing> {
        let purposes = Purpose::ALL.into_iter();
        let missing = purposes.filter_map(|purpose| {
            let paths = self.lacking(purpose, version, guests);
            let privilege = purpose.privileges(version).first()?;
            (!paths.is_empty()).then_some(Missing {
                purpose,
                privilege,
                paths,
            })
        });
        missing.collect()
    }

    fn lacking(&self, purpose: Purpose, version: Option<Version>, guests: &[u32]) -> Vec<String> {
        let lacks = |path: &String| {
            let mut enough = purpose.privileges(version).iter();
            !enough.any(|privilege| self.holds(path, privilege))
        };
        if !purpose.is_of_guests() {
            return [String::from("/")].into_iter().filter(lacks).collect();
        }
        let everywhere = String::from(GUESTS);
        let paths = guests.iter().map(|vmid| format!("{GUESTS}/{vmid}"));
        let lacking: Vec<_> = paths.filter(lacks).collect();
        if guests.is_empty() || (lacking.len() == guests.len() && self.sees_all_guests()) {
            return [everywhere].into_iter().filter(lacks).collect();
        }
        lacking
    }

    /// Whether guests are seen because of what is held above them, and not one by one.
    fn sees_all_guests(&self) -> bool {
        self.holds(GUESTS, "VM.Audit")
    }
}
