//! How a cluster's API is reached.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One cluster, as the configuration describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSettings {
    /// Its name in the configuration.
    pub name: String,
    /// Its API's addresses, asked in this order; at least one.
    pub endpoints: Vec<Endpoint>,
    /// Whose certificates are trusted.
    pub trust: Trust,
    /// Who asks.
    pub credentials: Credentials,
    /// How long one call may take, connecting included.
    pub call: Duration,
}

/// Where an API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address; an IPv6 address without brackets.
    pub host: String,
    /// The port, 8006 unless said otherwise.
    pub port: u16,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The leaf certificates with these SHA-256 fingerprints, and no others. Names and dates are
    /// not looked at: the certificate itself is known.
    Pinned(Vec<[u8; 32]>),
    /// Those of the authorities in this PEM file.
    Authorities(PathBuf),
    /// Those that the system trusts.
    System,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// An API token.
    Token {
        /// `USER@REALM!ID`.
        id: String,
        /// Where its secret is.
        secret: SecretSource,
    },
    /// A user's ticket, got with a password.
    Ticket {
        /// `USER@REALM`.
        user: String,
        /// Where the password is.
        password: SecretSource,
    },
}

/// Where a secret is. It is read when it is needed and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// The first line of this file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// The first line that this program prints.
    Command(Vec<String>),
}

/// A secret in memory: it never shows in a log, an error or a debug print.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one header or form that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
