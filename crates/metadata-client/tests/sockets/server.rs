//! A small HTTP server whose every byte is the test's.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Which connection, from 0.
    pub(crate) connection: usize,
    /// Its lines up to the empty one, names of headers in small letters.
    pub(crate) head: Vec<String>,
    /// What followed.
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn line(&self) -> &str {
        &self.head[0]
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head[1..]
            .iter()
            .filter_map(|line| line.split_once(": "));
        headers
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// Listens until the test process ends.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Each request is answered by what `answer` writes; when it gives `false`, the connection is
    /// closed.
    pub(crate) fn start(
        at: &str,
        answer: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Option<Self> {
        let listener = TcpListener::bind(at).ok()?;
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                thread::spawn(move || serve(connection, stream.unwrap(), &all, &*answer));
            }
        });
        Some(Self { address, seen })
    }

    /// On an IPv4 address.
    pub(crate) fn new(
        answer: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::start("127.0.0.1:0", answer).unwrap()
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    connection: usize,
    mut stream: TcpStream,
    all: &Mutex<Vec<Seen>>,
    answer: &dyn Fn(&Seen, &mut TcpStream) -> bool,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(seen) = request(connection, &mut reader) {
        all.lock().unwrap().push(seen.clone());
        if !answer(&seen, &mut stream) {
            return;
        }
    }
}

fn request(connection: usize, reader: &mut impl BufRead) -> Option<Seen> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(small_name(line, head.is_empty())),
        }
    }
    let mut seen = Seen {
        connection,
        head,
        body: String::new(),
    };
    let length = seen
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    reader.take(length).read_to_string(&mut seen.body).ok()?;
    Some(seen)
}

fn small_name(line: &str, is_first: bool) -> String {
    match line.split_once(": ") {
        Some((name, value)) if !is_first => format!("{}: {value}", name.to_lowercase()),
        _ => line.to_owned(),
    }
}

/// A whole reply of a metadata server.
pub(crate) fn reply(etag: &str, value: &str) -> Vec<u8> {
    let length = value.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nETag: {etag}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), value.as_bytes()].concat()
}

/// Writes to a client that may have gone.
pub(crate) fn say(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) -> bool {
    stream.write_all(bytes.as_ref()).is_ok()
}
