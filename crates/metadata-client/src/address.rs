//! Where the metadata server is.

use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;
use ureq::http::uri::Authority;

/// The variable that names another server: `HOST`, `HOST:PORT`, `[IPv6]:PORT`.
pub(crate) const VARIABLE: &str = "GCE_METADATA_HOST";

/// What is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no metadata server: set {VARIABLE} to HOST, HOST:PORT or [IPv6]:PORT")]
pub struct InvalidAddress(String);

/// The addresses that may answer, and which of them did last.
#[derive(Debug)]
pub(crate) struct Places {
    known: Vec<Authority>,
    answered: AtomicUsize,
}

impl Places {
    /// The link-local address of clouds, and its counterpart where there is IPv6 only.
    pub(crate) fn of_clouds() -> Result<Self, InvalidAddress> {
        Self::among(&["169.254.169.254", "fd20:ce::254"])
    }

    /// Servers as the variable names them, the likeliest first.
    pub(crate) fn among(texts: &[&str]) -> Result<Self, InvalidAddress> {
        let known = texts.iter().map(|text| authority(text.trim()));
        Ok(Self {
            known: known.collect::<Result<_, _>>()?,
            answered: AtomicUsize::new(0),
        })
    }

    /// All of them, first the one that answered last.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = (usize, &Authority)> {
        let first = self.answered.load(Ordering::Relaxed);
        let order = (first..self.known.len()).chain(0..first);
        order.filter_map(|place| Some((place, self.known.get(place)?)))
    }

    /// This one answered.
    pub(crate) fn remember(&self, place: usize) {
        self.answered.store(place, Ordering::Relaxed);
    }
}

/// A host with or without a port: no user, no path, and what is in brackets must be an address.
fn authority(text: &str) -> Result<Authority, InvalidAddress> {
    let invalid = || InvalidAddress(text.to_owned());
    let bare = text.parse::<Ipv6Addr>();
    let text = bare.map_or(text.to_owned(), |address| format!("[{address}]"));
    let authority: Authority = text.parse().map_err(|_| invalid())?;
    let host = authority.host();
    let name_or_address = match host.strip_prefix('[') {
        Some(rest) => rest.trim_end_matches(']').parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty(),
    };
    match text.strip_prefix(host) {
        Some(port) if name_or_address && is_port(port) => Ok(authority),
        _ => Err(invalid()),
    }
}

fn is_port(text: &str) -> bool {
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.strip_prefix(':');
    text.is_empty() || port.is_some_and(|port| digits(port) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_with_or_without_a_port() {
        let table = [
            ("169.254.169.254", Some("169.254.169.254")),
            (" 127.0.0.1:8080\n", Some("127.0.0.1:8080")),
            ("metadata.google.internal", Some("metadata.google.internal")),
            ("localhost:80", Some("localhost:80")),
            ("[fd20:ce::254]:80", Some("[fd20:ce::254]:80")),
            ("[::1]", Some("[::1]")),
            ("::1", Some("[::1]")),
            ("fd20:ce::254", Some("[fd20:ce::254]")),
            ("", None),
            (":80", None),
            ("host:", None),
            ("host:eighty", None),
            ("host:+80", None),
            ("host:65536", None),
            ("user@host", None),
            ("user:secret@host:80", None),
            ("[fd20:ce::254", None),
            ("[name]:80", None),
            ("http://host", None),
            ("host/path", None),
            ("a host", None),
            ("host\r\nX-Forwarded-For: me", None),
        ];
        for (text, expected) in table {
            let places = Places::among(&[text]).ok();
            let found = places.as_ref().map(|places| places.known[0].as_str());
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn the_one_that_answered_is_asked_first() {
        let places = Places::of_clouds().unwrap();
        let asked = |places: &Places| {
            let order = places.in_turn().map(|(_, place)| place.to_string());
            order.collect::<Vec<_>>()
        };
        assert_eq!(asked(&places), ["169.254.169.254", "[fd20:ce::254]"]);
        places.remember(1);
        assert_eq!(asked(&places), ["[fd20:ce::254]", "169.254.169.254"]);
    }
}
