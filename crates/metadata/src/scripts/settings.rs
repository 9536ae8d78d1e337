//! The settings: section `[MetadataScripts]` of `instance_configs.cfg`, Google's and ours.

use std::fmt;
use std::time::Duration;

use super::Event;
use super::ini::{self, Entry};
use super::period::period;

/// The files, each beating those before it. None must exist.
pub const SETTINGS_FILES: [&str; 3] = [
    "/etc/default/instance_configs.cfg",
    "/etc/default/instance_configs.cfg.distro",
    "/etc/default/instance_configs.cfg.template",
];

/// How scripts are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What interprets scripts: `None` runs them by themselves.
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

/// A setting, as the manual tells it.
#[derive(Debug)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub value: &'static str,
    /// What it does, and what holds without it.
    pub help: &'static str,
    take: fn(&mut Settings, &str) -> Option<()>,
}

/// A line that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    file: String,
    line: usize,
    what: String,
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "default_shell",
        value: "PATH",
        help: "The shell that interprets scripts without a #! line: /bin/bash. If it does not \
               exist, a script runs by itself.",
        take: |settings, value| {
            settings.default_shell = text(value);
            Some(())
        },
    },
    Setting {
        name: "run_dir",
        value: "DIRECTORY",
        help: "Where the private folders for scripts are made: $TMPDIR, else /tmp.",
        take: |settings, value| {
            settings.run_dir = text(value);
            Some(())
        },
    },
    Setting {
        name: "startup",
        value: "true|false",
        help: "Whether startup scripts run: true.",
        take: |settings, value| settings.enable(Event::Startup, value),
    },
    Setting {
        name: "shutdown",
        value: "true|false",
        help: "Whether shutdown scripts run: true.",
        take: |settings, value| settings.enable(Event::Shutdown, value),
    },
    Setting {
        name: "graceful-shutdown",
        value: "true|false",
        help: "Whether graceful-shutdown scripts run: true.",
        take: |settings, value| settings.enable(Event::GracefulShutdown, value),
    },
    Setting {
        name: "sysprep-specialize",
        value: "true|false",
        help: "Whether specialize scripts run: true.",
        take: |settings, value| settings.enable(Event::Specialize, value),
    },
    Setting {
        name: "fail_on_script_error",
        value: "true|false",
        help: "Whether the runner, and so its unit, fails when a script does: true. Google's \
               runner never does.",
        take: |settings, value| {
            settings.fail_on_script_error = boolean(value)?;
            Some(())
        },
    },
    Setting {
        name: "startup_once",
        value: "true|false",
        help: "Whether startup scripts run only once a boot, also when their unit is started \
               again: true.",
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
        take: |settings, value| {
            settings.script_timeout = Some(period(value)?).filter(|time| !time.is_zero());
            Some(())
        },
    },
    Setting {
        name: "metadata_wait",
        value: "TIME",
        help: "How long a metadata server that cannot be reached is tried again at boot: 2m.",
        take: |settings, value| {
            settings.metadata_wait = period(value)?;
            Some(())
        },
    },
    Setting {
        name: "shutdown_metadata_wait",
        value: "TIME",
        help: "The same when the machine goes down: 5s.",
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
        take: |settings, value| {
            let is_web = value.starts_with("http://") || value.starts_with("https://");
            settings.storage_url = text(value);
            (is_web || value.is_empty()).then_some(())
        },
    },
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_shell: Some("/bin/bash".to_owned()),
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
}

