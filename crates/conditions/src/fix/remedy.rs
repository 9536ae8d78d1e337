//! One remedy.

use serde::Serialize;
use similar::TextDiff;

use super::script;

/// One step of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Remedy {
    /// Replace a file's text.
    EditFile {
        /// The file.
        path: String,
        /// Its text when it was read; the script refuses any other.
        before: String,
        /// Its text afterwards.
        after: String,
        /// What for.
        why: String,
        /// It is a shell script: the script checks the result's syntax before it replaces it.
        is_script: bool,
    },
    /// Create a file that does not exist.
    CreateFile {
        /// The file.
        path: String,
        /// Its text.
        after: String,
        /// What for.
        why: String,
    },
    /// Remove a file.
    RemoveFile {
        /// The file.
        path: String,
        /// Its text when it was read; the script refuses any other.
        before: String,
        /// What for.
        why: String,
    },
    /// Disable and stop a timer or path unit.
    DisableTrigger {
        /// The timer or path unit.
        unit: String,
        /// What for.
        why: String,
    },
    /// `systemctl daemon-reload`.
    DaemonReload,
    /// Read the guest again and go on only when condition 3 is healthy. No script: the caller
    /// probes.
    ProveNoHooks,
    /// Install a package.
    InstallPackage {
        /// The package.
        name: String,
    },
    /// `systemctl unmask`.
    Unmask {
        /// The agent's unit.
        unit: String,
    },
    /// `systemctl reset-failed`.
    ResetFailed {
        /// The agent's unit.
        unit: String,
    },
    /// `systemctl enable`, for a unit that has an `[Install]` section.
    EnableAgent {
        /// The agent's unit.
        unit: String,
    },
    /// `systemctl start`.
    StartAgent {
        /// The agent's unit.
        unit: String,
    },
    /// `systemctl restart`, of an agent that runs and does not answer.
    RestartAgent {
        /// The agent's unit.
        unit: String,
    },
}

impl Remedy {
    /// What it does, in one line.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::EditFile { path, why, .. } => format!("edit {path}: {why}"),
            Self::CreateFile { path, why, .. } => format!("create {path}: {why}"),
            Self::RemoveFile { path, why, .. } => format!("remove {path}: {why}"),
            Self::DisableTrigger { unit, why } => format!("disable {unit}: {why}"),
            Self::DaemonReload => "reload systemd's configuration (daemon-reload)".to_owned(),
            Self::ProveNoHooks => {
                "prove by systemd's effective properties that no hook is left".to_owned()
            }
            Self::InstallPackage { name } => format!("install the package {name}"),
            Self::Unmask { unit } => format!("unmask {unit}"),
            Self::ResetFailed { unit } => format!("reset the failed state of {unit}"),
            Self::EnableAgent { unit } => format!("enable {unit}"),
            Self::StartAgent { unit } => format!("start {unit}"),
            Self::RestartAgent { unit } => format!("restart {unit}, which runs and is silent"),
        }
    }

    /// The change to a file as a unified diff.
    #[must_use]
    pub fn diff(&self) -> Option<String> {
        let (path, before, after) = match self {
            Self::EditFile {
                path,
                before,
                after,
                ..
            } => (path, before.as_str(), after.as_str()),
            Self::CreateFile { path, after, .. } => (path, "", after.as_str()),
            Self::RemoveFile { path, before, .. } => (path, before.as_str(), ""),
            _ => return None,
        };
        let old = if matches!(self, Self::CreateFile { .. }) {
            "/dev/null"
        } else {
            path
        };
        let new = if matches!(self, Self::RemoveFile { .. }) {
            "/dev/null"
        } else {
            path
        };
        Some(
            TextDiff::from_lines(before, after)
                .unified_diff()
                .header(old, new)
                .to_string(),
        )
    }

    /// The script that does it: for `/bin/sh -s` as root; running it twice does no harm.
    #[must_use]
    pub fn script(&self) -> Option<String> {
        Some(match self {
            Self::EditFile {
                path,
                before,
                after,
                is_script,
                ..
            } => script::edit(path, before, after, *is_script),
            Self::CreateFile { path, after, .. } => script::create(path, after),
            Self::RemoveFile { path, before, .. } => script::remove(path, before),
            Self::DisableTrigger { unit, .. } => script::disable_trigger(unit),
            Self::DaemonReload => script::systemctl("daemon-reload", None),
            Self::ProveNoHooks => return None,
            Self::InstallPackage { name } => script::install(name),
            Self::Unmask { unit } => script::unmask(unit),
            Self::ResetFailed { unit } => script::systemctl("reset-failed", Some(unit)),
            Self::EnableAgent { unit } => script::systemctl("enable", Some(unit)),
            Self::StartAgent { unit } => script::systemctl("start", Some(unit)),
            Self::RestartAgent { unit } => script::systemctl("restart", Some(unit)),
        })
    }

    /// Whether systemd reads its files again for it: a proof that no hook is in effect is stale
    /// then.
    #[must_use]
    pub const fn reloads(&self) -> bool {
        matches!(
            self,
            Self::DaemonReload
                | Self::InstallPackage { .. }
                | Self::Unmask { .. }
                | Self::EnableAgent { .. }
        )
    }

    /// Whether it stops, starts or replaces the agent, which fires hooks that are still there.
    #[must_use]
    pub const fn touches_agent(&self) -> bool {
        matches!(
            self,
            Self::InstallPackage { .. }
                | Self::Unmask { .. }
                | Self::ResetFailed { .. }
                | Self::EnableAgent { .. }
                | Self::StartAgent { .. }
                | Self::RestartAgent { .. }
        )
    }
}
