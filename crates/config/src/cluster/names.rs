//! How guests of clusters are called that have no table of their own.

use std::collections::BTreeSet;

use conditions::GuestId;

/// What a [`GuestId`] holds at most.
const LENGTH: usize = 63;
/// What guests without a name are called.
const NAMELESS: &str = "vm";
/// The ids that Proxmox VE gives.
const IDS: std::ops::RangeInclusive<u32> = 100..=999_999_999;

/// The names of the clusters that the configuration has.
///
/// Guests are called `NAME-VMID`, or `CLUSTER.NAME-VMID` where there are several clusters. No
/// cluster's name has a dot, so each of these names is one guest's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names<'n>(BTreeSet<&'n str>);

impl<'n> FromIterator<&'n str> for Names<'n> {
    fn from_iter<I: IntoIterator<Item = &'n str>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

impl<'n> Names<'n> {
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'n str> {
        self.0.iter().copied()
    }

    /// How the guest `vmid` of `cluster` is called, which Proxmox VE calls `name`; nothing when
    /// that is no id.
    pub(crate) fn of(&self, cluster: &str, vmid: u32, name: Option<&str>) -> Option<GuestId> {
        if !is_id(vmid) {
            return None;
        }
        let prefix = match self.0.len() {
            0 | 1 => String::new(),
            _ => format!("{cluster}."),
        };
        let suffix = format!("-{vmid}");
        let room = LENGTH.saturating_sub(prefix.len() + suffix.len());
        let name: String = name
            .unwrap_or_default()
            .chars()
            .map(as_in_a_name)
            .skip_while(|c| matches!(c, '-' | '.'))
            .take(room)
            .collect();
        let name = if name.is_empty() { NAMELESS } else { &name };
        format!("{prefix}{name}{suffix}").parse().ok()
    }

    /// Whose name this is, if it is one that [`Names::of`] gives.
    pub(crate) fn meant_by(&self, name: &str) -> Option<(&'n str, u32)> {
        let (before, vmid) = id_at_end(name)?;
        let cluster = match self.0.len() {
            0 => return None,
            1 => self.0.first()?,
            _ => self.0.get(before.split_once('.')?.0)?,
        };
        Some((cluster, vmid))
    }
}

/// What stands before the dash and the id that `name` ends in, and the id.
pub(crate) fn id_at_end(name: &str) -> Option<(&str, u32)> {
    let (before, digits) = name.rsplit_once('-')?;
    let vmid = digits.parse().ok().filter(|vmid| is_id(*vmid))?;
    let is_plain = !before.is_empty() && !digits.starts_with(['0', '+']);
    is_plain.then_some((before, vmid))
}

/// Whether Proxmox VE gives such an id.
pub(crate) fn is_id(vmid: u32) -> bool {
    IDS.contains(&vmid)
}

fn as_in_a_name(c: char) -> char {
    let allowed = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if allowed { c } else { '-' }
}
