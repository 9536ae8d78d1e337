//! A metadata server that says what a test wants, and web pages beside it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

const ROOT: &str = "/computeMetadata/v1/";

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Page {
    Text(String),
    Status(u16),
    /// The beginning of a longer text; then the connection breaks off.
    BrokenOff(String),
    /// Nothing, for a long time.
    Silence,
}

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without the root of metadata, without slashes at its ends, without its query.
    pub(crate) path: String,
    /// In lower case, a line each.
    pub(crate) head: String,
    pub(crate) body: String,
}

/// It listens as long as the tests run.
pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Of several pages each is answered once, the last for ever.
    pages: BTreeMap<String, Vec<Page>>,
    asked: Vec<Asked>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0").unwrap()
    }

    pub(crate) fn start_at(address: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let server = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
        };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // Whoever asks may hang up.
                thread::spawn(move || drop(serve(stream, &state)));
            }
        });
        server.instance(&Value::Object(serde_json::Map::new()));
        server.project(&Value::Object(serde_json::Map::new()));
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn instance(&self, attributes: &Value) {
        self.page("instance/attributes", &[Page::Text(attributes.to_string())]);
    }

    pub(crate) fn project(&self, attributes: &Value) {
        self.page("project/attributes", &[Page::Text(attributes.to_string())]);
    }

    pub(crate) fn page(&self, path: &str, pages: &[Page]) {
        let mut state = self.state.lock().unwrap();
        state.pages.insert(path.to_owned(), pages.to_vec());
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The paths that were asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        let asked = self.asked().into_iter();
        asked.map(|asked| asked.path).collect()
    }

    /// What the guest has put.
    pub(crate) fn put(&self) -> Vec<Asked> {
        let asked = self.asked().into_iter();
        asked.filter(|asked| asked.method == "PUT").collect()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let asked = read(&mut reader)?;
    let page = answer(&asked, state);
    let mut stream = stream;
    let head = |status: u16, length: usize| {
        format!(
            "HTTP/1.1 {status} OK\r\nMetadata-Flavor: Google\r\nETag: 1\r\nConnection: close\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    };
    match page {
        Page::Text(text) => {
            stream.write_all(head(200, text.len()).as_bytes())?;
            stream.write_all(text.as_bytes())
        }
        Page::Status(status) => stream.write_all(head(status, 0).as_bytes()),
        Page::BrokenOff(text) => {
            stream.write_all(head(200, text.len() + 100).as_bytes())?;
            stream.write_all(text.as_bytes())
        }
        Page::Silence => {
            thread::sleep(Duration::from_secs(120));
            Ok(())
        }
    }
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Asked> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix(ROOT).unwrap_or(path);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && head != "\r\n" {
        if reader.read_line(&mut head)? == 0 {
            break;
        }
    }
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked {
        method,
        path: path.trim_matches('/').to_owned(),
        head,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn answer(asked: &Asked, state: &Mutex<State>) -> Page {
    let mut state = state.lock().unwrap();
    state.asked.push(asked.clone());
    if asked.method == "PUT" {
        return Page::Text(String::new());
    }
    match state.pages.get_mut(&asked.path) {
        Some(pages) if pages.len() > 1 => pages.remove(0),
        Some(pages) => pages[0].clone(),
        None => Page::Status(404),
    }
}
