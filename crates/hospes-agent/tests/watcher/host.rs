//! A metadata server as small as it can be.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// A test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const STOP_STATE: &str = "instance/shutdown-details/stop-state";

/// The server; it ends with the process.
#[derive(Clone)]
pub(crate) struct Host(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    values: BTreeMap<String, String>,
    revision: u64,
    /// Answers this instead of anything else.
    status: Option<u16>,
    /// Hangs as long as it takes.
    ignores_timeouts: bool,
    asked: Vec<String>,
    puts: Vec<(String, String)>,
}

impl Host {
    /// A server that has no value.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }));
        let accepting = host.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let host = accepting.clone();
                thread::spawn(move || host.serve(client));
            }
        });
        host
    }

    /// For `GCE_METADATA_HOST`.
    pub(crate) fn address(&self) -> String {
        self.0.address.to_string()
    }

    /// Sets values, all at once; an empty one is taken away.
    pub(crate) fn set(&self, values: &[(&str, &str)]) {
        self.change(|state| {
            for (key, value) in values {
                state.values.insert((*key).to_owned(), (*value).to_owned());
            }
            state.values.retain(|_, value| !value.is_empty());
            state.revision += 1;
        });
    }

    /// Announces a stop.
    pub(crate) fn announce(&self, request: &str, max: &str) {
        self.set(&[
            (STOP_STATE, "PENDING_STOP"),
            ("instance/shutdown-details/request-timestamp", request),
            ("instance/shutdown-details/max-duration", max),
        ]);
    }

    /// Takes it back.
    pub(crate) fn cancel(&self) {
        self.set(&[
            (STOP_STATE, "NONE"),
            ("instance/shutdown-details/request-timestamp", ""),
            ("instance/shutdown-details/max-duration", ""),
        ]);
    }

    /// Answers this status to everything, or not any more.
    pub(crate) fn fail_with(&self, status: Option<u16>) {
        self.change(|state| state.status = status);
    }

    /// Hangs as long as nothing changes, whatever the client asks for.
    pub(crate) fn ignore_timeouts(&self) {
        self.change(|state| state.ignores_timeouts = true);
    }

    /// The targets that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    /// What guests wrote.
    pub(crate) fn puts(&self) -> Vec<(String, String)> {
        self.lock().puts.clone()
    }

    /// Waits until so many requests have been made.
    pub(crate) fn wait_until_asked(&self, count: usize) {
        self.wait(|state| state.asked.len() >= count);
    }

    /// Waits until so many values were written.
    pub(crate) fn wait_until_put(&self, count: usize) {
        self.wait(|state| state.puts.len() >= count);
    }

    fn wait(&self, is_so: impl Fn(&State) -> bool) {
        let state = self.lock();
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !is_so(state));
        let (state, timeout) = waited.unwrap();
        assert!(!timeout.timed_out(), "{:?}, {:?}", state.asked, state.puts);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.0.changed.notify_all();
    }

    fn serve(&self, client: TcpStream) {
        let mut writer = client.try_clone().unwrap();
        let mut reader = BufReader::new(client);
        while let Some((method, target, body)) = request(&mut reader) {
            self.change(|state| state.asked.push(target.clone()));
            let path = target
                .strip_prefix("/computeMetadata/v1/")
                .unwrap_or(&target);
            let (key, query) = path.split_once('?').unwrap_or((path, ""));
            let key = key.trim_matches('/');
            let (status, etag, body) = match method.as_str() {
                "PUT" => self.put(key, &body),
                _ => self.get(key, query),
            };
            let head = format!(
                "HTTP/1.1 {status} x\r\nMetadata-Flavor: Google\r\nETag: {etag}\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            if writer.write_all((head + &body).as_bytes()).is_err() {
                return;
            }
        }
    }

    fn put(&self, key: &str, body: &str) -> (u16, u64, String) {
        let status = self.lock().status;
        if let Some(status) = status {
            return (status, 0, String::new());
        }
        self.change(|state| state.puts.push((key.to_owned(), body.to_owned())));
        (200, 0, String::new())
    }

    fn get(&self, key: &str, query: &str) -> (u16, u64, String) {
        let parameter = |name: &str| {
            let mut all = query.split('&').filter_map(|one| one.split_once('='));
            all.find_map(|(key, value)| (key == name).then_some(value))
        };
        let mut state = self.lock();
        let began = Instant::now();
        let hang = parameter("timeout_sec").and_then(|text| text.parse().ok());
        let hang = hang.map_or(PATIENCE, Duration::from_secs);
        while state.status.is_none()
            && state.values.contains_key(key)
            && parameter("last_etag") == Some(&state.revision.to_string())
            && (state.ignores_timeouts || began.elapsed() < hang)
        {
            let tick = Duration::from_millis(50);
            state = self.0.changed.wait_timeout(state, tick).unwrap().0;
        }
        let revision = state.revision;
        match state.status {
            Some(status) => (status, revision, String::new()),
            None if parameter("recursive").is_some() => (200, revision, directory(&state, key)),
            None => match state.values.get(key) {
                Some(value) => (200, revision, value.clone()),
                None => (404, revision, String::new()),
            },
        }
    }
}

fn directory(state: &State, key: &str) -> String {
    let below = format!("{key}/");
    let values = state.values.iter();
    let members = values.filter_map(|(key, value)| Some((key.strip_prefix(&below)?, value)));
    serde_json::to_string(&members.collect::<BTreeMap<_, _>>()).unwrap()
}

/// Method, target and body of the next request.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, String, String)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let mut words = head.first()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body).ok()?;
    Some((method, target, String::from_utf8(body).ok()?))
}
