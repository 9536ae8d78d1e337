//! What the operator has said.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use config::{Config, ConfigError, Environment, Mistake};
use pve::ClusterSettings;

use super::ask::Asker;
use super::certificate::compare;
use super::draft::{Place, quoted, table};
use super::typed::TypedSecret;
use crate::cli::{Init, Misused};

/// What takes writing down, and the secret if it was typed.
pub(super) struct Answers {
    pub(super) name: String,
    pub(super) host: String,
    /// Of the certificate, unless this machine trusts who signed it.
    pub(super) fingerprint: Option<String>,
    pub(super) token_id: String,
    pub(super) secret: SecretAnswer,
}

/// Where the secret is.
pub(super) enum SecretAnswer {
    File(PathBuf),
    Environment(String),
    Command(Vec<String>),
    /// It was typed, and goes into this file.
    Typed(TypedSecret, PathBuf),
}

impl Answers {
    pub(super) async fn gather(options: &Init, asker: &Asker, place: &Place) -> Result<Self> {
        let host = match &options.host {
            Some(host) => host.clone(),
            None => {
                let question = "A node of the cluster (name or address)";
                asker.answer("--host", question, None).await?
            }
        };
        let host = bare(&host).to_owned();
        let name = match &options.name {
            Some(name) => name.clone(),
            None => {
                let question = "What to call the cluster";
                asker.answer("--name", question, Some("home")).await?
            }
        };
        place.refuse_known(&name)?;
        let environment = Environment::current();
        let endpoint = settings(&provisional(&name, &host), &name, &environment)?.endpoints;
        let Some(endpoint) = endpoint.first() else {
            bail!("{host} is no address");
        };
        let fingerprint = compare(endpoint, options.fingerprint.as_deref(), asker).await?;
        let token_id = match &options.token_id {
            Some(id) => id.clone(),
            None => {
                let question = "API token (USER@REALM!ID, such as hospes@pve!main)";
                asker.answer("--token-id", question, None).await?
            }
        };
        let secret = SecretAnswer::gather(options, asker, place, &name).await?;
        Ok(Self {
            name,
            host,
            fingerprint,
            token_id,
            secret,
        })
    }

    /// How the cluster is asked before anything is written.
    pub(super) fn settings(&self, environment: &Environment) -> Result<ClusterSettings> {
        settings(&table(self, &self.secret.now()?), &self.name, environment)
    }
}

/// A table that is right but for what is not known yet.
fn provisional(name: &str, host: &str) -> String {
    let host = quoted(host);
    format!("[cluster.{name}]\nendpoints = [{host}]\ntoken-id = \"a@b!c\"\ntoken-env = \"NONE\"\n")
}

/// What a table means; what is wrong with it is told without its place, for nobody has written it.
fn settings(table: &str, name: &str, environment: &Environment) -> Result<ClusterSettings> {
    let place = Path::new("/");
    let mut config = match Config::of_text(table, &place.join("hospes.toml"), environment) {
        Ok(config) => config,
        Err(ConfigError::Mistaken { mistakes, .. }) => {
            let told: Vec<_> = mistakes.iter().map(told).collect();
            return Err(Misused::Answer(told.join("; ")).into());
        }
        Err(other) => return Err(other.into()),
    };
    match config.clusters.remove(name) {
        Some(cluster) => Ok(cluster.settings),
        None => Err(Misused::Answer(format!("`{name}` is no name for a cluster")).into()),
    }
}

/// The message alone: the place is in front of it, and the line below.
fn told(mistake: &Mistake) -> String {
    let text = mistake.to_string();
    let first = text.lines().next().unwrap_or_default();
    let message = first.splitn(3, ':').nth(2).unwrap_or(first);
    message.trim().to_owned()
}

/// Without what people copy from the address line of a browser.
fn bare(host: &str) -> &str {
    let host = host.trim();
    let host = host.strip_prefix("https://").unwrap_or(host);
    host.split(['/', '#']).next().unwrap_or(host)
}

impl SecretAnswer {
    async fn gather(options: &Init, asker: &Asker, place: &Place, name: &str) -> Result<Self> {
        if let Some(file) = &options.token_file {
            return Ok(Self::File(std::path::absolute(file)?));
        }
        if let Some(variable) = &options.token_env {
            return Ok(Self::Environment(variable.clone()));
        }
        if let Some(command) = &options.token_command {
            return Ok(Self::Command(words(command)));
        }
        if !asker.can_ask() {
            let one = "--token-file, --token-env or --token-command";
            return Err(Misused::Unasked(one).into());
        }
        let file = place.secret_file(name)?;
        let question = format!("The token's secret, to be kept in {}", file.display());
        let secret = asker.secret(&question).await?;
        Ok(Self::Typed(TypedSecret::new(secret)?, file))
    }

    /// Where the secret is at this moment, and where it will be.
    fn now(&self) -> Result<(&'static str, String)> {
        match self {
            Self::Typed(typed, _) => Ok(("token-file", quoted(&typed.path()))),
            other => other.written(),
        }
    }

    /// The key and the value that say where the secret is.
    pub(super) fn written(&self) -> Result<(&'static str, String)> {
        Ok(match self {
            Self::File(file) | Self::Typed(_, file) => match file.to_str() {
                Some(file) => ("token-file", quoted(file)),
                None => bail!("{} has a name that is no text", file.display()),
            },
            Self::Environment(variable) => ("token-env", quoted(variable)),
            Self::Command(words) => {
                let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
                ("token-command", format!("[{}]", words.join(", ")))
            }
        })
    }
}

fn words(command: &str) -> Vec<String> {
    command.split_whitespace().map(str::to_owned).collect()
}
