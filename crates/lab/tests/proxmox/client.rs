//! HTTP/1.1 over TLS, one connection a request, with the status line as it came.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Who asks one node.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    tls: TlsConnector,
    headers: Vec<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) body: String,
    pub(crate) took: Duration,
}

impl Client {
    /// Trusts this certificate only.
    pub(crate) fn new(address: SocketAddr, certificate: &str) -> Self {
        let mut trusted = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        trusted.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Self {
            address,
            tls: TlsConnector::from(Arc::new(config)),
            headers: Vec::new(),
        }
    }

    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Reply {
        self.ask("POST", path, form).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, form: &str) -> Reply {
        self.try_ask(method, path, form).await.unwrap()
    }

    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        form: &str,
    ) -> std::io::Result<Reply> {
        let begun = Instant::now();
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = self.tls.connect(name, stream).await?;
        let request = format!(
            "{method} /api2/json{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.headers.concat(),
            form.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        // The end without a farewell is how some servers close.
        let _ = stream.read_to_end(&mut bytes).await;
        Ok(Reply::parse(
            &String::from_utf8(bytes).unwrap(),
            begun.elapsed(),
        ))
    }
}

impl Reply {
    fn parse(text: &str, took: Duration) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut words = head.lines().next().unwrap().splitn(3, ' ');
        assert_eq!(words.next(), Some("HTTP/1.1"));
        Self {
            status: words.next().unwrap().parse().unwrap(),
            reason: words.next().unwrap_or_default().to_owned(),
            body: body.to_owned(),
            took,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `data` of a success.
    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["data"].clone()
    }

    /// The UPID that a POST answered, encoded for a path.
    #[track_caller]
    pub(crate) fn upid(&self) -> String {
        let upid = self.data().as_str().unwrap().to_owned();
        upid.replace(':', "%3A")
            .replace('@', "%40")
            .replace('!', "%21")
    }
}

impl Client {
    /// Waits for a task and returns its exit status and the lines of its log.
    pub(crate) async fn end_of(&self, node: &str, upid: &str) -> (String, Vec<String>) {
        let task = format!("/nodes/{node}/tasks/{upid}");
        loop {
            let status = self.get(&format!("{task}/status")).await.data();
            if status["status"] == "stopped" {
                let log = self.get(&format!("{task}/log")).await.data();
                let lines = log.as_array().unwrap().iter();
                let lines = lines.map(|line| line["t"].as_str().unwrap().to_owned());
                return (
                    status["exitstatus"].as_str().unwrap().to_owned(),
                    lines.collect(),
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
