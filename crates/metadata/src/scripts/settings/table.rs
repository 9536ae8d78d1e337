//! Every setting: its name, what the manual says of it, and what its value does.

use super::Settings;
use crate::scripts::period::period;
use crate::scripts::{Dialect, Event};

/// A setting, as the manual tells it.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// What it does, and what holds without it.
    pub help: &'static str,
    /// The only system that has it, if not every one does.
    only: Option<Dialect>,
    take: fn(&mut Settings, &str) -> Option<()>,
}

const LINUX: Option<Dialect> = Some(Dialect::Linux);
const WINDOWS: Option<Dialect> = Some(Dialect::Windows);

const SETTINGS: &[Setting] = &[
    Setting {
        name: "default_shell",
        value: "PATH",
        help: "The shell that interprets scripts without a #! line: /bin/bash. If it does not \
               exist, a script runs by itself.",
        only: LINUX,
        take: |settings, value| {
            settings.default_shell = text(value);
            Some(())
        },
    },
    Setting {
        name: "run_dir",
        value: "DIRECTORY",
        help: "Where the private folders for scripts are made: $TMPDIR, else /tmp.",
        only: LINUX,
        take: run_dir,
    },
    Setting {
        name: "run_dir",
        value: "DIRECTORY",
        help: "Where the private folders for scripts are made: the folder for temporary files. \
               Without a backslash at its end, which would take in the next line.",
        only: WINDOWS,
        take: run_dir,
    },
    Setting {
        name: "startup",
        value: "true|false",
        help: "Whether startup scripts run: true.",
        only: LINUX,
        take: |settings, value| enable(settings, Event::Startup, value),
    },
    Setting {
        name: "shutdown",
        value: "true|false",
        help: "Whether shutdown scripts run: true.",
        only: LINUX,
        take: |settings, value| enable(settings, Event::Shutdown, value),
    },
    Setting {
        name: "startup-windows",
        value: "true|false",
        help: "Whether startup scripts run: true.",
        only: WINDOWS,
        take: |settings, value| enable(settings, Event::Startup, value),
    },
    Setting {
        name: "shutdown-windows",
        value: "true|false",
        help: "Whether shutdown scripts run: true.",
        only: WINDOWS,
        take: |settings, value| enable(settings, Event::Shutdown, value),
    },
    Setting {
        name: "graceful-shutdown",
        value: "true|false",
        help: "Whether graceful-shutdown scripts run: true.",
        only: None,
        take: |settings, value| enable(settings, Event::GracefulShutdown, value),
    },
    Setting {
        name: "sysprep-specialize",
        value: "true|false",
        help: "Whether specialize scripts run: true.",
        only: None,
        take: |settings, value| enable(settings, Event::Specialize, value),
    },
    Setting {
        name: "fail_on_script_error",
        value: "true|false",
        help: "Whether the runner, and so its unit or task, fails when a script does: true. \
               Google's runner never does.",
        only: None,
        take: |settings, value| {
            settings.fail_on_script_error = boolean(value)?;
            Some(())
        },
    },
    Setting {
        name: "startup_once",
        value: "true|false",
        help: "Whether startup scripts run only once a boot, also when their unit or task is \
               started again: true.",
        only: None,
        take: |settings, value| {
            settings.startup_once = boolean(value)?;
            Some(())
        },
    },
    Setting {
        name: "script_timeout",
        value: "TIME",
        help: "How long one script may run (90, 90s, 10m, 1h); then it is killed with all that it \
               started, and has failed. 0, without a limit.",
        only: None,
        take: |settings, value| {
            settings.script_timeout = Some(period(value)?).filter(|time| !time.is_zero());
            Some(())
        },
    },
    Setting {
        name: "metadata_wait",
        value: "TIME",
        help: "How long a metadata server that cannot be reached is tried again at boot: 2m.",
        only: None,
        take: |settings, value| {
            settings.metadata_wait = period(value)?;
            Some(())
        },
    },
    Setting {
        name: "shutdown_metadata_wait",
        value: "TIME",
        help: "The same when the machine goes down: 5s.",
        only: None,
        take: |settings, value| {
            settings.shutdown_metadata_wait = period(value)?;
            Some(())
        },
    },
    Setting {
        name: "storage_url",
        value: "URL",
        help: "Where gs://BUCKET/OBJECT is fetched from, as URL/BUCKET/OBJECT: the cloud's \
               storage service. The token of the machine's service account goes there.",
        only: None,
        take: |settings, value| {
            let is_web = value.starts_with("http://") || value.starts_with("https://");
            settings.storage_url = text(value);
            (is_web || value.is_empty()).then_some(())
        },
    },
];

/// Every setting of a system.
pub fn settings(dialect: Dialect) -> impl Iterator<Item = &'static Setting> {
    let counts = move |setting: &&Setting| setting.only.is_none_or(|only| only == dialect);
    SETTINGS.iter().filter(counts)
}

impl Setting {
    /// Google's own files spell one name in two ways.
    pub(super) fn is_called(&self, key: &str) -> bool {
        key == self.name || (key == "sysprep_specialize" && self.name == "sysprep-specialize")
    }

    /// `None` when the value makes no sense; what it has done until then is to be forgotten.
    pub(super) fn apply(&self, settings: &mut Settings, value: &str) -> Option<()> {
        (self.take)(settings, value)
    }
}

fn run_dir(settings: &mut Settings, value: &str) -> Option<()> {
    settings.run_dir = text(value);
    Some(())
}

fn enable(settings: &mut Settings, event: Event, value: &str) -> Option<()> {
    let enabled = boolean(value)?;
    settings.disabled.retain(|disabled| *disabled != event);
    if !enabled {
        settings.disabled.push(event);
    }
    Some(())
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "yes" | "y" | "on" => Some(true),
        "0" | "f" | "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}
