//! How one URL is asked: directly or through a proxy, with TLS or without.

use std::sync::Arc;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::{
    ConnectProxyConnector, Connector, RustlsConnector, TcpConnector,
};
use ureq::{Agent, Proxy, ProxyProtocol};

use super::error::DownloadFailure;
use super::forward::{ForwardConnector, ProxyFirst};
use super::proxy::Environment;
use super::{DownloadLimits, authorities, proxy, url};
use crate::USER_AGENT;
use crate::literal::LiteralFirst;
use crate::strict::StrictConnector;

/// Bytes of a reply's head, and of what is read at once.
const INPUT: usize = 32 << 10;
/// Bytes that are sent at once: more than the longest URL.
const OUTPUT: usize = 16 << 10;

/// Who asks one URL, over one connection.
pub(super) struct Way {
    pub(super) agent: Agent,
    /// Whom it connects to, for messages.
    pub(super) peer: String,
}

impl Way {
    pub(super) fn to(
        uri: &Uri,
        limits: &DownloadLimits,
        environment: Environment<'_>,
    ) -> Result<Self, DownloadFailure> {
        let proxy = proxy::for_url(uri, environment)?;
        let peer = match &proxy {
            Some(proxy) => format!("the proxy {}:{}", proxy.host(), proxy.port()),
            None => url::host(uri).to_owned(),
        };
        let to_proxy_by_tls = |proxy: &Proxy| proxy.protocol() == ProxyProtocol::Https;
        let secure = url::is_https(uri) || proxy.as_ref().is_some_and(to_proxy_by_tls);
        let agent = match proxy {
            Some(proxy) if !secure => forwarded(config(limits, None, no_tls()), &proxy),
            None if !secure => plain(config(limits, None, no_tls())),
            proxy => secured(config(limits, proxy, tls(environment)?)),
        };
        Ok(Self { agent, peer })
    }
}

fn plain(config: Config) -> Agent {
    let connector = ().chain(TcpConnector::default()).chain(StrictConnector);
    Agent::with_parts(config, connector, LiteralFirst::default())
}

fn forwarded(config: Config, proxy: &Proxy) -> Agent {
    let connector =
        ().chain(TcpConnector::default())
            .chain(ForwardConnector::new(proxy))
            .chain(StrictConnector);
    Agent::with_parts(config, connector, ProxyFirst::new(proxy))
}

fn secured(config: Config) -> Agent {
    let connector =
        ().chain(ConnectProxyConnector::default())
            .chain(TcpConnector::default())
            .chain(RustlsConnector::default())
            .chain(StrictConnector);
    Agent::with_parts(config, connector, LiteralFirst::default())
}

fn no_tls() -> TlsConfig {
    TlsConfig::builder().build()
}

fn tls(environment: Environment<'_>) -> Result<TlsConfig, DownloadFailure> {
    let authorities = Arc::new(authorities::load(environment)?);
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(authorities))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

fn config(limits: &DownloadLimits, proxy: Option<Proxy>, tls: TlsConfig) -> Config {
    Agent::config_builder()
        .proxy(proxy)
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(USER_AGENT)
        .max_response_header_size(INPUT - 1)
        .input_buffer_size(INPUT)
        .output_buffer_size(OUTPUT)
        .max_idle_connections(0)
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_per_read(Some(limits.stall))
        .timeout_per_write(Some(limits.stall))
        .timeout_global(Some(limits.whole))
        .build()
}
