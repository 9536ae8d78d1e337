//! The store without a server: who holds its lock may change it.

use config::Config;
use journal::{CorruptMetadata, Holder, Journal, JournalError, MetadataLock, MetadataLockError};
use metadata::control::Record;
use metadata::server::{Limits, Service};
use metadata_server::Shelf;

use super::facts::facts;
use crate::clock::now;

/// The journal, with the right to change the metadata in it.
#[derive(Debug)]
pub(crate) struct Owned {
    journal: Journal,
    lock: MetadataLock,
}

impl Owned {
    /// Takes the store; `command` is told to others that want it.
    pub(super) fn take(journal: Journal, command: &str) -> Result<Self, MetadataLockError> {
        let holder = Holder {
            pid: std::process::id(),
            command: command.to_owned(),
            since: now(),
        };
        let lock = MetadataLock::acquire(&journal, &holder)?;
        Ok(Self { journal, lock })
    }

    /// Everything that is kept, and what of it cannot be read.
    pub(crate) fn service(
        &self,
        config: &Config,
    ) -> Result<(Service, Vec<CorruptMetadata>), JournalError> {
        service(&self.journal, config)
    }

    pub(super) fn keep_all(&self, records: &[Record]) -> Result<(), JournalError> {
        self.journal.keep_metadata(&self.lock, records)
    }
}

impl Shelf for Owned {
    fn keep(&self, records: &[Record]) -> Result<(), String> {
        self.keep_all(records).map_err(|error| error.to_string())
    }
}

/// What the journal keeps, for the guests of the configuration. Reading takes no lock.
pub(super) fn service(
    journal: &Journal,
    config: &Config,
) -> Result<(Service, Vec<CorruptMetadata>), JournalError> {
    let store = journal.metadata_store_id()?;
    let mut service = empty_service(store, config);
    let mut damaged = Vec::new();
    for record in journal.metadata_records()? {
        match record {
            Ok(record) => service.restore(record),
            Err(corrupt) => damaged.push(corrupt),
        }
    }
    Ok((service, damaged))
}

/// The guests of the configuration, without a value that was set.
pub(super) fn empty_service(store: u32, config: &Config) -> Service {
    let mut service = Service::new(store, Limits::default());
    service.name_project(&config.metadata.project_id);
    for guest in config.guests.values() {
        service.add_guest(guest.name.as_str(), facts(guest, store));
    }
    service
}
