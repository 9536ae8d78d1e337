//! How members are patched: plain data that the caller acts on.
//!
//! ```text
//! Policy ─┬─ turns      expected, retries, hooks          the campaign goes by them
//!         └─ patching   Patching, reboot, snapshot        the caller does
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a member is rebooted after it was patched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RebootPolicy {
    /// Not at all.
    Never,
    /// When what was patched asks for it.
    #[default]
    IfRequired,
    /// Each time.
    Always,
}

/// How far an upgrade may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Newer versions of what is installed, and nothing else.
    Upgrade,
    /// New packages too, where an upgrade needs them.
    #[default]
    DistUpgrade,
}

/// What happens to services that still use what was replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaleServices {
    /// They are reported.
    #[default]
    Report,
    /// They are restarted.
    Restart,
}

/// A command in the member that has to end well after the upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Check {
    /// What the operator calls it.
    pub name: String,
    /// A line for the member's shell.
    pub command: String,
    /// So long it may take; then it has failed.
    #[serde(with = "millis")]
    pub timeout: Duration,
}

/// The least free space of a member, in MiB; what is not said is the caller's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MinFree {
    /// On `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<u64>,
    /// On `/var`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub var: Option<u64>,
    /// On `/boot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<u64>,
}

/// What is done to a member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Patching {
    /// How far the upgrade may go.
    pub scope: Scope,
    /// Whether packages may be removed for it.
    pub allow_removals: bool,
    /// Whether that may be finished first which was interrupted before.
    pub allow_mending: bool,
    /// What happens to stale services.
    pub services: StaleServices,
    /// What has to end well after it.
    pub checks: Vec<Check>,
    /// Without that much nothing is begun.
    pub min_free: MinFree,
    /// Of nodes: what may be done to their guests, and to their maintenance mode.
    #[serde(default, skip_serializing_if = "NodePatching::is_default")]
    pub node: NodePatching,
}

/// What may be done so that a node can be patched. By default nobody is interrupted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NodePatching {
    /// Whether guests that cannot move while they run may be shut down, and started afterwards.
    #[serde(default)]
    pub interrupt_guests: bool,
    /// Whether disks that only the node has may be copied.
    #[serde(default)]
    pub copy_local_disks: bool,
    /// Whether a node that is in maintenance already is taken over.
    #[serde(default)]
    pub adopt_maintenance: bool,
}

impl NodePatching {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A command of the operator, performed by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hook {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// So long it may take; then it has failed.
    #[serde(with = "millis")]
    pub timeout: Duration,
}

/// The commands around something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Hooks {
    /// Before it. If it fails, what it is before is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Hook>,
    /// After it, whenever the one before it was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Hook>,
}

/// How the members of a group are patched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Policy {
    /// How long one takes: it is begun only if that is left of its window.
    #[serde(with = "millis")]
    pub expected: Duration,
    /// How often one is tried again.
    pub retries: u32,
    /// After so long.
    #[serde(with = "millis")]
    pub retry_after: Duration,
    /// What is done to it.
    pub patching: Patching,
    /// Whether it is rebooted.
    pub reboot: RebootPolicy,
    /// So long the snapshot is kept that is taken before; without it none is taken.
    #[serde(
        with = "optional_millis",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub snapshot_expires: Option<Duration>,
    /// Around each wave.
    pub wave_hooks: Hooks,
    /// Around each member.
    pub member_hooks: Hooks,
}

/// Durations as milliseconds, as moments are.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

/// The same, where there may be none.
mod optional_millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let millis = span.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        millis.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<u64>::deserialize(from).map(|millis| millis.map(Duration::from_millis))
    }
}
