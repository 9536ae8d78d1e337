//! Loading: find, read, understand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use conditions::GuestId;
use thiserror::Error;
use toml_file::{Mistakes, told};

use crate::{Cluster, Environment, Guest, MetadataService, Mistake, discovery, document, secrets};

/// Far more than any configuration needs; a longer file is something else.
const SIZE_LIMIT: u64 = 8 * 1024 * 1024;

const MINIMAL_EXAMPLE: &str = r#"[guest.web1]
qmp = "/run/vm/web1.qmp"
agent = "/run/vm/web1.qga"

[guest.web1.ssh]
host = "192.0.2.10""#;

/// A configuration with everything resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file it came from, absolute.
    pub file: PathBuf,
    /// Where the journal is kept, absolute.
    pub state_dir: PathBuf,
    /// How the metadata service is served.
    pub metadata: MetadataService,
    /// The clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// The guests that have tables, by name. Clusters know more of them ([`Config::adopt`]).
    pub guests: BTreeMap<GuestId, Guest>,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// No file was named, and none exists in the usual places.
    #[error("no configuration was found; looked for{}\nWrite one there, or name one with --config or $HOSPES_CONFIG. A minimal one:\n\n{MINIMAL_EXAMPLE}", listed(.places))]
    NotFound {
        /// Where it was looked for.
        places: Vec<PathBuf>,
    },
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is longer than 8 MiB.
    #[error("{} is longer than {} MiB, so it is no configuration of hospes", file.display(), SIZE_LIMIT >> 20)]
    TooLong {
        /// The file.
        file: PathBuf,
    },
    /// The file says something wrong.
    #[error("{}", told(Some(.file.as_path()), .mistakes, *.more))]
    Mistaken {
        /// The file.
        file: PathBuf,
        /// What is wrong, in the order of the file.
        mistakes: Vec<Mistake>,
        /// How many more there are.
        more: usize,
    },
    /// Nothing tells where to keep the journal.
    #[error("there is no place for the journal: set `state-dir` in {}, or $HOSPES_STATE, or $HOME", file.display())]
    NoStateDirectory {
        /// The configuration that does not tell it.
        file: PathBuf,
    },
}

impl Config {
    /// Loads `explicit` (`--config`) or else the first configuration of the usual places.
    ///
    /// # Errors
    /// There is none, it cannot be read, or it says something wrong: all of that is told at once,
    /// each with its line and what was expected.
    pub fn load(explicit: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let named = discovery::locate(explicit, environment)?;
        let unreadable = |source| ConfigError::Unreadable {
            file: named.clone(),
            source,
        };
        let file = std::path::absolute(&named).map_err(unreadable)?;
        let mut bytes = Vec::new();
        File::open(&file)
            .and_then(|opened| opened.take(SIZE_LIMIT + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(ConfigError::TooLong { file: named });
        }
        Self::understand(&bytes, file, environment).map_err(|error| match error {
            // As the operator named it, so that the line can be clicked on.
            ConfigError::Mistaken { mistakes, more, .. } => ConfigError::Mistaken {
                file: named,
                mistakes,
                more,
            },
            other => other,
        })
    }

    /// What `text` means as the content of `file`, whether or not it is there.
    ///
    /// # Errors
    /// It says something wrong.
    pub fn of_text(
        text: &str,
        file: &Path,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        Self::understand(text.as_bytes(), file.to_owned(), environment)
    }

    /// The socket of `guest` on which its metadata is served.
    #[must_use]
    pub fn metadata_socket(&self, guest: &GuestId) -> PathBuf {
        let named = self.metadata.socket_dir.clone();
        named
            .unwrap_or_else(|| self.state_dir.join("metadata"))
            .join(format!("{guest}.sock"))
    }

    fn understand(
        bytes: &[u8],
        file: PathBuf,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let mut mistakes = Mistakes::default();
        let text = String::from_utf8_lossy(bytes);
        if let Err(fault) = toml_file::text(bytes) {
            mistakes.hide(secrets::of_text(&text));
            mistakes.push(fault);
        } else if let Some(document) = document::read(&text, &file, environment, &mut mistakes) {
            let state_dir = document.state_dir.or_else(|| environment.state_dir());
            if mistakes.is_empty() {
                let state_dir = state_dir
                    .ok_or_else(|| ConfigError::NoStateDirectory { file: file.clone() })?;
                return Ok(Self {
                    file,
                    state_dir,
                    metadata: document.metadata,
                    clusters: document.clusters,
                    guests: document.guests,
                });
            }
        }
        let (mistakes, more) = mistakes.located(&text);
        Err(ConfigError::Mistaken {
            file,
            mistakes,
            more,
        })
    }
}

fn listed(places: &[PathBuf]) -> String {
    places
        .iter()
        .map(|place| format!("\n  {}", place.display()))
        .collect()
}
