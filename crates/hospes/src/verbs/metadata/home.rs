//! Whose values, which, and how they are named and shown.

use std::sync::Arc;

use anyhow::Result;
use config::{Config, Environment, Selector};
use metadata::control::Scope;
use metadata::{InvalidKey, Key};
use serde_json::{Map, Value, json};

use crate::cli::{Global, Misused, Owner};
use crate::metadata::Store;

/// One configuration and its store. No journal is opened before it is needed.
pub(super) struct Home {
    pub(super) config: Arc<Config>,
    pub(super) store: Store,
    pub(super) json: bool,
}

impl Home {
    pub(super) fn load(global: &Global) -> Result<Self> {
        let config = Config::load(global.config.as_deref(), &Environment::current())?;
        let config = Arc::new(config);
        let store = Store::open(&config);
        Ok(Self {
            config,
            store,
            json: global.json,
        })
    }

    /// The project, or a guest of the configuration.
    pub(super) fn scope(&self, owner: Owner<'_>) -> Result<Scope> {
        owner.map_or(Ok(Scope::Project), |name| {
            let guest = guest(&self.config, name)?;
            Ok(Scope::Guest(guest.name.to_string()))
        })
    }
}

/// The guest of exactly that name.
pub(super) fn guest<'c>(config: &'c Config, name: &str) -> Result<&'c config::Guest> {
    let no_name = || Misused::NoGuest(name.chars().take(80).collect());
    let id = name.parse().map_err(|_| no_name())?;
    if let Some(guest) = config.guests.get(&id) {
        return Ok(guest);
    }
    let guests: Vec<_> = config.guests.values().cloned().collect();
    // It tells which names are near.
    config::select(&guests, &[Selector::Name(id)])?;
    Err(no_name().into())
}

/// A word is the name of an attribute, a path is taken as it is.
pub(super) fn key_of(scope: &Scope, word: &str) -> Result<Key, InvalidKey> {
    let directory = match scope {
        _ if word.is_empty() || word.contains('/') => return word.parse(),
        Scope::Project => "project",
        Scope::Guest(_) => "instance",
    };
    format!("{directory}/attributes/{word}").parse()
}

/// Whose values, for people.
pub(super) fn name_of(scope: &Scope) -> &str {
    match scope {
        Scope::Project => "project",
        Scope::Guest(name) => name,
    }
}

/// The fields of a document that say whose values it is about.
pub(super) fn fields_of(scope: &Scope) -> Map<String, Value> {
    let guest = match scope {
        Scope::Project => Value::Null,
        Scope::Guest(name) => json!(name),
    };
    Map::from_iter([("guest".to_owned(), guest)])
}

/// The start of a value in one line. A guest may have written it: nothing in it steers a terminal.
pub(super) fn excerpt(value: &str) -> String {
    const LONGEST: usize = 60;
    let mut lines = value.lines();
    let first = lines.next().unwrap_or_default();
    let mut shown: String = first.chars().take(LONGEST).map(printable).collect();
    if lines.next().is_some() || first.chars().nth(LONGEST).is_some() {
        shown.push_str(&format!(" ... ({} bytes)", value.len()));
    }
    shown
}

pub(super) fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
