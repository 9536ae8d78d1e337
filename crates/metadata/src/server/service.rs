//! All values, and what may be done to them.

use std::collections::BTreeMap;

use super::layer::Layer;
use super::view::View;
use super::{ChangeError, GuestFacts, Limits, Request, Response, answer, facts, rules};
use crate::Key;
use crate::control::{Change, Record, Scope};

/// The values of the project and of all guests.
#[derive(Debug)]
pub struct Service {
    store: u32,
    limits: Limits,
    newest: u64,
    project: Layer,
    guests: BTreeMap<String, Layer>,
}

impl Service {
    /// Without guests and values. `store` tells one store from another: an etag of another one
    /// never counts as seen.
    #[must_use]
    pub fn new(store: u32, limits: Limits) -> Self {
        Self {
            store,
            limits,
            newest: 0,
            project: Layer::new(facts::project(facts::PROJECT_ID)),
            guests: BTreeMap::new(),
        }
    }

    /// What guests are told as `project/project-id`; unless named, `hospes`.
    pub fn name_project(&mut self, id: &str) {
        self.project.fix(facts::project(id));
    }

    /// Makes a guest known, or replaces what is known about it. Its values stay. No etag changes:
    /// who waits for a change does not learn of new facts.
    pub fn add_guest(&mut self, name: &str, facts: GuestFacts) {
        let layer = self.guests.entry(name.to_owned()).or_default();
        layer.fix(facts::instance(name, facts));
    }

    /// Shows a kept record. In any order; the newest of a key counts. A key that this version does not
    /// know is not shown.
    pub fn restore(&mut self, record: Record) {
        self.newest = self.newest.max(record.revision);
        if !rules::is_changeable(&record.scope, &record.key) {
            return;
        }
        let layer = match record.scope {
            Scope::Project => &mut self.project,
            Scope::Guest(name) => self.guests.entry(name).or_default(),
        };
        layer.apply(&record.key, record.value, record.revision);
    }

    /// What is to be kept so that all changes are made at once: give it to the store, then each to
    /// [`Service::restore`]; nobody else may plan in between. The last change of a key counts.
    /// Setting the same value again is a change, taking away what is not set is none.
    ///
    /// # Errors
    /// When one of them may not be made; then none is.
    pub fn plan(&self, scope: &Scope, changes: &[Change]) -> Result<Vec<Record>, ChangeError> {
        let layer = self.layer(scope)?;
        for change in changes {
            rules::check(scope, change, &self.limits)?;
        }
        let mut wanted: BTreeMap<&Key, Option<&str>> = changes
            .iter()
            .map(|change| (&change.key, change.value.as_deref()))
            .collect();
        wanted.retain(|key, value| value.is_some() || layer.is_set(key));
        self.limits.check(layer, &wanted)?;
        let revisions = self.newest.saturating_add(1)..;
        let records = wanted.into_iter().zip(revisions);
        Ok(records
            .map(|((key, value), revision)| Record {
                scope: scope.clone(),
                key: key.clone(),
                value: value.map(str::to_owned),
                revision,
            })
            .collect())
    }

    /// The values at and below a key, in the order of the keys.
    #[must_use]
    pub fn values(&self, scope: &Scope, key: &Key) -> Vec<(Key, String)> {
        let layer = self.layer(scope);
        layer.map_or_else(|_| Vec::new(), |layer| View::of_one(layer).values(key))
    }

    /// The revision of the newest change at or below a key; 0 when there was none.
    #[must_use]
    pub fn revision(&self, scope: &Scope, key: &Key) -> u64 {
        self.layer(scope).map_or(0, |layer| layer.revision(key))
    }

    /// What becomes of a guest's request.
    #[must_use]
    pub fn answer(&self, guest: &str, request: &Request<'_>) -> Response {
        answer::answer(self, guest, request)
    }

    /// What a guest sees: its own values and the project's.
    pub(super) fn view(&self, guest: &str) -> Option<View<'_>> {
        let layer = self.guests.get(guest).filter(|layer| layer.has_facts())?;
        Some(View::of_both(layer, &self.project))
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn etag(&self, revision: u64) -> String {
        format!("{:08x}{revision:08x}", self.store)
    }

    fn layer(&self, scope: &Scope) -> Result<&Layer, ChangeError> {
        match scope {
            Scope::Project => Ok(&self.project),
            Scope::Guest(name) => {
                let layer = self.guests.get(name).filter(|layer| layer.has_facts());
                layer.ok_or_else(|| ChangeError::NoSuchGuest(name.clone()))
            }
        }
    }
}
