//! What `[defaults]` and every group may say.

use std::time::Duration;

use toml_file::value::{argv, flag, number, text};
use toml_file::{Fault, Mistakes, Table, Value};

use super::value;
use crate::Amount;
use crate::policy::{
    Check, Hook, Hooks, MinFree, NodePatching, Patching, Policy, RebootPolicy, Scope, StaleServices,
};

const MINUTE: Duration = Duration::from_secs(60);
const EXPECTED: Duration = Duration::from_secs(30 * 60);
const HOOK_TIMEOUT: Duration = Duration::from_secs(10 * 60);
const CHECK_TIMEOUT: Duration = Duration::from_secs(60);
/// More checks than anybody needs: their script has to fit into one command.
const CHECKS_LIMIT: usize = 20;
/// The longest line of a check, in bytes.
const COMMAND_LIMIT: usize = 1000;

pub(super) const KEYS: &[&str] = &[
    "windows",
    "max-unavailable",
    "expected",
    "retries",
    "retry-after",
    "reboot",
    "snapshot-expires",
    "scope",
    "allow-removals",
    "allow-mending",
    "services",
    "checks",
    "min-free",
    "interrupt-guests",
    "copy-local-disks",
    "adopt-maintenance",
    "hooks",
];
/// Those of them that mean nothing to a group of guests.
pub(super) const NODE_KEYS: &[&str] =
    &["interrupt-guests", "copy-local-disks", "adopt-maintenance"];
const CHECK_KEYS: &[&str] = &["name", "command", "timeout"];
const SPACE_KEYS: &[&str] = &["root", "var", "boot"];
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
const SCOPE: &[(&str, Scope)] = &[
    ("upgrade", Scope::Upgrade),
    ("dist-upgrade", Scope::DistUpgrade),
];
const SERVICES: &[(&str, StaleServices)] = &[
    ("report", StaleServices::Report),
    ("restart", StaleServices::Restart),
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
    scope: Option<Scope>,
    allow_removals: Option<bool>,
    allow_mending: Option<bool>,
    services: Option<StaleServices>,
    checks: Option<Vec<Check>>,
    min_free: Option<MinFree>,
    interrupt_guests: Option<bool>,
    copy_local_disks: Option<bool>,
    adopt_maintenance: Option<bool>,
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
            scope: table.read("scope", mistakes, |value| value::choice(value, SCOPE)),
            allow_removals: table.read("allow-removals", mistakes, flag),
            allow_mending: table.read("allow-mending", mistakes, flag),
            services: table.read("services", mistakes, |value| value::choice(value, SERVICES)),
            checks: checks(table, mistakes),
            min_free: min_free(table, mistakes),
            interrupt_guests: table.read("interrupt-guests", mistakes, flag),
            copy_local_disks: table.read("copy-local-disks", mistakes, flag),
            adopt_maintenance: table.read("adopt-maintenance", mistakes, flag),
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
            scope: self.scope.or(other.scope),
            allow_removals: self.allow_removals.or(other.allow_removals),
            allow_mending: self.allow_mending.or(other.allow_mending),
            services: self.services.or(other.services),
            checks: self.checks.or(other.checks),
            min_free: self.min_free.or(other.min_free),
            interrupt_guests: self.interrupt_guests.or(other.interrupt_guests),
            copy_local_disks: self.copy_local_disks.or(other.copy_local_disks),
            adopt_maintenance: self.adopt_maintenance.or(other.adopt_maintenance),
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
            patching: self.patching(),
            reboot: self.reboot.unwrap_or_default(),
            snapshot_expires: self.snapshot_expires,
            wave_hooks: hooks(&self.before_wave, &self.after_wave),
            member_hooks: hooks(&self.before_member, &self.after_member),
        }
    }

    fn patching(&self) -> Patching {
        Patching {
            scope: self.scope.unwrap_or_default(),
            allow_removals: self.allow_removals.unwrap_or_default(),
            allow_mending: self.allow_mending.unwrap_or_default(),
            services: self.services.unwrap_or_default(),
            checks: self.checks.clone().unwrap_or_default(),
            min_free: self.min_free.unwrap_or_default(),
            node: NodePatching {
                interrupt_guests: self.interrupt_guests.unwrap_or_default(),
                copy_local_disks: self.copy_local_disks.unwrap_or_default(),
                adopt_maintenance: self.adopt_maintenance.unwrap_or_default(),
            },
        }
    }
}

/// An empty list takes those of the defaults away.
fn checks(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Vec<Check>> {
    if !table.has("checks") {
        return None;
    }
    let tables = table.list("checks", mistakes);
    if tables.len() > CHECKS_LIMIT {
        let message = format!("`checks` has more than {CHECKS_LIMIT}");
        mistakes.push(Fault::new(table.span(), message).with_note("put them into one program"));
        return None;
    }
    Some(
        tables
            .iter()
            .filter_map(|table| check(table, mistakes))
            .collect(),
    )
}

fn check(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<Check> {
    table.allow_only(CHECK_KEYS, mistakes);
    for key in ["name", "command"] {
        if !table.has(key) {
            let note = "a check is `{ name = \"site\", command = \"curl -fsS localhost\" }`";
            mistakes.push(table.lacks(key).with_note(note));
        }
    }
    let name = table.read("name", mistakes, value::word);
    let command = table.read("command", mistakes, command);
    let timeout = table.read("timeout", mistakes, value::duration);
    Some(Check {
        name: name?,
        command: command?,
        timeout: timeout.unwrap_or(CHECK_TIMEOUT),
    })
}

fn command(value: &Value<'_>) -> Result<String, Fault> {
    let (line, span) = text(value)?;
    match line.len() <= COMMAND_LIMIT {
        true => Ok(line.to_owned()),
        false => {
            let message = format!("is longer than {COMMAND_LIMIT} bytes");
            Err(Fault::new(span, message).with_note("put it into a program"))
        }
    }
}

fn min_free(table: &Table<'_>, mistakes: &mut Mistakes) -> Option<MinFree> {
    const MOST: u64 = 1 << 30;
    let table = table.table("min-free", mistakes)?;
    table.allow_only(SPACE_KEYS, mistakes);
    let mut space = |key: &str| {
        table.read(key, mistakes, |value| {
            number(value, 0..=MOST, "a whole number of MiB")
        })
    };
    Some(MinFree {
        root: space("root"),
        var: space("var"),
        boot: space("boot"),
    })
}

/// The command called `key`, with the `timeout` beside it.
pub(super) fn hook(table: &Table<'_>, key: &str, mistakes: &mut Mistakes) -> Option<Hook> {
    let command = table.read(key, mistakes, argv)?;
    let timeout = table.read("timeout", mistakes, value::duration);
    Some(Hook {
        command,
        timeout: timeout.unwrap_or(HOOK_TIMEOUT),
    })
}
