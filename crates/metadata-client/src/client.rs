//! Questions that are answered at once.

use std::sync::Arc;

use metadata::{Alt, Failure, Key, Query};
use serde_json::Value;

use crate::address::{self, InvalidAddress, Places};
use crate::limits::Limits;
use crate::line::{Ask, Line, Reply};
use crate::watch::KeyWatch;

/// The metadata server, as the guest sees it. A clone shares its connection.
#[derive(Clone)]
pub struct Client {
    line: Line,
}

impl Client {
    /// The server that `GCE_METADATA_HOST` names, else the link-local addresses of clouds.
    ///
    /// # Errors
    /// When the variable names no server.
    pub fn from_environment() -> Result<Self, InvalidAddress> {
        let named = std::env::var_os(address::VARIABLE).unwrap_or_default();
        match named.to_string_lossy().trim() {
            "" => Ok(Self::over(Places::of_clouds()?)),
            host => Self::at(host),
        }
    }

    /// One server: `HOST`, `HOST:PORT` or `[IPv6]:PORT`.
    ///
    /// # Errors
    /// When it is none.
    pub fn at(address: &str) -> Result<Self, InvalidAddress> {
        Ok(Self::over(Places::among(&[address])?))
    }

    fn over(places: Places) -> Self {
        let line = Line::new(Arc::new(places), Limits::default());
        Self { line }
    }

    /// The same server with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        let places = Arc::clone(self.line.places());
        let line = Line::new(places, limits);
        Self { line }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// Each kind of failure as its own.
    pub fn get(&self, key: &Key) -> Result<Reply, Failure> {
        self.line.ask(key, Ask::Get(&Query::default()))
    }

    /// A directory with all that is below it.
    ///
    /// # Errors
    /// Each kind of failure as its own; `Garbage` when it is not JSON.
    pub fn get_recursive(&self, directory: &Key) -> Result<Value, Failure> {
        let query = Query {
            recursive: true,
            alt: Some(Alt::Json),
            ..Query::default()
        };
        let reply = self.line.ask(directory, Ask::Get(&query))?;
        serde_json::from_str(&reply.value)
            .map_err(|error| Failure::Garbage(format!("it is not JSON: {error}")))
    }

    /// Keeps a guest attribute.
    ///
    /// # Errors
    /// Each kind of failure as its own.
    pub fn put(&self, key: &Key, value: &str) -> Result<(), Failure> {
        self.line.ask(key, Ask::Put(value)).map(drop)
    }

    /// Watches one key, over a connection and with an etag of its own.
    #[must_use]
    pub fn watch_key(&self, key: Key) -> KeyWatch {
        KeyWatch::new(self.line.hanging(), key)
    }
}
