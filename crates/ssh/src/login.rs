//! Logging in with keys from files and from the SSH agent. Never with passwords.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lifecycle::ports::ShellError;
use russh::MethodKind;
use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use tokio::net::UnixStream;

use crate::host_key::fingerprint;
use crate::identity::{self, Identity};
use crate::target::Stop;
use crate::transport::{Ear, Heard};

/// How long the SSH agent may take to list its keys. A forwarded one can hang.
const AGENT_PATIENCE: Duration = Duration::from_secs(5);

/// Offers the keys one after the other until the server takes one: the identity files in their
/// order, then what else the agent holds. Servers end the connection after about six keys.
pub(crate) async fn log_in(
    handle: &mut Handle<Ear>,
    stop: Stop<'_>,
    heard: &Heard,
) -> Result<(), ShellError> {
    let mut login = Login {
        handle,
        stop,
        heard,
        tried: Vec::new(),
        agent: None,
    };
    if stop.use_agent {
        login.ask_agent().await;
    }
    for path in stop.identity_files {
        if login.offer_file(path).await? {
            return Ok(());
        }
    }
    while let Some(key) = login.agent.as_mut().and_then(|agent| agent.keys.pop()) {
        if login.offer_from_agent(&key, "from the SSH agent").await? {
            return Ok(());
        }
    }
    Err(login.refused("no key was accepted"))
}

struct Login<'a> {
    handle: &'a mut Handle<Ear>,
    stop: Stop<'a>,
    heard: &'a Heard,
    /// What was tried and what came of it. File names and fingerprints only.
    tried: Vec<String>,
    agent: Option<Agent>,
}

struct Agent {
    client: AgentClient<UnixStream>,
    /// The keys that were not offered yet, the first one last.
    keys: Vec<PublicKey>,
}

