//! A server that speaks TLS and as much HTTP as the client needs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::CertifiedKey;
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate of a server.
pub(crate) struct Identity {
    config: Arc<ServerConfig>,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) pem: String,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let names = ["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let der = cert.der().clone();
        let fingerprint = digest(&SHA256, &der).as_ref().try_into().unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der], key)
            .unwrap();
        Self {
            config: Arc::new(config),
            fingerprint,
            pem: cert.pem(),
        }
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// Method and path below `/api2/json`, without the query.
    pub(crate) fn line(&self) -> String {
        let path = self.path.split('?').next().unwrap();
        let path = path.strip_prefix("/api2/json").unwrap();
        format!("{} {path}", self.method)
    }

    /// The parameters of the query, or of the form.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let text = format!("{query}&{}", self.body);
        form_urlencoded::parse(text.as_bytes())
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .filter(|(key, _)| !key.is_empty())
            .collect()
    }
}

/// How the server reacts.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// With a status line's rest (`200 OK`) and a body.
    Answer(String, String),
    /// The same after a while.
    Later(Duration, String, String),
    /// With the end of the connection.
    Cut,
    /// With the beginning of an answer, then the end of the connection.
    Half,
    /// With nothing.
    Hang,
    /// With a body that has no end.
    Endless,
}

impl Reply {
    pub(crate) fn data(data: &str) -> Self {
        Self::Answer("200 OK".to_owned(), format!(r#"{{"data":{data}}}"#))
    }

    pub(crate) fn status(line: &str) -> Self {
        Self::Answer(line.to_owned(), String::new())
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server, until it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Server {
    pub(crate) async fn start(
        identity: &Identity,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = listener.await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::clone(&identity.config));
        let seen = Arc::new(Seen::default());
        let handler: Arc<Handler> = Arc::new(handler);
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&seen), handler));
        Self { port, seen, task }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// The most requests that were being answered at once.
    pub(crate) fn most_in_flight(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    seen: Arc<Seen>,
    handler: Arc<Handler>,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        let handler = Arc::clone(&handler);
        tokio::spawn(async move {
            // A client that does not like the certificate ends the handshake.
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(serve(stream, &seen, &*handler).await);
            }
        });
    }
}

async fn serve(
    stream: TlsStream<TcpStream>,
    seen: &Seen,
    handler: &Handler,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        seen.requests.lock().unwrap().push(request.clone());
        let now = seen.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(now, Ordering::SeqCst);
        let goes_on = reply(&mut stream, handler(&request), &seen.in_flight).await;
        if !goes_on? {
            break;
        }
    }
    stream.shutdown().await
}

async fn reply(
    stream: &mut BufReader<TlsStream<TcpStream>>,
    reply: Reply,
    in_flight: &AtomicUsize,
) -> std::io::Result<bool> {
    if let Reply::Later(wait, ..) = &reply {
        tokio::time::sleep(*wait).await;
    }
    in_flight.fetch_sub(1, Ordering::SeqCst);
    match reply {
        Reply::Answer(status, body) | Reply::Later(_, status, body) => {
            let length = body.len();
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await?;
            stream.flush().await?;
            Ok(true)
        }
        Reply::Cut => Ok(false),
        Reply::Half => {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":";
            stream.write_all(answer).await?;
            stream.flush().await?;
            Ok(false)
        }
        Reply::Hang => {
            // Until the client leaves.
            drop(stream.read_u8().await);
            Ok(false)
        }
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            loop {
                stream.write_all(&[b' '; 65_536]).await?;
            }
        }
    }
}

async fn read(stream: &mut BufReader<TlsStream<TcpStream>>) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |it| it.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request {
        method,
        path,
        headers,
        body: String::from_utf8(body).unwrap(),
    }))
}
