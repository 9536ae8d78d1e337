//! The configuration file.

use std::ffi::OsString;
use std::path::PathBuf;

use qga::System;
use thiserror::Error;

use super::defaults;
use super::key_file::{Entry, KeyFile, KeyFileError};
use super::options::{Group, Id, Key, OPTIONS, OptionSpec};
use super::partial::PartialSettings;
use super::period::period;

/// The most bytes that a configuration file may hold; [`decode_config`] refuses more.
pub const MOST_CONFIG_BYTES: usize = 1 << 20;

/// Which file holds the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigSource {
    /// Its path.
    pub path: PathBuf,
    /// It was named by `--config`: its absence is an error. Any other may be absent, as it may for
    /// QEMU's agent.
    pub is_required: bool,
}

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The settings.
    pub settings: PartialSettings,
    /// What it says in vain or in old words, a line each, for the log.
    pub warnings: Vec<String>,
}

/// Why a configuration file was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}")]
pub struct ConfigError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl ConfigSource {
    /// The file of `--config`, else of `QGA_CONF`, else the default of `system`.
    #[must_use]
    pub fn find(system: System, cli: &PartialSettings, qga_conf: Option<OsString>) -> Self {
        let named = cli.config.clone();
        Self {
            is_required: named.is_some(),
            path: named
                .or(qga_conf.map(PathBuf::from))
                .unwrap_or_else(|| defaults::paths(system).config.into()),
        }
    }
}

/// Reads the bytes of a configuration file.
///
/// # Errors
/// The first line that is no part of a key file, or whose value cannot be what it should be. Keys
/// and groups that nobody knows are only warned of.
pub fn decode_config(bytes: &[u8]) -> Result<Config, ConfigError> {
    if bytes.len() > MOST_CONFIG_BYTES {
        let what = format!("the file holds more than {MOST_CONFIG_BYTES} bytes");
        return Err(ConfigError { line: 1, what });
    }
    let file = KeyFile::parse(bytes)?;
    let mut config = Config {
        settings: PartialSettings::default(),
        warnings: unknown(&file),
    };
    for option in OPTIONS {
        for (index, entry) in entries(&file, option.key.as_ref()) {
            if index > 0 {
                config.warnings.push(outdated(entry, option));
            }
            config.settings.take(option.id, entry)?;
        }
    }
    Ok(config)
}

/// What a file says under an option's names, with the place of each name among them.
fn entries<'a>(
    file: &'a KeyFile,
    key: Option<&'a Key>,
) -> impl Iterator<Item = (usize, &'a Entry)> {
    key.into_iter().flat_map(move |key| {
        let names = key.names.iter().enumerate();
        names.filter_map(move |(index, name)| Some((index, file.entry(key.group.name(), name)?)))
    })
}

fn unknown(file: &KeyFile) -> Vec<String> {
    let groups = [Group::General, Group::Hospes];
    let mut warnings = Vec::new();
    for entry in &file.entries {
        let group = groups.into_iter().find(|group| group.name() == entry.group);
        let is_known =
            |key: &Key| Some(key.group) == group && key.names.contains(&entry.key.as_str());
        let (line, key, name) = (entry.line, &entry.key, &entry.group);
        match group {
            None => warnings.push(format!("line {line}: nobody reads the group [{name}]")),
            Some(_)
                if OPTIONS
                    .iter()
                    .filter_map(|option| option.key.as_ref())
                    .any(is_known) => {}
            Some(_) => warnings.push(format!("line {line}: nobody reads '{key}' in [{name}]")),
        }
    }
    warnings
}

fn outdated(entry: &Entry, option: &OptionSpec) -> String {
    let today = option.key.map_or("", |key| key.names[0]);
    format!(
        "line {}: '{}' is called '{today}' today",
        entry.line, entry.key
    )
}

impl PartialSettings {
    fn take(&mut self, id: Id, entry: &Entry) -> Result<(), ConfigError> {
        match id {
            Id::Method => self.method = Some(entry.text()?),
            Id::Path => self.path = Some(entry.text()?),
            Id::LogFile => self.log_file = Some(entry.text()?),
            Id::PidFile => self.pid_file = Some(entry.text()?),
            Id::FreezeHook => self.freeze_hook = Some(entry.text()?),
            Id::StateDir => self.state_dir = Some(entry.text()?),
            Id::Verbose => self.verbose = Some(entry.boolean()?),
            Id::Daemonize => self.daemonize = Some(entry.boolean()?),
            Id::RetryPath => self.retry_path = Some(entry.boolean()?),
            Id::BlockRpcs => self.block(&entry.text()?),
            Id::AllowRpcs => self.allow(&entry.text()?),
            Id::FreezeLimit => self.freeze_limit = Some(time(entry)?),
            Id::ExecResultKept => self.exec_result_kept = Some(time(entry)?),
            Id::HookDeadline => {
                let deadline = time(entry)?;
                if deadline.is_zero() {
                    return Err(fault(entry, "a hook needs a deadline"));
                }
                self.hook_deadline = Some(deadline);
            }
            Id::Config | Id::Version | Id::DumpConf | Id::Help | Id::Service => {
                unreachable!("{id:?} is no key")
            }
        }
        Ok(())
    }
}

fn time(entry: &Entry) -> Result<std::time::Duration, ConfigError> {
    let time = period(&entry.text()?);
    time.ok_or_else(|| fault(entry, "it is a time as 90, 90s, 10m or 1h"))
}

fn fault(entry: &Entry, why: &str) -> ConfigError {
    ConfigError {
        line: entry.line,
        what: format!("the value of '{}' cannot be interpreted: {why}", entry.key),
    }
}

impl From<KeyFileError> for ConfigError {
    fn from(error: KeyFileError) -> Self {
        Self {
            line: error.line,
            what: error.reason.to_string(),
        }
    }
}
