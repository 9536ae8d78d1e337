//! The settings: section `[MetadataScripts]` of `instance_configs.cfg`, Google's and ours.
//!
//! ```text
//! files ─► read ─► table: which settings there are on a system, what a value does ─► Settings
//! ```
//!
//! One file may serve machines of both systems, as Google's does: each system reads what is its own
//! (`startup` on Linux, `startup-windows` on Windows) and passes over the rest.

mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use super::ini::{self, Entry};
use super::{Dialect, Event};

pub use table::{Setting, settings};

/// The files, each beating those before it. None must exist.
#[must_use]
pub const fn settings_files(dialect: Dialect) -> [&'static str; 3] {
    match dialect {
        Dialect::Linux => [
            "/etc/default/instance_configs.cfg",
            "/etc/default/instance_configs.cfg.distro",
            "/etc/default/instance_configs.cfg.template",
        ],
        Dialect::Windows => [
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg",
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg.distro",
            r"C:\Program Files\Google\Compute Engine\instance_configs.cfg.template",
        ],
    }
}

/// How scripts are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What interprets scripts: `None` runs them by themselves. There is none on Windows.
    pub default_shell: Option<String>,
    /// Where the folders for scripts are made; `None` where temporary files are.
    pub run_dir: Option<String>,
    /// Events whose scripts do not run.
    pub disabled: Vec<Event>,
    /// The runner fails when a script does.
    pub fail_on_script_error: bool,
    /// Startup scripts run once a boot.
    pub startup_once: bool,
    /// How long one script may run.
    pub script_timeout: Option<Duration>,
    /// How long metadata that cannot be reached is waited for at boot.
    pub metadata_wait: Duration,
    /// The same when the machine goes down.
    pub shutdown_metadata_wait: Duration,
    /// Where objects of buckets are fetched from instead of the cloud's storage service.
    pub storage_url: Option<String>,
}

/// A line that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    file: String,
    line: usize,
    what: String,
}

impl Settings {
    /// What holds where no file says anything else.
    #[must_use]
    pub fn standard(dialect: Dialect) -> Self {
        let default_shell = match dialect {
            Dialect::Linux => Some("/bin/bash".to_owned()),
            Dialect::Windows => None,
        };
        Self {
            default_shell,
            run_dir: None,
            disabled: Vec::new(),
            fail_on_script_error: true,
            startup_once: true,
            script_timeout: None,
            metadata_wait: Duration::from_secs(120),
            shutdown_metadata_wait: Duration::from_secs(5),
            storage_url: None,
        }
    }

    /// Reads files, named and in the order of [`settings_files`]. A value that makes no sense is
    /// left out: scripts are not held up by a slip of the pen.
    #[must_use]
    pub fn read<'a>(
        dialect: Dialect,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Self, Vec<Warning>) {
        let (mut settings, mut warnings) = (Self::standard(dialect), Vec::new());
        for (file, text) in files {
            let mut warn = |line, what| {
                let file = file.to_owned();
                warnings.push(Warning { file, line, what });
            };
            let (entries, faults) = ini::section(text, "MetadataScripts");
            for line in faults {
                warn(line, "it is no `key = value`".to_owned());
            }
            for entry in entries {
                if let Err(what) = settings.take(dialect, &entry) {
                    warn(entry.line, what);
                }
            }
        }
        (settings, warnings)
    }

    /// Whether scripts of an event run.
    #[must_use]
    pub fn is_enabled(&self, event: Event) -> bool {
        !self.disabled.contains(&event)
    }

    /// How long a metadata server that cannot be reached is tried again.
    #[must_use]
    pub fn patience(&self, event: Event) -> Duration {
        match event {
            Event::Startup | Event::Specialize => self.metadata_wait,
            Event::Shutdown | Event::GracefulShutdown => self.shutdown_metadata_wait,
        }
    }

    /// A name that nobody knows is no fault: the section is shared with other versions and systems.
    fn take(&mut self, dialect: Dialect, entry: &Entry) -> Result<(), String> {
        let Entry { key, value, .. } = entry;
        let Some(setting) = settings(dialect).find(|setting| setting.is_called(key)) else {
            return Ok(());
        };
        let before = self.clone();
        setting.apply(self, value).ok_or_else(|| {
            *self = before;
            format!("{key} expects {}; the line does not count", setting.value)
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        write!(f, "{file}, line {line}: {what}")
    }
}
