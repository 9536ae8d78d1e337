//! What a server answers to the guest's client. The first line is how: a byte for what is asked,
//! then the lengths of the pieces, in turn. Then the answers, one for each request, with
//! `ff` between them.
#![no_main]

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use metadata_client::{Client, DownloadLimits, Downloader, Limits, Reply};

const LIMITS: Limits = Limits {
    connect: Duration::from_millis(200),
    whole: Duration::from_millis(100),
    hang: Duration::ZERO,
    reply: 64,
};
const DOWNLOAD: DownloadLimits = DownloadLimits {
    connect: Duration::from_millis(200),
    stall: Duration::from_millis(100),
    whole: Duration::from_millis(200),
    size: 64,
    tries: 2,
    pause: Duration::from_micros(10),
};
/// A flag of what is asked: a connection stays open for the next request.
const KEEPS: u8 = 8;
const BETWEEN: u8 = 0xff;
/// Shorter than the client's deadlines: who waits for the rest of an answer gets the end.
const WAITS: Duration = Duration::from_millis(2);
/// A host that there is not: it is asked through a proxy, which is this server.
const HOST: &str = "h.example";
/// What no error may show, and no other server may see.
const SECRET: &str = "S3CR";
/// How TLS begins.
const TLS: u8 = 0x16;
/// Two tries, eleven servers each, a proxy's `CONNECT` and the TLS in it.
const MOST_REQUESTS: usize = 2 * 11 * 2;

static LISTENER: LazyLock<TcpListener> =
    LazyLock::new(|| TcpListener::bind("127.0.0.1:0").expect("a port"));
static FILE: LazyLock<File> = LazyLock::new(|| tempfile::tempfile().expect("a file"));

fuzz_target!(
    init: be_the_proxy(),
    |bytes: &[u8]| {
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let (Some([asked, cuts @ ..]), Some(answers)) = (parts.next(), parts.next()) else {
            return;
        };
        if !leads_nowhere_else(answers) {
            return;
        }
        let server = Server {
            answers: answers.split(|byte| *byte == BETWEEN).collect(),
            cuts,
            keeps: asked & KEEPS != 0,
            first: match asked & 7 {
                5 | 6 => HOST.to_owned(),
                _ => address().to_string(),
            },
            is_over: AtomicBool::new(false),
        };
        thread::scope(|scope| {
            scope.spawn(|| server.run());
            ask(asked & 7, &server.first);
            server.is_over.store(true, Ordering::SeqCst);
            // So that it looks.
            let _ = TcpStream::connect(address());
        });
    }
);

fn address() -> SocketAddr {
    LISTENER.local_addr().expect("an address")
}

fn be_the_proxy() {
    let proxy = format!("http://{}", address());
    // Any will do: what comes is never signed.
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/ca.pem");
    // SAFETY: no other thread runs yet.
    unsafe {
        std::env::set_var("http_proxy", &proxy);
        std::env::set_var("https_proxy", &proxy);
        std::env::set_var("SSL_CERT_FILE", authority);
        for name in ["no_proxy", "NO_PROXY", "SSL_CERT_DIR"] {
            std::env::remove_var(name);
        }
    }
}

/// No redirect may lead to a server that is real.
fn leads_nowhere_else(answers: &[u8]) -> bool {
    let text: Vec<u8> = answers
        .iter()
        .copied()
        .filter(|byte| *byte != BETWEEN)
        .collect();
    let host = format!("//{HOST}/");
    let places = text.windows(2).enumerate();
    places
        .filter(|(_, two)| *two == b"//")
        .all(|(place, _)| text[place..].starts_with(host.as_bytes()))
}

fn ask(what: u8, server: &str) {
    if what >= 4 {
        let scheme = if what == 6 { "https" } else { "http" };
        return fetch(&format!("{scheme}://{server}/a/b?{SECRET}"));
    }
    let client = Client::at(server).expect("an address").with_limits(LIMITS);
    let key = "instance/attributes/a".parse().expect("a key");
    match what {
        0 => {
            let _ = client.get(&key).map(check).map_err(|error| told(&error));
        }
        1 => {
            let value = client
                .get_recursive(&key)
                .map_err(|error| told(&error))
                .ok();
            assert!(value.is_none_or(|value| value.to_string().len() <= 8 * 64));
        }
        2 => {
            let _ = client.put(&key, SECRET).map_err(|error| told(&error));
        }
        _ => {
            let mut watch = client.watch_key(key);
            for _ in 0..2 {
                let _ = watch.next_reply().map(check).map_err(|error| told(&error));
            }
        }
    }
}

