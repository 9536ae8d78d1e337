//! Snapshots of a guest's disks.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::HypervisorError;
use crate::gate::RollbackOrder;

/// Snapshots of all writable disks of a guest, without its memory. None of the calls changes a
/// guest's power state: a rollback takes a [`RollbackOrder`], which only an observed *stopped*
/// yields, because going back under a running guest would cut its power.
///
/// Each call waits at most `deadline`. [`HypervisorError::TimedOut`] leaves open whether it had its
/// effect: making the same call again settles it. Every other error means that nothing was changed,
/// unless it says otherwise.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Takes a snapshot of a running guest. One of this name that is there already is a success.
    /// Where the hypervisor keeps no descriptions, `description` is dropped.
    async fn take(
        &self,
        guest: &GuestId,
        name: &SnapshotName,
        description: &str,
        deadline: Duration,
    ) -> Result<Taken, HypervisorError>;

    /// The guest's snapshots, oldest first, whoever made them.
    async fn list(
        &self,
        guest: &GuestId,
        deadline: Duration,
    ) -> Result<Vec<Snapshot>, HypervisorError>;

    /// Deletes a snapshot and returns what was seen, for the timeline. None of this name is a
    /// success.
    async fn delete(
        &self,
        guest: &GuestId,
        name: &SnapshotName,
        deadline: Duration,
    ) -> Result<String, HypervisorError>;

    /// Takes a stopped guest's disks back to a snapshot and returns what was seen, for the timeline.
    /// What was written since is lost. The guest stays off, and the snapshot stays.
    async fn rollback(
        &self,
        order: RollbackOrder,
        deadline: Duration,
    ) -> Result<String, HypervisorError>;
}

/// The name of a snapshot that hospes makes, and may so delete or go back to: `hospes-`, then up to
/// 33 letters, digits, `-` and `_`. Every hypervisor takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SnapshotName(String);

/// A text that names no snapshot of hospes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is no snapshot of hospes: their names are `hospes-` and up to 33 letters, digits, `-` \
     and `_`"
)]
pub struct NotOurs(String);

/// What names begin with.
const PREFIX: &str = "hospes-";

/// Proxmox VE's limit.
const LONGEST: usize = 40;

impl SnapshotName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SnapshotName {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Self, NotOurs> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let rest = text.strip_prefix(PREFIX).unwrap_or_default();
        if !rest.is_empty() && text.len() <= LONGEST && rest.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        let printable = text.chars().filter(|it| !it.is_control());
        Err(NotOurs(printable.take(LONGEST).collect()))
    }
}

impl TryFrom<String> for SnapshotName {
    type Error = NotOurs;

    fn try_from(text: String) -> Result<Self, NotOurs> {
        text.parse()
    }
}

impl From<SnapshotName> for String {
    fn from(name: SnapshotName) -> Self {
        name.0
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A snapshot as the hypervisor lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was taken, where that is kept.
    pub at: Option<Timestamp>,
    /// It is of every writable disk, and nothing is being done to it. There is no way back to one
    /// that is not whole.
    pub is_whole: bool,
}

impl Snapshot {
    /// Its name, if it is hospes' own by that.
    #[must_use]
    pub fn own(&self) -> Option<SnapshotName> {
        self.name.parse().ok()
    }
}

/// A snapshot that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// What it is called: enough, with the guest, to find it again.
    pub name: SnapshotName,
    /// When it was taken, by the hypervisor's clock, where that is kept.
    pub at: Option<Timestamp>,
    /// It was there before the call.
    pub was_there: bool,
    /// What was seen, for the timeline.
    pub evidence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_with_the_prefix_are_ours() {
        let longest = format!("hospes-{}", "x".repeat(33));
        for name in ["hospes-1", "hospes-patch_2026-01-31", &longest] {
            let parsed: SnapshotName = name.parse().unwrap();
            assert_eq!(parsed.as_str(), name);
        }
        let too_long = format!("{longest}x");
        for name in [
            "",
            "hospes-",
            "hospes",
            "before",
            "Hospes-1",
            "hospes-a b",
            "hospes-a,b",
            "hospes-a/b",
            "hospes-é",
            "hospes-a\n",
            &too_long,
        ] {
            let error = name.parse::<SnapshotName>().unwrap_err().to_string();
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn a_kept_name_is_checked_when_it_is_read_back() {
        let name: SnapshotName = "hospes-7".parse().unwrap();
        let kept = serde_json::to_string(&name).unwrap();
        assert_eq!(kept, "\"hospes-7\"");
        assert_eq!(serde_json::from_str::<SnapshotName>(&kept).unwrap(), name);
        assert!(serde_json::from_str::<SnapshotName>("\"ready\"").is_err());
    }

    #[test]
    fn a_snapshot_is_hospes_own_by_its_name() {
        let own = |name: &str| {
            let name = name.to_owned();
            let (at, is_whole) = (None, true);
            Snapshot { name, at, is_whole }.own().is_some()
        };
        assert!(own("hospes-7") && !own("ready"));
    }
}
