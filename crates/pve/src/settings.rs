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

/// As it is written in an address, `pve1:8006` or `[::1]:8006`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_shows_as_it_is_written_in_an_address() {
        for (host, shown) in [
            ("pve1.example", "pve1.example:8006"),
            ("192.0.2.7", "192.0.2.7:8006"),
            ("2001:db8::7", "[2001:db8::7]:8006"),
        ] {
            let host = host.to_owned();
            assert_eq!(Endpoint { host, port: 8006 }.to_string(), shown);
        }
    }

    #[test]
    fn a_secret_never_shows() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
