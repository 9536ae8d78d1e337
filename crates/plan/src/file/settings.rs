//! What `[defaults]` and every group may say.

use std::time::Duration;

use super::mistake::Mistakes;
use super::table::Table;
use super::value;
use crate::Amount;
use crate::policy::{Hook, Hooks, Policy, RebootPolicy};

const MINUTE: Duration = Duration::from_secs(60);
const EXPECTED: Duration = Duration::from_secs(30 * 60);
const HOOK_TIMEOUT: Duration = Duration::from_secs(10 * 60);

pub(super) const KEYS: &[&str] = &[
    "windows",
    "max-unavailable",
    "expected",
    "retries",
    "retry-after",
    "reboot",
    "snapshot-expires",
    "hooks",
];
const HOOK_KEYS: &[&str] = &[
    "before-wave",
    "after-wave",
    "before-member",
    "after-member",
    "timeout",
];
const REBOOT: &[(&str, RebootPolicy)] = &[
    ("never", RebootPolicy::Never),
    ("if-required", RebootPolicy::IfRequired),
    ("always", RebootPolicy::Always),
];

#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) windows: Option<Vec<String>>,
    pub(super) max_unavailable: Option<Amount>,
    expected: Option<Duration>,
    retries: Option<u32>,
    retry_after: Option<Duration>,
    reboot: Option<RebootPolicy>,
    pub(super) snapshot_expires: Option<Duration>,
    before_wave: Option<Hook>,
    after_wave: Option<Hook>,
    before_member: Option<Hook>,
    after_member: Option<Hook>,
}

impl Settings {
    pub(super) fn read(table: &Table<'_>, windows: &[&str], mistakes: &mut Mistakes) -> Self {
        let mut settings = Self {
            windows: table.read("windows", mistakes, |value| {
                super::read::known(value, windows, "window")
            }),
            max_unavailable: table
                .read("max-unavailable", mistakes, |value| value::amount(value, 1)),
            expected: table.read("expected", mistakes, value::duration),
            retries: table.read("retries", mistakes, |value| value::count(value, 0)),
            retry_after: table.read("retry-after", mistakes, value::duration),
            reboot: table.read("reboot", mistakes, |value| value::choice(value, REBOOT)),
            snapshot_expires: table.read("snapshot-expires", mistakes, value::duration),
            ..Self::default()
        };
        if let Some(hooks) = table.table("hooks", mistakes) {
            hooks.allow_only(HOOK_KEYS, mistakes);
            settings.before_wave = hook(&hooks, "before-wave", mistakes);
            settings.after_wave = hook(&hooks, "after-wave", mistakes);
            settings.before_member = hook(&hooks, "before-member", mistakes);
            settings.after_member = hook(&hooks, "after-member", mistakes);
        }
        settings
    }

    /// What is not said here is as `other` says.
    pub(super) fn or(self, other: &Self) -> Self {
        let other = other.clone();
        Self {
            windows: self.windows.or(other.windows),
            max_unavailable: self.max_unavailable.or(other.max_unavailable),
            expected: self.expected.or(other.expected),
            retries: self.retries.or(other.retries),
            retry_after: self.retry_after.or(other.retry_after),
            reboot: self.reboot.or(other.reboot),
            snapshot_expires: self.snapshot_expires.or(other.snapshot_expires),
            before_wave: self.before_wave.or(other.before_wave),
            after_wave: self.after_wave.or(other.after_wave),
            before_member: self.before_member.or(other.before_member),
            after_member: self.after_member.or(other.after_member),
        }
    }

    pub(super) fn policy(&self) -> Policy {
        let hooks = |before: &Option<Hook>, after: &Option<Hook>| Hooks {
            before: before.clone(),
            after: after.clone(),
        };
        Policy {
            expected: self.expected.unwrap_or(EXPECTED),
            retries: self.retries.unwrap_or(0),
            retry_after: self.retry_after.unwrap_or(MINUTE * 5),
            reboot: self.reboot.unwrap_or_default(),
            snapshot_expires: self.snapshot_expires,
            wave_hooks: hooks(&self.before_wave, &self.after_wave),
            member_hooks: hooks(&self.before_member, &self.after_member),
        }
    }
}

/// The command called `key`, with the `timeout` beside it.
pub(super) fn hook(table: &Table<'_>, key: &str, mistakes: &mut Mistakes) -> Option<Hook> {
    let command = table.read(key, mistakes, value::argv)?;
    let timeout = table.read("timeout", mistakes, value::duration);
    Some(Hook {
        command,
        timeout: timeout.unwrap_or(HOOK_TIMEOUT),
    })
}
