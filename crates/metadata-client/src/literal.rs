//! Addresses without a look-up where the URL has one.

use std::net::{IpAddr, SocketAddr};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Takes an address as it is written, and asks the system for names only. (ureq's own resolver
/// starts a thread for both, since a look-up knows no deadline.)
#[derive(Debug, Default)]
pub(crate) struct LiteralFirst(DefaultResolver);

impl Resolver for LiteralFirst {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let Some(address) = literal(uri) else {
            return self.0.resolve(uri, config, timeout);
        };
        let mut addresses = self.empty();
        addresses.push(address);
        Ok(addresses)
    }
}

fn literal(uri: &Uri) -> Option<SocketAddr> {
    let port = match uri.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    let address = host_address(uri.host()?)?;
    Some(SocketAddr::new(address, uri.port_u16().unwrap_or(port)))
}

/// The address that a host is, in brackets or not.
pub(crate) fn host_address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}