impl Login<'_> {
    async fn ask_agent(&mut self) {
        let asked = tokio::time::timeout(AGENT_PATIENCE, Agent::ask()).await;
        let asked = asked.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()));
        match asked {
            Ok(agent) if agent.keys.is_empty() => {
                self.tried.push("the SSH agent holds no keys".to_owned());
            }
            Ok(agent) => self.agent = Some(agent),
            Err(error) => self
                .tried
                .push(format!("the SSH agent cannot be asked ({error})")),
        }
    }

    async fn offer_file(&mut self, path: &Path) -> Result<bool, ShellError> {
        match identity::load(path) {
            Identity::Private(key) => self.offer_private(path, key).await,
            Identity::Named(key) => self.offer_named(path, &key).await,
            Identity::Unusable(reason) => {
                self.tried
                    .push(format!("{} cannot be used: {reason}", path.display()));
                Ok(false)
            }
        }
    }

    async fn offer_private(
        &mut self,
        path: &Path,
        key: Arc<PrivateKey>,
    ) -> Result<bool, ShellError> {
        let what = format!("{} of {}", describe(key.public_key()), path.display());
        self.forget(key.public_key());
        let hash = self.hash_for(key.public_key()).await?;
        let key = PrivateKeyWithHashAlg::new(key, hash);
        match self
            .handle
            .authenticate_publickey(self.stop.user, key)
            .await
        {
            Ok(result) => self.outcome(what, &result),
            Err(_) => Err(self.ended(what)),
        }
    }

    /// A file that only names a key: the agent has to sign.
    async fn offer_named(&mut self, path: &Path, key: &PublicKey) -> Result<bool, ShellError> {
        if self.forget(key) {
            let place = format!("of {} from the SSH agent", path.display());
            return self.offer_from_agent(key, &place).await;
        }
        let advice = if self.stop.use_agent {
            "the SSH agent does not hold it"
        } else {
            "the SSH agent may not be used"
        };
        self.tried.push(format!(
            "{} of {} is encrypted or a public key, and {advice}: load it with `ssh-add {}`",
            describe(key),
            path.display(),
            path.display()
        ));
        Ok(false)
    }

    async fn offer_from_agent(&mut self, key: &PublicKey, place: &str) -> Result<bool, ShellError> {
        let what = format!("{} {place}", describe(key));
        let hash = self.hash_for(key).await?;
        let Some(agent) = self.agent.as_mut() else {
            return Ok(false);
        };
        let signed = self.handle.authenticate_publickey_with(
            self.stop.user,
            key.clone(),
            hash,
            &mut agent.client,
        );
        match signed.await {
            Ok(result) => self.outcome(what, &result),
            Err(_) if self.handle.is_closed() => Err(self.ended(what)),
            Err(error) => {
                self.tried
                    .push(format!("{what}: the agent did not sign ({error})"));
                Ok(false)
            }
        }
    }

    /// Takes a key off the list of the agent's keys that are still to be offered.
    fn forget(&mut self, key: &PublicKey) -> bool {
        let Some(agent) = self.agent.as_mut() else {
            return false;
        };
        let before = agent.keys.len();
        agent.keys.retain(|held| held.key_data() != key.key_data());
        agent.keys.len() < before
    }

    /// RSA keys sign with SHA-2, whichever the server names (RFC 8308), SHA-512 if it names none.
    async fn hash_for(&self, key: &PublicKey) -> Result<Option<HashAlg>, ShellError> {
        if !key.algorithm().is_rsa() {
            return Ok(None);
        }
        match self.handle.best_supported_rsa_hash().await {
            Ok(Some(Some(hash))) => Ok(Some(hash)),
            Ok(_) => Ok(Some(HashAlg::Sha512)),
            Err(_) => Err(self.ended(describe(key))),
        }
    }

    fn outcome(&mut self, what: String, result: &AuthResult) -> Result<bool, ShellError> {
        match result {
            AuthResult::Success => Ok(true),
            _ if self.handle.is_closed() => Err(self.ended(what)),
            AuthResult::Failure {
                partial_success: true,
                ..
            } => {
                self.tried.push(format!("{what}: accepted"));
                Err(self.refused("the server asks for more than a key"))
            }
            AuthResult::Failure {
                remaining_methods, ..
            } => {
                self.tried.push(format!("{what}: refused"));
                if remaining_methods.contains(&MethodKind::PublicKey) {
                    return Ok(false);
                }
                Err(self.refused("the server takes no (more) keys"))
            }
        }
    }

    fn ended(&self, what: String) -> ShellError {
        let reason = self
            .heard
            .ending
            .get()
            .map_or("the server closed it", String::as_str);
        let mut tried = self.tried.clone();
        tried.push(what);
        self.refusal(&format!("the connection ended ({reason})"), &tried)
    }

    fn refused(&self, why: &str) -> ShellError {
        self.refusal(why, &self.tried)
    }

    fn refusal(&self, why: &str, tried: &[String]) -> ShellError {
        let tried = match tried {
            [] => "nothing was tried, no identity file is configured".to_owned(),
            tried => format!("tried: {}", tried.join("; ")),
        };
        let said = match self.heard.banner.get() {
            Some(banner) => format!("; the server says: {banner}"),
            None => String::new(),
        };
        ShellError::Login(format!(
            "login as {} at {} failed, {why}; {tried}{said}",
            self.stop.user,
            self.stop.address()
        ))
    }
}

impl Agent {
    async fn ask() -> Result<Self, russh::keys::Error> {
        let mut client = AgentClient::connect_env().await?;
        let identities = client.request_identities().await?;
        let mut keys: Vec<PublicKey> = identities
            .into_iter()
            .filter_map(|identity| match identity {
                AgentIdentity::PublicKey { key, .. } => Some(key),
                AgentIdentity::Certificate { .. } => None,
            })
            .collect();
        keys.reverse();
        Ok(Self { client, keys })
    }
}

fn describe(key: &PublicKey) -> String {
    format!("key {} {}", key.algorithm().as_str(), fingerprint(key))
}
