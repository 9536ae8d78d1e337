//! What is written, and where.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use config::{Config, Environment};

use super::answers::{Answers, SecretAnswer};
use super::existing::{Kept, configuration};
use super::typed::TypedSecret;
use crate::cli::{Global, Init, Misused};

/// The configuration that is written or added to.
pub(super) struct Place {
    file: PathBuf,
    /// What it is now.
    existing: Option<(String, Config)>,
}

/// What is added to it.
pub(super) struct Draft<'a> {
    place: Place,
    text: String,
    secret: Option<(&'a TypedSecret, &'a Path)>,
}

impl Place {
    pub(super) fn of(global: &Global, options: &Init, environment: &Environment) -> Result<Self> {
        let (file, config) = configuration(global, options, environment)?;
        let existing = match config {
            None => None,
            Some(config) => {
                let text = fs::read_to_string(&file);
                let text = text.with_context(|| format!("cannot read {}", file.display()))?;
                Some((text, config))
            }
        };
        Ok(Self { file, existing })
    }

    /// A cluster that is configured already is left alone.
    pub(super) fn refuse_known(&self, name: &str) -> Result<()> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(allowed) {
            let told = format!(
                "`{}` is no name for a cluster (A-Z a-z 0-9 _ -)",
                name.escape_debug()
            );
            return Err(Misused::Answer(told).into());
        }
        match &self.existing {
            Some((_, config)) if config.clusters.contains_key(name) => {
                let told = format!(
                    "{} has a cluster called {name}: choose another --name, or change that table by \
                     hand; nothing was written",
                    self.file.display()
                );
                Err(Kept(told).into())
            }
            _ => Ok(()),
        }
    }

    /// A file of its own for a secret, which is not there yet.
    pub(super) fn secret_file(&self, name: &str) -> Result<PathBuf> {
        let file = self.file.with_file_name(format!("{name}.secret"));
        if file.symlink_metadata().is_ok() {
            let told = format!(
                "{} is there already: name it with --token-file if it has the token's secret, or \
                 remove it",
                file.display()
            );
            return Err(Kept(told).into());
        }
        Ok(file)
    }
}

impl<'a> Draft<'a> {
    /// What the answers come to. The result is read as hospes will read it.
    pub(super) fn new(
        place: Place,
        answers: &'a Answers,
        environment: &Environment,
    ) -> Result<Self> {
        let text = table(answers, &answers.secret.written()?);
        let before = place
            .existing
            .as_ref()
            .map_or("", |(text, _)| text.as_str());
        let whole = format!("{before}{}{text}", gap(before));
        Config::of_text(&whole, &place.file, environment).with_context(|| {
            format!(
                "{} cannot be added to; add this by hand:\n\n{text}\n",
                place.file.display()
            )
        })?;
        let secret = match &answers.secret {
            SecretAnswer::Typed(secret, file) => Some((secret, file.as_path())),
            _ => None,
        };
        Ok(Self {
            place,
            text,
            secret,
        })
    }

    pub(super) fn file(&self) -> &Path {
        &self.place.file
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The file of a secret that was typed.
    pub(super) fn secret_file(&self) -> Option<&Path> {
        self.secret.map(|(_, file)| file)
    }

    /// Whether the file is there, and is added to.
    pub(super) const fn is_added(&self) -> bool {
        self.place.existing.is_some()
    }

    /// The cluster that so far was the only one: its guests are called otherwise from now on.
    pub(super) fn renames(&self) -> Option<&str> {
        let (_, config) = self.place.existing.as_ref()?;
        let mut clusters = config.clusters.keys();
        let first = clusters.next()?;
        clusters.next().is_none().then_some(first)
    }

    /// The secret first, so that the configuration never names a file that is not there.
    pub(super) fn write(&self) -> Result<()> {
        if let Some(directory) = self.file().parent() {
            let made = fs::create_dir_all(directory);
            made.with_context(|| format!("cannot make {}", directory.display()))?;
        }
        if let Some((secret, file)) = self.secret {
            secret.write(file)?;
        }
        let written = self.write_table();
        if let (Err(_), Some(file)) = (&written, self.secret_file()) {
            // It is worth nothing without the configuration.
            drop(fs::remove_file(file));
        }
        written.with_context(|| format!("cannot write {}", self.file().display()))
    }

    fn write_table(&self) -> std::io::Result<()> {
        let mut open = OpenOptions::new();
        let mut text = self.text.clone();
        if let Some((before, _)) = &self.place.existing {
            text.insert_str(0, gap(before));
            open.append(true);
        } else {
            open.write(true).create_new(true);
        }
        let mut file = open.open(self.file())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    }
}

/// The table of the cluster, with the secret where `secret` says.
pub(super) fn table(answers: &Answers, secret: &(&str, String)) -> String {
    let mut text = format!(
        "[cluster.{}]\nendpoints = [{}]\n",
        answers.name,
        quoted(&answers.host)
    );
    if let Some(fingerprint) = &answers.fingerprint {
        text.push_str(&format!("fingerprint = {}\n", quoted(fingerprint)));
    }
    let (key, value) = secret;
    text.push_str(&format!(
        "token-id = {}\n{key} = {value}\n",
        quoted(&answers.token_id)
    ));
    text
}

/// What stands between a text and the next table.
fn gap(before: &str) -> &'static str {
    match before {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    }
}

/// A text as TOML has it: JSON's way of writing one is a part of TOML's, but for the character DEL.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}
