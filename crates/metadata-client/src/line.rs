//! One request and its reply.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metadata::{Failure, Key, Query};
use ureq::http::{HeaderMap, Response, StatusCode};
use ureq::unversioned::transport::{Connector, TcpConnector};
use ureq::{Agent, Body};

use crate::USER_AGENT;
use crate::address::Places;
use crate::failure::{self, Deadlines};
use crate::limits::Limits;
use crate::literal::LiteralFirst;
use crate::strict::StrictConnector;

/// What both ends send with everything they say.
const FLAVOR: (&str, &str) = ("Metadata-Flavor", "Google");

/// Where everything is below.
const ROOT: &str = "computeMetadata/v1";

/// Bytes of a reply's head, and so of the buffer that a connection keeps while it is open.
const HEAD: usize = 8 << 10;

/// Bytes that are sent at once: more than the longest line of a request.
const OUTPUT: usize = 4 << 10;

/// A value, and what tells it from an older one.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The value as it came: white space at its ends is the caller's business.
    pub value: String,
    /// The header `ETag`.
    pub etag: Option<String>,
}

/// Without the value: it may be a secret.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.value.len();
        write!(f, "Reply {{ {bytes} bytes, etag: {:?} }}", self.etag)
    }
}

/// What is asked of a key.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// A value, or with `recursive` a directory.
    Get(&'a Query),
    /// A value to keep.
    Put(&'a str),
}

/// A way to the metadata server, with at most one open connection.
#[derive(Clone)]
pub(crate) struct Line {
    places: Arc<Places>,
    limits: Limits,
    deadlines: Deadlines,
    agent: Agent,
    given_up: Arc<AtomicBool>,
}

impl Line {
    /// For requests that are answered at once.
    pub(crate) fn new(places: Arc<Places>, limits: Limits) -> Self {
        Self::with_whole(places, limits, limits.whole)
    }

    /// Another connection, for a hanging GET.
    pub(crate) fn hanging(&self) -> Self {
        let whole = self.limits.hang.saturating_add(self.limits.whole);
        Self::with_whole(Arc::clone(&self.places), self.limits, whole)
    }

    fn with_whole(places: Arc<Places>, limits: Limits, whole: Duration) -> Self {
        let deadlines = Deadlines {
            connect: limits.connect,
            body: limits.whole,
            whole,
        };
        Self {
            places,
            limits,
            deadlines,
            agent: agent(deadlines),
            given_up: Arc::default(),
        }
    }

    pub(crate) fn places(&self) -> &Arc<Places> {
        &self.places
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Ends the request that is under way, in whichever thread, and all later ones.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
        self.agent.clone().shutdown();
    }

    /// Asks the address that answered last, and another where nobody is there.
    pub(crate) fn ask(&self, key: &Key, ask: Ask<'_>) -> Result<Reply, Failure> {
        let mut first = None;
        for (place, authority) in self.places.in_turn() {
            let base = format!("http://{authority}");
            match self.ask_at(&base, key, ask) {
                Err(error) if failure::nobody_there(&error) && !self.has_given_up() => {
                    first.get_or_insert(error);
                }
                answered => {
                    self.places.remember(place);
                    return self.read(answered);
                }
            }
        }
        let nobody = first.unwrap_or(ureq::Error::ConnectionFailed);
        self.read(Err(nobody))
    }

    fn has_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// With one redirect to the same server, as a directory without its last slash gets one.
    fn ask_at(&self, base: &str, key: &Key, ask: Ask<'_>) -> Result<Response<Body>, ureq::Error> {
        let response = self.send(&format!("{base}{}", path(key, ask)), ask)?;
        match elsewhere(base, &response) {
            Some(path) => self.send(&format!("{base}{path}"), ask),
            None => Ok(response),
        }
    }

    fn send(&self, url: &str, ask: Ask<'_>) -> Result<Response<Body>, ureq::Error> {
        match ask {
            Ask::Get(_) => self.agent.get(url).header(FLAVOR.0, FLAVOR.1).call(),
            Ask::Put(value) => self.agent.put(url).header(FLAVOR.0, FLAVOR.1).send(value),
        }
    }

    fn read(&self, answered: Result<Response<Body>, ureq::Error>) -> Result<Reply, Failure> {
        let reply = match answered {
            Ok(response) => reply(response, self.limits.reply, self.deadlines),
            Err(error) => Err(failure::of(error, self.deadlines)),
        };
        match reply {
            _ if self.has_given_up() => Err(Failure::Cancelled),
            reply => reply,
        }
    }
}

/// No proxy, no TLS, no redirects, small buffers, one connection kept.
fn agent(deadlines: Deadlines) -> Agent {
    let config = Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(USER_AGENT)
        .max_response_header_size(HEAD - 1)
        .input_buffer_size(HEAD)
        .output_buffer_size(OUTPUT)
        .max_idle_connections(1)
        .max_idle_connections_per_host(1)
        .timeout_resolve(Some(deadlines.connect))
        .timeout_connect(Some(deadlines.connect))
        .timeout_recv_body(Some(deadlines.body))
        .timeout_global(Some(deadlines.whole))
        .build();
    let connector = ().chain(TcpConnector::default()).chain(StrictConnector);
    Agent::with_parts(config, connector, LiteralFirst::default())
}

fn path(key: &Key, ask: Ask<'_>) -> String {
    match ask {
        Ask::Get(query) if query.recursive => match key.as_str() {
            "" => format!("/{ROOT}/{query}"),
            directory => format!("/{ROOT}/{directory}/{query}"),
        },
        Ask::Get(query) => format!("/{ROOT}/{key}{query}"),
        Ask::Put(_) => format!("/{ROOT}/{key}"),
    }
}

/// Where a redirect on this server leads: a path below the root, with its query.
fn elsewhere(base: &str, response: &Response<Body>) -> Option<String> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get("location")?.to_str().ok()?;
    let path = location.strip_prefix(base).unwrap_or(location);
    let below = path.strip_prefix('/')?.strip_prefix(ROOT)?;
    below.starts_with('/').then(|| path.to_owned())
}

