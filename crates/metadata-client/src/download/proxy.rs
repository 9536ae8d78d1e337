//! The proxies that the environment names, as other programs read it.
//!
//! `http_proxy` and `https_proxy` by the URL's scheme, then `all_proxy`, each in small and in
//! capital letters; `no_proxy` lists hosts, domains, addresses and networks that are asked directly.

use std::net::IpAddr;

use ureq::Proxy;
use ureq::ProxyProtocol;
use ureq::http::Uri;

use super::error::DownloadFailure;
use super::url;
use crate::literal::host_address;

/// Reads a variable.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const FOR_HTTP: &[&str] = &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
const FOR_HTTPS: &[&str] = &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const EXCEPTIONS: &[&str] = &["no_proxy", "NO_PROXY"];

/// The proxy for a URL.
pub(super) fn for_url(
    uri: &Uri,
    environment: Environment<'_>,
) -> Result<Option<Proxy>, DownloadFailure> {
    let names = if url::is_https(uri) {
        FOR_HTTPS
    } else {
        FOR_HTTP
    };
    let Some((name, value)) = first_set(names, environment) else {
        return Ok(None);
    };
    if is_excepted(uri, environment) {
        return Ok(None);
    }
    let proxy = Proxy::new(&value).map_err(|_| DownloadFailure::Proxy(name))?;
    match proxy.protocol() {
        ProxyProtocol::Http | ProxyProtocol::Https => Ok(Some(proxy)),
        _ => Err(DownloadFailure::Proxy(name)),
    }
}

fn first_set<'a>(names: &[&'a str], environment: Environment<'_>) -> Option<(&'a str, String)> {
    let value = |name: &&'a str| Some((*name, environment(name)?));
    let mut set = names.iter().filter_map(value);
    set.find(|(_, value)| !value.trim().is_empty())
}

fn is_excepted(uri: &Uri, environment: Environment<'_>) -> bool {
    let host = url::host(uri).to_ascii_lowercase();
    let list = first_set(EXCEPTIONS, environment).map_or(String::new(), |(_, list)| list);
    let mut entries = list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    match host_address(&host) {
        Some(address) => is_near(address) || entries.any(|entry| covers_address(entry, address)),
        None => is_near_name(&host) || entries.any(|entry| covers_name(entry, &host)),
    }
}

/// What no proxy can reach for this guest: itself, its link, the metadata server.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unicast_link_local()
                || address.segments()[..2] == [0xfd20, 0xce]
        }
    }
}

fn is_near_name(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host == "metadata.google.internal"
}

fn covers_name(entry: &str, host: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let name = entry
        .split(':')
        .next()
        .unwrap_or(entry)
        .to_ascii_lowercase();
    let domain = name.trim_start_matches('*').trim_start_matches('.');
    let above = host.strip_suffix(domain);
    !domain.is_empty() && above.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn covers_address(entry: &str, address: IpAddr) -> bool {
    match entry.split_once('/') {
        _ if entry == "*" => true,
        Some((network, bits)) => match (host_address(network), bits.parse()) {
            (Some(network), Ok(bits)) => in_network(address, network, bits),
            _ => false,
        },
        None => host_address(entry) == Some(address),
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) if bits <= 32 => {
            (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits
        }
        (IpAddr::V6(a), IpAddr::V6(b)) if bits <= 128 => {
            (a.to_bits() ^ b.to_bits()).leading_zeros() >= bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(target: &str, variables: &[(&str, &str)]) -> Result<Option<String>, DownloadFailure> {
        let environment = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = for_url(&url::parse(target).unwrap(), &environment)?;
        Ok(proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    #[test]
    fn the_scheme_chooses_the_variable() {
        let both = [("http_proxy", "http://p:3128"), ("https_proxy", "q:8080")];
        assert_eq!(chosen("http://h/", &both).unwrap().unwrap(), "p:3128");
        assert_eq!(chosen("https://h/", &both).unwrap().unwrap(), "q:8080");
        let table = [
            ("http://h/", ("HTTP_PROXY", "p:1"), Some("p:1")),
            ("http://h/", ("ALL_PROXY", "p:1"), Some("p:1")),
            ("http://h/", ("http_proxy", ""), None),
            ("http://h/", ("HTTPS_PROXY", "p:1"), None),
            ("https://h/", ("http_proxy", "p:1"), None),
        ];
        for (target, variable, expected) in table {
            let found = chosen(target, &[variable]).unwrap();
            assert_eq!(found.as_deref(), expected, "{target} {variable:?}");
        }
    }

    #[test]
    fn what_is_excepted_or_near_is_asked_directly() {
        let table = [
            ("h.example", "h.example", true),
            ("h.example", "EXAMPLE", true),
            ("h.example", ".example", true),
            ("h.example", "*.example", true),
            ("h.example", "h.example:80", true),
            ("hexample", "example", false),
            ("h.example", "other, *", true),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("11.1.2.3", "0.0.0.0/0", true),
            ("11.1.2.3", "10.0.0.0/33,x/8", false),
            ("[fd00::1]", "fd00::/8", true),
            ("[fe00::1]", "fd00::/8", false),
            ("h.example", "", false),
            ("localhost", "", true),
            ("127.0.0.1", "", true),
            ("169.254.169.254", "", true),
            ("[fd20:ce::254]", "", true),
            ("[fe80::1]", "", true),
            ("metadata.google.internal", "", true),
        ];
        for (host, list, direct) in table {
            let variables = [("http_proxy", "p:1"), ("no_proxy", list)];
            let found = chosen(&format!("http://{host}/"), &variables).unwrap();
            assert_eq!(found.is_none(), direct, "{host} {list}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_and_not_a_way_around() {
        for value in ["socks5://p:1", "http://", "a b"] {
            let found = chosen("http://h/", &[("http_proxy", value)]);
            assert_eq!(found, Err(DownloadFailure::Proxy("http_proxy")), "{value}");
        }
    }
}
