//! A plain request through a proxy: the whole URL in its first line. ureq knows `CONNECT` only,
//! which proxies refuse for port 80.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use ureq::{Error, Proxy};

use crate::literal::LiteralFirst;

/// Finds the proxy instead of the server.
#[derive(Debug)]
pub(super) struct ProxyFirst {
    proxy: Uri,
    finds: LiteralFirst,
}

impl ProxyFirst {
    pub(super) fn new(proxy: &Proxy) -> Self {
        let finds = LiteralFirst::default();
        let proxy = proxy.uri().clone();
        Self { proxy, finds }
    }
}

impl Resolver for ProxyFirst {
    fn resolve(
        &self,
        _server: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.finds.resolve(&self.proxy, config, timeout)
    }
}

/// Completes the first line of what is sent, and adds who asks the proxy.
pub(super) struct ForwardConnector {
    credentials: Option<String>,
}

impl ForwardConnector {
    pub(super) fn new(proxy: &Proxy) -> Self {
        let user = proxy.username().map(|user| {
            let password = proxy.password().unwrap_or_default();
            BASE64_STANDARD.encode(format!("{user}:{password}"))
        });
        Self { credentials: user }
    }
}

impl std::fmt::Debug for ForwardConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ForwardConnector")
    }
}

impl<In: Transport> Connector<In> for ForwardConnector {
    type Out = Forward<In>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Forward<In>>, Error> {
        let authority = details.uri.authority();
        // The user of the URL is the server's business, and stands in a header.
        let server = authority.map_or("", |authority| {
            let text = authority.as_str();
            text.rsplit_once('@').map_or(text, |(_, server)| server)
        });
        let credentials = self.credentials.as_ref();
        let header = credentials.map(|them| format!("Proxy-Authorization: Basic {them}\r\n"));
        let first = FirstLine {
            server: format!("http://{server}"),
            header: header.unwrap_or_default(),
        };
        Ok(chained.map(|inner| Forward {
            inner,
            first: Some(first),
        }))
    }
}

struct FirstLine {
    server: String,
    header: String,
}

impl FirstLine {
    /// `GET /path HTTP/1.1` becomes `GET http://server/path HTTP/1.1`, then the header.
    fn complete(&self, head: &[u8]) -> Vec<u8> {
        let target = head
            .iter()
            .position(|byte| *byte == b' ')
            .map_or(0, |at| at + 1);
        let newline = head.iter().position(|byte| *byte == b'\n');
        let (line, rest) = head.split_at(newline.map_or(head.len(), |at| at + 1));
        let (method, target) = line.split_at(target.min(line.len()));
        [
            method,
            self.server.as_bytes(),
            target,
            self.header.as_bytes(),
            rest,
        ]
        .concat()
    }
}

/// A connection to a proxy.
pub(super) struct Forward<T> {
    inner: T,
    first: Option<FirstLine>,
}

impl<T> std::fmt::Debug for Forward<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forward")
    }
}

impl<T: Transport> Transport for Forward<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let Some(first) = self.first.take() else {
            return self.inner.transmit_output(amount, timeout);
        };
        let head = first.complete(&self.inner.buffers().output()[..amount]);
        let room = self.inner.buffers().output().len();
        for part in head.chunks(room) {
            self.inner.buffers().output()[..part.len()].copy_from_slice(part);
            self.inner.transmit_output(part.len(), timeout)?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_holds_the_whole_url() {
        let first = FirstLine {
            server: "http://h:81".to_owned(),
            header: "Proxy-Authorization: Basic x\r\n".to_owned(),
        };
        let head = b"GET /a?b=http://c HTTP/1.1\r\nhost: h:81\r\n\r\n";
        let expected = "GET http://h:81/a?b=http://c HTTP/1.1\r\nProxy-Authorization: Basic x\r\nhost: h:81\r\n\r\n";
        assert_eq!(first.complete(head), expected.as_bytes());
    }
}