fn check(reply: Reply) {
    assert!(reply.value.len() as u64 <= LIMITS.reply);
    assert!(reply.etag.as_ref().is_none_or(|etag| etag.len() <= 256));
    assert!(!format!("{reply:?}").contains(SECRET));
}

/// One line, which shows no values.
fn told(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(
        text.len() < 1024 && !text.contains(char::is_control),
        "{text:?}"
    );
    assert!(!text.contains(SECRET), "{text}");
}

fn fetch(url: &str) {
    let mut file = FILE.try_clone().expect("a file");
    file.set_len(0).expect("an empty file");
    let headers = [("x-key", SECRET)];
    let fetched = Downloader::new(DOWNLOAD).fetch(url, &headers, &mut file);
    let length = file.metadata().expect("a length").len();
    match fetched {
        Ok(fetched) => assert_eq!(fetched, length),
        Err(error) => {
            let text = error.to_string();
            assert!(
                text.len() < 1024 && !text.contains(char::is_control),
                "{text:?}"
            );
        }
    }
    assert!(length <= DOWNLOAD.size);
}

struct Server<'a> {
    answers: Vec<&'a [u8]>,
    cuts: &'a [u8],
    keeps: bool,
    /// Whom the client means to ask.
    first: String,
    is_over: AtomicBool,
}

impl Server<'_> {
    fn run(&self) {
        let mut requests = 0;
        loop {
            let (stream, _) = LISTENER.accept().expect("a connection");
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            // An error: the client has had enough.
            let _ = self.serve(stream, &mut requests);
        }
    }

    fn serve(&self, mut stream: TcpStream, requests: &mut usize) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(WAITS))?;
        while let Some(request) = read_request(&mut stream)? {
            self.check(&request);
            let answer = self.answers.get(*requests).copied().unwrap_or_default();
            *requests += 1;
            assert!(*requests <= MOST_REQUESTS);
            let mut rest = answer;
            let mut cuts = self.cuts.iter().cycle();
            while !rest.is_empty() {
                let cut = cuts.next().map_or(rest.len(), |cut| usize::from(*cut));
                let (piece, next) = rest.split_at(cut.clamp(1, rest.len()));
                stream.write_all(piece)?;
                rest = next;
            }
            let is_tunnel = request.starts_with(b"CONNECT ");
            if *requests >= self.answers.len() || !(self.keeps || is_tunnel) {
                break;
            }
        }
        stream.shutdown(Shutdown::Write)?;
        // What is still on its way would turn the end into a break.
        while stream.read(&mut [0; 1024])? > 0 {}
        Ok(())
    }

    /// What was answered before must not show in the form of a request, nor the key elsewhere.
    fn check(&self, request: &[u8]) {
        if request.starts_with(&[TLS]) {
            return;
        }
        let text = str::from_utf8(request).expect("text");
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.split("\r\n");
        assert!(
            lines.clone().all(|line| !line.contains(char::is_control)),
            "{head:?}"
        );
        let first = lines.next().unwrap_or_default();
        assert_eq!(first.split(' ').count(), 3, "{first}");
        let value = |name: &str| {
            let mut headers = lines.clone().filter_map(|line| line.split_once(": "));
            let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        };
        if value("metadata-flavor").is_some() {
            let (_, target) = first.split_once(' ').unwrap_or_default();
            assert!(target.starts_with("/computeMetadata/v1/"), "{first}");
        }
        let is_plain = !first.starts_with("CONNECT ");
        assert!(
            value("x-key").is_none() || (is_plain && value("host") == Some(&self.first)),
            "{head}"
        );
    }
}

/// A head and its body, or a record of TLS; nothing at the end, and when the client waits.
fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let mut block = [0; 4096];
    loop {
        let count = match stream.read(&mut block) {
            Ok(0) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return Ok(None),
            read => read?,
        };
        request.extend_from_slice(&block[..count]);
        let is_put = request.starts_with(b"PUT ");
        let end = if is_put { SECRET } else { "" };
        let end = format!("\r\n\r\n{end}");
        if request.starts_with(&[TLS]) || request.ends_with(end.as_bytes()) {
            return Ok(Some(request));
        }
    }
}
