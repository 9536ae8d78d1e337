//! Settings from files, and a warning for each line that does not count.

use std::fmt;

use super::table::settings;
use super::values::Settings;
use crate::scripts::Dialect;
use crate::scripts::ini::{self, Entry};

/// A line that says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    file: String,
    line: usize,
    what: String,
}

impl Settings {
    /// Reads files, named and in the order of [`settings_files`]. A value that makes no sense is
    /// left out: scripts are not held up by a slip of the pen.
    ///
    /// [`settings_files`]: super::settings_files
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
