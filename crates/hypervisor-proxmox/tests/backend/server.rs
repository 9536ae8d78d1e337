//! A server that answers each request as a test has written it, over real HTTPS, and remembers
//! what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pve::{ClusterSettings, Credentials, Endpoint, SecretSource, Trust};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What is answered to one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Data(Value),
    Failure(u16, &'static str),
    /// The connection ends instead.
    Hangup,
}

/// The answers of each request in turn, the last of them for good.
type Script = BTreeMap<String, VecDeque<Reply>>;

/// A server and what it was asked.
pub(crate) struct Server {
    port: u16,
    fingerprint: [u8; 32],
    script: Arc<Mutex<Script>>,
    asked: Arc<Mutex<Vec<String>>>,
    token: tempfile::NamedTempFile,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let made =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let der = made.cert.der().clone();
        let digest = ring::digest::digest(&ring::digest::SHA256, &der);
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .expect("a certificate");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let token = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(token.path(), "a-secret\n").expect("a token");
        let server = Self {
            port: listener.local_addr().expect("an address").port(),
            fingerprint: digest.as_ref().try_into().expect("32 bytes"),
            script: Arc::default(),
            asked: Arc::default(),
            token,
        };
        let (script, asked) = (Arc::clone(&server.script), Arc::clone(&server.asked));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, asked) = (Arc::clone(&script), Arc::clone(&asked));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = converse(stream, &script, &asked).await;
                    }
                });
            }
        });
        server
    }

    /// How a client reaches it.
    pub(crate) fn settings(&self) -> ClusterSettings {
        ClusterSettings {
            name: "home".to_owned(),
            endpoints: vec![Endpoint {
                host: "127.0.0.1".to_owned(),
                port: self.port,
            }],
            trust: Trust::Pinned(vec![self.fingerprint]),
            credentials: Credentials::Token {
                id: "root@pam!t1".to_owned(),
                secret: SecretSource::File(self.token.path().to_owned()),
            },
            call: Duration::from_secs(30),
        }
    }

    /// Answers `request` (`GET /version`) so, in turn; the last answer stays.
    pub(crate) fn on(&self, request: &str, replies: impl IntoIterator<Item = Reply>) {
        let replies = replies.into_iter().collect();
        self.script
            .lock()
            .expect("no test panics here")
            .insert(request.to_owned(), replies);
    }

    /// The requests that began like this, each with its parameters.
    pub(crate) fn asked(&self, beginning: &str) -> Vec<String> {
        let asked = self.asked.lock().expect("no test panics here");
        asked
            .iter()
            .filter(|it| it.starts_with(beginning))
            .cloned()
            .collect()
    }
}

async fn converse(
    stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>,
    script: &Mutex<Script>,
    asked: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some((request, parameters)) = request(&mut stream).await? {
        asked
            .lock()
            .expect("no test panics here")
            .push(format!("{request} {parameters}").trim_end().to_owned());
        let reply = script
            .lock()
            .expect("no test panics here")
            .get_mut(&request)
            .and_then(|replies| {
                if replies.len() > 1 {
                    replies.pop_front()
                } else {
                    replies.front().cloned()
                }
            });
        let (status, reason, body) = match reply {
            Some(Reply::Data(data)) => (200, "OK", json!({ "data": data }).to_string()),
            Some(Reply::Failure(status, reason)) => {
                (status, reason, json!({"data": null}).to_string())
            }
            Some(Reply::Hangup) => return Ok(()),
            None => (501, "Method not implemented", String::new()),
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} {reason}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The method and path of the next request, and its query or form; none at the end.
async fn request(
    stream: &mut (impl AsyncBufReadExt + Unpin),
) -> io::Result<Option<(String, String)>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, target) = (
        words.next().expect("a method"),
        words.next().expect("a target"),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/api2/json").expect("the API");
    let (request, mut parameters) = (format!("{method} {path}"), query.to_owned());
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    parameters += std::str::from_utf8(&body).expect("a form");
    Ok(Some((request, parameters)))
}
