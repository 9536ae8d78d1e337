//! The settings, and what holds without a file.

use std::time::Duration;

use crate::scripts::{Dialect, Event};

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
}
