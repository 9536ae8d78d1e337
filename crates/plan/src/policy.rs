//! How members are patched: plain data that the caller acts on.

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
