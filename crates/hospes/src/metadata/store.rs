//! The handle.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Config;
use journal::{CorruptMetadata, Journal, JournalError, MetadataLockError};
use metadata::Key;
use metadata::control::{Answer, Change, Command, Record, Scope};
use metadata::server::ChangeError;
use metadata_server::control::{Client, ClientError};
use thiserror::Error;

use super::owned::{Owned, empty_service, service};

/// A server that starts has the lock before it listens, and another controller has it only for as
/// long as a change takes.
const OTHERS_SETTLE_WITHIN: Duration = Duration::from_secs(5);
const LOOKS_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The metadata store of a configuration. Cheap to clone; nothing is opened before a call.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    config: Arc<Config>,
}

/// What is known of a guest's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence {
    /// A hanging GET on the stop state is open, or was within the last 70 s.
    pub(crate) watcher: bool,
    /// Seconds since anything was asked by the guest; absent when it never was.
    pub(crate) last_request: Option<u64>,
}

/// Values at and below a key, now and after each change.
#[derive(Debug)]
pub(crate) struct Watch(metadata_server::control::Watch);

/// Why the store did not do it.
#[derive(Debug, Error)]
pub(crate) enum StoreError {
    /// The server did not, or there is none and it takes one.
    #[error(transparent)]
    Server(ClientError),
    /// The server refuses what would be right by the configuration of now.
    #[error(
        "the metadata server refuses: {0}; if the configuration was changed since it started, start it anew"
    )]
    Refused(String),
    /// The server speaks otherwise.
    #[error("the metadata server's answer does not fit; is it of another version of hospes?")]
    Unfitting,
    /// Somebody else owns the store and does not answer.
    #[error(transparent)]
    Lock(#[from] MetadataLockError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It may not be changed like that.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<ClientError> for StoreError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Refused(why) => Self::Refused(why),
            other => Self::Server(other),
        }
    }
}

/// How a call reaches the store.
enum Way {
    Server(Client),
    Direct(Owned),
}

impl StoreError {
    /// Whether it takes a server, and none runs.
    pub(crate) const fn is_no_server(&self) -> bool {
        matches!(self, Self::Server(ClientError::NoServer(_)))
    }
}

impl Store {
    /// The store in the state directory of `config`, for its guests.
    pub(crate) fn open(config: &Arc<Config>) -> Self {
        Self {
            config: Arc::clone(config),
        }
    }

    /// Where a running server is asked.
    pub(crate) fn control(&self) -> PathBuf {
        self.config.state_dir.join("metadata.sock")
    }

    /// The values at and below `key`, in the order of the keys.
    pub(crate) async fn values(
        &self,
        scope: &Scope,
        key: &Key,
    ) -> Result<Vec<(Key, String)>, StoreError> {
        let command = Command::Get {
            scope: scope.clone(),
            key: key.clone(),
        };
        match self.ask(&command).await {
            Ok(Answer::Values(values)) => Ok(values),
            Ok(_) => Err(StoreError::Unfitting),
            Err(error) if error.is_no_server() => {
                let (service, _) = service(&self.journal()?, &self.config)?;
                Ok(service.values(scope, key))
            }
            Err(error) => Err(error),
        }
    }

    /// All changes at once, or none; on disk, and told to who waits, when this returns.
    pub(crate) async fn change(
        &self,
        scope: &Scope,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        match self.reach("a change of metadata").await? {
            Way::Server(client) => {
                let scope = scope.clone();
                match client.ask(&Command::Change { scope, changes }).await {
                    Ok(Answer::Changed) => Ok(()),
                    Ok(_) => Err(StoreError::Unfitting),
                    Err(error) => Err(error.into()),
                }
            }
            Way::Direct(owned) => {
                let (service, _) = owned.service(&self.config)?;
                let records = service.plan(scope, &changes)?;
                Ok(owned.keep_all(&records)?)
            }
        }
    }

    /// Says what [`Store::change`] would refuse, and changes nothing.
    pub(crate) async fn rehearse(
        &self,
        scope: &Scope,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        let mut rehearsal = empty_service(0, &self.config);
        let now = self.values(scope, &Key::default()).await?;
        for (revision, (key, value)) in (1..).zip(now) {
            rehearsal.restore(Record {
                scope: scope.clone(),
                key,
                value: Some(value),
                revision,
            });
        }
        rehearsal.plan(scope, changes)?;
        Ok(())
    }

    /// Whether somebody in the guest watches for a stop. Without a server nobody can:
    /// [`StoreError::is_no_server`].
    pub(crate) async fn presence(&self, guest: &str) -> Result<Presence, StoreError> {
        let guest = guest.to_owned();
        match self.ask(&Command::Presence { guest }).await? {
            Answer::Presence {
                watcher,
                last_request,
            } => Ok(Presence {
                watcher,
                last_request,
            }),
            _ => Err(StoreError::Unfitting),
        }
    }

    /// Follows the values at and below `key`; needs a server: [`StoreError::is_no_server`].
    pub(crate) async fn watch(&self, scope: &Scope, key: &Key) -> Result<Watch, StoreError> {
        let client = Client::connect(&self.control()).await?;
        Ok(Watch(client.watch(scope, key).await?))
    }

    /// The store for a server of its own.
    pub(crate) async fn own(&self, command: &str) -> Result<Option<Owned>, StoreError> {
        match self.reach(command).await? {
            Way::Server(_) => Ok(None),
            Way::Direct(owned) => Ok(Some(owned)),
        }
    }

    /// What is kept and cannot be read.
    pub(crate) fn damaged(&self) -> Result<Vec<CorruptMetadata>, StoreError> {
        Ok(service(&self.journal()?, &self.config)?.1)
    }

    async fn ask(&self, command: &Command) -> Result<Answer, StoreError> {
        let client = Client::connect(&self.control()).await?;
        Ok(client.ask(command).await?)
    }

    /// The running server, else the store itself. Somebody who has the store and does not listen
    /// yet, or not for long, is waited for.
    async fn reach(&self, command: &str) -> Result<Way, StoreError> {
        let begun = Instant::now();
        loop {
            match Client::connect(&self.control()).await {
                Ok(client) => return Ok(Way::Server(client)),
                Err(ClientError::NoServer(_)) => {}
                Err(error) => return Err(error.into()),
            }
            match Owned::take(self.journal()?, command) {
                Ok(owned) => return Ok(Way::Direct(owned)),
                Err(MetadataLockError::Held { .. }) if begun.elapsed() < OTHERS_SETTLE_WITHIN => {}
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(LOOKS_AGAIN_AFTER).await;
        }
    }

    fn journal(&self) -> Result<Journal, JournalError> {
        Journal::open(&self.config.state_dir)
    }
}

impl Watch {
    /// The values now, first; then after each change. An error when the server is gone.
    /// Waits as long as it takes: put a deadline around it. A call that is given up loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Vec<(Key, String)>, StoreError> {
        Ok(self.0.next().await?)
    }
}