impl Settings {
    /// Reads files, named and in the order of [`SETTINGS_FILES`]. A value that makes no sense is
    /// left out: scripts are not held up by a slip of the pen.
    #[must_use]
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<Warning>) {
        let (mut settings, mut warnings) = (Self::default(), Vec::new());
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
                if let Err(what) = settings.take(&entry) {
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

    /// A name that nobody knows is no fault: the section is shared with other versions.
    fn take(&mut self, entry: &Entry) -> Result<(), String> {
        let Entry { key, value, .. } = entry;
        let Some(setting) = SETTINGS.iter().find(|setting| setting.is_called(key)) else {
            return Ok(());
        };
        let before = self.clone();
        (setting.take)(self, value).ok_or_else(|| {
            *self = before;
            format!("{key} expects {}; the line does not count", setting.value)
        })
    }

    fn enable(&mut self, event: Event, value: &str) -> Option<()> {
        let enabled = boolean(value)?;
        self.disabled.retain(|disabled| *disabled != event);
        if !enabled {
            self.disabled.push(event);
        }
        Some(())
    }
}

impl Setting {
    /// Google's own files spell one name in two ways.
    fn is_called(&self, key: &str) -> bool {
        key == self.name || (key == "sysprep_specialize" && self.name == "sysprep-specialize")
    }
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

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what } = self;
        write!(f, "{file}, line {line}: {what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Settings, Vec<String>) {
        let (settings, warnings) = Settings::read([("file", text)]);
        (settings, warnings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_file_the_defaults_of_the_reference_hold() {
        let (settings, warnings) = Settings::read([]);
        assert_eq!((settings.clone(), warnings), (Settings::default(), vec![]));
        assert_eq!(settings.default_shell.as_deref(), Some("/bin/bash"));
        assert!(Event::all().all(|event| settings.is_enabled(event)));
        assert_eq!(settings.patience(Event::Startup).as_secs(), 120);
        assert_eq!(settings.patience(Event::Shutdown).as_secs(), 5);
    }

    #[test]
    fn later_files_beat_earlier_ones_key_by_key() {
        let cfg = "[MetadataScripts]\ndefault_shell = /bin/a\nrun_dir = /run/a\nstartup = false\n";
        let distro = "[metadatascripts]\nDEFAULT_SHELL = /bin/b\n";
        let template = "[MetadataScripts]\nstartup = on\n[Other]\nrun_dir = /no\n";
        let files = [("cfg", cfg), ("distro", distro), ("template", template)];
        let (settings, warnings) = Settings::read(files);
        assert_eq!(settings.default_shell.as_deref(), Some("/bin/b"));
        assert_eq!(settings.run_dir.as_deref(), Some("/run/a"));
        assert!(settings.is_enabled(Event::Startup));
        assert_eq!(warnings, []);
        assert!(SETTINGS_FILES[1].ends_with(".cfg.distro"));
        assert!(SETTINGS_FILES[2].ends_with(".cfg.template"));
    }

    #[test]
    fn every_event_can_be_switched_off() {
        for (key, event) in [
            ("startup", Event::Startup),
            ("shutdown", Event::Shutdown),
            ("graceful-shutdown", Event::GracefulShutdown),
            ("sysprep-specialize", Event::Specialize),
            ("sysprep_specialize", Event::Specialize),
        ] {
            for (value, enabled) in [
                ("false", false),
                ("NO", false),
                ("0", false),
                ("True", true),
            ] {
                let (settings, _) = read(&format!("[MetadataScripts]\n{key} = {value}\n"));
                assert_eq!(settings.is_enabled(event), enabled, "{key} = {value}");
            }
        }
    }

    #[test]
    fn a_value_that_makes_no_sense_is_told_and_changes_nothing() {
        for (line, expected) in [
            ("startup = maybe", "startup expects true|false"),
            ("startup =", "startup expects true|false"),
            ("script_timeout = soon", "script_timeout expects TIME"),
            ("storage_url = ftp://h", "storage_url expects URL"),
            ("nonsense", "it is no `key = value`"),
        ] {
            let (settings, warnings) = read(&format!("[MetadataScripts]\n{line}\n"));
            assert_eq!(settings, Settings::default(), "{line}");
            assert_eq!(warnings.len(), 1, "{line}");
            let whole = format!("file, line 2: {expected}");
            assert!(warnings[0].starts_with(&whole), "{warnings:?}");
        }
        assert_eq!(read("[MetadataScripts]\nnew_key = 1\n").1.len(), 0);
    }

    #[test]
    fn our_own_settings_are_read() {
        let (settings, warnings) = read(
            "[MetadataScripts]\nfail_on_script_error = false\nstartup_once = no\nscript_timeout = 10m\n\
             metadata_wait = 30\nshutdown_metadata_wait = 1s\nstorage_url = http://h:9\ndefault_shell =\n",
        );
        let expected = Settings {
            default_shell: None,
            run_dir: None,
            disabled: vec![],
            fail_on_script_error: false,
            startup_once: false,
            script_timeout: Some(Duration::from_secs(600)),
            metadata_wait: Duration::from_secs(30),
            shutdown_metadata_wait: Duration::from_secs(1),
            storage_url: Some("http://h:9".to_owned()),
        };
        assert_eq!((settings, warnings.len()), (expected, 0));
        assert_eq!(
            read("[MetadataScripts]\nscript_timeout = 0\n")
                .0
                .script_timeout,
            None
        );
    }
}
