//! The values while the server runs, and the one way to change them.
//!
//! ```text
//! change ─► plan ─► Shelf::keep ─► restore ─► wake ─► answered
//!             │          └─ failed: nothing was changed
//!             └─ refused
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use metadata::control::{Change, Record, Scope};
use metadata::server::{ChangeError, Service};
use thiserror::Error;
use tokio::sync::{Mutex, watch};

use crate::Shelf;
use crate::guest::{Guest, News};

/// All values and guests.
pub(crate) struct Store {
    service: RwLock<Service>,
    shelf: Arc<dyn Shelf>,
    /// Held from `plan` to `restore`, so that changes follow one another.
    writing: Mutex<()>,
    changes: watch::Sender<()>,
    guests: BTreeMap<String, Arc<Guest>>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub(crate) enum Unchanged {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] ChangeError),
    /// It could not be kept.
    #[error("nothing was changed, because it could not be kept: {0}")]
    NotKept(String),
}

impl Store {
    pub(crate) fn new(
        service: Service,
        shelf: Arc<dyn Shelf>,
        guests: BTreeMap<String, Arc<Guest>>,
    ) -> Self {
        Self {
            service: RwLock::new(service),
            shelf,
            writing: Mutex::default(),
            changes: watch::Sender::default(),
            guests,
        }
    }

    /// The values as they are. Not to be held across an await.
    pub(crate) fn service(&self) -> RwLockReadGuard<'_, Service> {
        self.service.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guest, where it has a socket or an address.
    pub(crate) fn guest(&self, name: &str) -> Option<&Arc<Guest>> {
        self.guests.get(name)
    }

    /// Whether there is such a scope.
    pub(crate) fn check(&self, scope: &Scope) -> Result<(), ChangeError> {
        self.service().plan(scope, &[]).map(drop)
    }

    /// Every change from now on, of any scope.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Makes all changes or none. Once begun it goes on to its end, even when nobody waits for it
    /// any more: what was kept must become visible.
    pub(crate) async fn change(
        self: &Arc<Self>,
        scope: Scope,
        changes: Vec<Change>,
    ) -> Result<(), Unchanged> {
        let store = self.clone();
        let task = tokio::spawn(async move { store.change_to_the_end(scope, changes).await });
        let lost = |error: tokio::task::JoinError| Unchanged::NotKept(error.to_string());
        task.await.unwrap_or_else(|error| Err(lost(error)))
    }

    async fn change_to_the_end(&self, scope: Scope, changes: Vec<Change>) -> Result<(), Unchanged> {
        let _writing = self.writing.lock().await;
        let records = self.service().plan(&scope, &changes)?;
        if records.is_empty() {
            return Ok(());
        }
        let records = self.keep(records).await?;
        self.show(records);
        self.wake(&scope);
        Ok(())
    }

    async fn keep(&self, records: Vec<Record>) -> Result<Vec<Record>, Unchanged> {
        let shelf = self.shelf.clone();
        let kept = tokio::task::spawn_blocking(move || shelf.keep(&records).map(|()| records));
        kept.await
            .unwrap_or_else(|error| Err(error.to_string()))
            .inspect_err(|error| tracing::error!(error, "the metadata store keeps nothing"))
            .map_err(Unchanged::NotKept)
    }

    fn show(&self, records: Vec<Record>) {
        let mut service = self.service.write().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            service.restore(record);
        }
    }

    fn wake(&self, scope: &Scope) {
        match scope {
            Scope::Project => self.wake_all(News::Change),
            Scope::Guest(name) => {
                if let Some(guest) = self.guest(name) {
                    guest.wake(News::Change);
                }
            }
        }
        self.changes.send_replace(());
    }

    /// Wakes the hanging GETs of all guests.
    pub(crate) fn wake_all(&self, news: News) {
        for guest in self.guests.values() {
            guest.wake(news);
        }
    }

    /// Waits until the changes that were begun have ended.
    pub(crate) async fn settle(&self) {
        drop(self.writing.lock().await);
    }
}