/// The body of a reply that is one.
fn reply(mut response: Response<Body>, limit: u64, deadlines: Deadlines) -> Result<Reply, Failure> {
    let status = response.status();
    if status != StatusCode::OK {
        return Err(Failure::Status(status.as_u16()));
    }
    if response
        .headers()
        .get(FLAVOR.0)
        .is_none_or(|flavor| flavor != FLAVOR.1)
    {
        let missing = format!("the header `{}: {}` is missing", FLAVOR.0, FLAVOR.1);
        return Err(Failure::Garbage(missing));
    }
    let etag = etag(response.headers())?;
    let value = body(response.body_mut(), limit, deadlines)?;
    Ok(Reply { value, etag })
}

fn etag(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get("etag") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok(etag) if etag.len() <= LONGEST_ETAG => Ok(Some(etag.to_owned())),
        _ => Err(Failure::Garbage("its ETag is none".to_owned())),
    }
}

/// Bytes of an etag: it comes back in a line of a request.
const LONGEST_ETAG: usize = 256;

fn body(body: &mut Body, limit: u64, deadlines: Deadlines) -> Result<String, Failure> {
    if body.content_length().is_some_and(|length| length > limit) {
        return Err(Failure::TooLarge(limit));
    }
    let mut bytes = Vec::new();
    let mut bounded = body.as_reader().take(limit.saturating_add(1));
    bounded
        .read_to_end(&mut bytes)
        .map_err(|error| failure::of(error.into(), deadlines))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::TooLarge(limit));
    }
    String::from_utf8(bytes).map_err(|_| Failure::Garbage("it is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\n\
        Content-Length: 2\r\nConnection: close\r\n\r\nup";

    /// Ends when nobody listens any more.
    fn answer_once(listener: TcpListener) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            // What is not read would reset the connection at its end.
            while !head.ends_with(b"\r\n\r\n") {
                let mut piece = [0; 4096];
                let count = stream.read(&mut piece).unwrap();
                assert!(count > 0, "half a request");
                head.extend_from_slice(&piece[..count]);
            }
            stream.write_all(ANSWER).unwrap();
        })
    }

    #[test]
    fn where_nobody_is_the_next_address_is_asked_and_remembered() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let open = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [&closed, &open].map(|place| place.local_addr().unwrap().to_string());
        drop(closed);
        let places = Places::among(&[&addresses[0], &addresses[1]]).unwrap();
        let line = Line::new(Arc::new(places), Limits::default());
        let server = answer_once(open);

        let query = Query::default();
        let reply = line.ask(&Key::stop_state(), Ask::Get(&query)).unwrap();
        assert_eq!(reply.value, "up");
        assert_eq!(line.places.in_turn().next().unwrap().0, 1);

        server.join().unwrap();
        let nobody = line.ask(&Key::stop_state(), Ask::Get(&query));
        assert_eq!(nobody, Err(Failure::Refused));
    }

    #[test]
    fn a_value_is_not_shown_in_a_log() {
        let value = "secret".to_owned();
        let reply = Reply {
            value,
            etag: Some("e".to_owned()),
        };
        assert_eq!(format!("{reply:?}"), "Reply { 6 bytes, etag: Some(\"e\") }");
    }
}
