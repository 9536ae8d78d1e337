//! Downloads without TLS.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use metadata_client::{DownloadError, DownloadFailure, DownloadLimits, Downloader};

use crate::server::{Seen, Server, say};

const SOON: Duration = Duration::from_secs(30);

const SIZE: u64 = 100_000;

const HASTY: DownloadLimits = DownloadLimits {
    connect: Duration::from_secs(5),
    stall: Duration::from_secs(3),
    whole: Duration::from_secs(20),
    size: SIZE,
    tries: 3,
    pause: Duration::from_millis(1),
};

fn fetch(url: &str, headers: &[(&str, &str)]) -> Result<String, DownloadError> {
    let mut file = tempfile::tempfile().unwrap();
    // What an older try, or somebody else, left.
    file.write_all(&[b'#'; 200]).unwrap();
    let length = Downloader::new(HASTY).fetch(url, headers, &mut file)?;
    let text = contents(&mut file);
    assert_eq!(text.len() as u64, length);
    Ok(text)
}

fn contents(file: &mut File) -> String {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

fn reason(url: &str) -> DownloadFailure {
    fetch(url, &[]).unwrap_err().reason
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn what_is_there_is_written_from_the_beginning_of_the_file() {
    let table = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n#!/bin/sh\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n#!/b\r\n6\r\nin/sh\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 ok\r\n\r\n#!/bin/sh\n",
        // What follows a body belongs to nobody.
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n#!/bin/sh\nrm -rf",
    ];
    for said in table {
        let server = Server::new(move |_, stream| {
            say(stream, said);
            false
        });
        let url = format!("http://{}/a/script.sh?sig=1", server.host());
        assert_eq!(fetch(&url, &[]).unwrap(), "#!/bin/sh\n", "{said}");
        assert_eq!(server.seen()[0].line(), "GET /a/script.sh?sig=1 HTTP/1.1");
    }
}

#[test]
fn what_broke_off_is_fetched_again_into_an_emptied_file() {
    let halves = [
        "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nhalf of a longer script",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\nhalf of a longer script\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\nhalf of a lon",
    ];
    for half in halves {
        let server = Server::new(move |seen, stream| {
            let whole = ok("short");
            say(stream, if seen.connection < 2 { half } else { &whole });
            false
        });
        let url = format!("http://{}/", server.host());
        assert_eq!(fetch(&url, &[]).unwrap(), "short");
        assert_eq!(server.seen().len(), 3);

        let never = Server::new(move |_, stream| {
            say(stream, half);
            false
        });
        let url = format!("http://{}/", never.host());
        assert!(matches!(reason(&url), DownloadFailure::BrokenOff(_)));
        assert_eq!(never.seen().len(), 3, "tries are bounded");
    }
}

#[test]
fn a_reset_is_no_end_of_a_body_without_length() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0]).unwrap();
            say(&mut stream, "HTTP/1.0 200 OK\r\n\r\nhalf");
            thread::sleep(Duration::from_millis(200));
            // Bytes that nobody has read make this close a reset.
        }
    });
    assert_eq!(reason(&url), DownloadFailure::BrokenOff(4));
}

#[test]
fn what_passes_is_tried_again_and_what_stays_is_not() {
    for (status, tries) in [
        (503, 3),
        (500, 3),
        (429, 3),
        (408, 3),
        (404, 1),
        (403, 1),
        (206, 1),
    ] {
        let server = Server::new(move |_, stream| {
            say(
                stream,
                format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n"),
            );
            false
        });
        let url = format!("http://{}/", server.host());
        assert_eq!(reason(&url), DownloadFailure::Status(status));
        assert_eq!(server.seen().len(), tries, "{status}");
    }
}

#[test]
fn nobody_there_garbage_and_silence_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let refused = reason(&format!("http://{closed}/"));
    let DownloadFailure::Unreachable(peer, why) = &refused else {
        panic!("{refused:?}");
    };
    assert_eq!(peer, "127.0.0.1");
    assert!(why.contains("refused"), "{why}");

    let garbage = Server::new(|_, stream| {
        say(stream, "220 mail.example ESMTP\r\n\r\n");
        false
    });
    let found = reason(&format!("http://{}/", garbage.host()));
    assert!(matches!(found, DownloadFailure::Garbage(_)), "{found:?}");

    let silent = Server::new(|_, stream| {
        say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n#!/b");
        thread::sleep(2 * SOON);
        false
    });
    let began = Instant::now();
    let found = reason(&format!("http://{}/", silent.host()));
    assert_eq!(found, DownloadFailure::TimedOut(HASTY.stall));
    assert!(began.elapsed() < SOON);
}

#[test]
fn no_more_bytes_come_than_allowed() {
    let announced = Server::new(|_, stream| say(stream, ok(&"x".repeat(100_001))));
    let endless = Server::new(|_, stream| {
        say(stream, "HTTP/1.0 200 OK\r\n\r\n");
        while say(stream, [b'x'; 64]) {}
        false
    });
    for server in [announced, endless] {
        let url = format!("http://{}/", server.host());
        assert_eq!(reason(&url), DownloadFailure::TooLarge(SIZE));
        assert_eq!(server.seen().len(), 1);
    }
    let just = Server::new(|_, stream| say(stream, ok(&"x".repeat(100_000))));
    assert_eq!(
        fetch(&format!("http://{}/", just.host()), &[])
            .unwrap()
            .len(),
        100_000
    );
}

#[test]
fn headers_go_to_the_first_server_only() {
    let other = Server::new(|_, stream| say(stream, ok("from the other")));
    let target = format!("http://{}/there", other.host());
    let first = Server::new(move |seen, stream| match seen.line() {
        "GET /same HTTP/1.1" => say(stream, redirect("end")),
        "GET /end HTTP/1.1" => say(stream, ok("from here")),
        _ => say(stream, redirect(&target)),
    });
    let headers = [("Authorization", "Bearer token")];
    let asked = |path: &str| fetch(&format!("http://{}{path}", first.host()), &headers).unwrap();
    assert_eq!(asked("/same"), "from here");
    assert_eq!(asked("/away"), "from the other");
    let token = |seen: &Seen| seen.header("authorization").map(str::to_owned);
    assert!(
        first
            .seen()
            .iter()
            .all(|seen| token(seen).as_deref() == Some("Bearer token"))
    );
    assert_eq!(token(&other.seen()[0]), None);
    assert_eq!(other.seen()[0].line(), "GET /there HTTP/1.1");
}

fn redirect(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn redirects_have_an_end() {
    let circle = Server::new(|_, stream| say(stream, redirect("/again")));
    let found = reason(&format!("http://{}/", circle.host()));
    assert!(matches!(found, DownloadFailure::Redirect(_)), "{found:?}");
    assert_eq!(circle.seen().len(), 11);
    for nowhere in ["file:///etc/passwd", "gs://bucket/object", "http://"] {
        let server = Server::new(move |_, stream| say(stream, redirect(nowhere)));
        let found = reason(&format!("http://{}/", server.host()));
        assert_eq!(found, DownloadFailure::Redirect("to nowhere"), "{nowhere}");
    }
}

#[test]
fn an_error_is_one_line_without_secrets() {
    let server = Server::new(|seen, stream| match seen.line().contains("/go?") {
        true => say(stream, redirect("/gone?token=hidden")),
        false => say(stream, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"),
    });
    let host = server.host();
    let told = |url: String| {
        fetch(&url, &[("authorization", "hidden")])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        told(format!(
            "http://user:hidden@{host}/a?X-Goog-Signature=hidden"
        )),
        format!("http://{host}/a cannot be downloaded: the server answers 404")
    );
    assert_eq!(
        told(format!("http://{host}/go?hidden")),
        format!(
            "http://{host}/gone (by way of http://{host}/go) cannot be downloaded: the server answers 404"
        )
    );
    let none = told("hidden: is this a URL?".to_owned());
    assert!(!none.contains("hidden") && !none.contains('\n'), "{none}");
}

/// Not a test of its own: what others run in another process, whose environment is theirs.
#[test]
#[ignore = "run by the tests of proxies and certificates"]
fn child_downloads_the_url_of_its_environment() {
    let url = std::env::var("URL").unwrap();
    let said = match fetch(&url, &[]) {
        Ok(text) => format!("<{text}>"),
        Err(error) => format!("<{error}>"),
    };
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

/// What the child says that has this environment, and of the variables that matter no other.
pub(crate) fn said_by_child(url: &str, environment: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let name = "download::child_downloads_the_url_of_its_environment";
    child.args(["--ignored", "--exact", "--nocapture", name]);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        child.env_remove(name).env_remove(name.to_uppercase());
    }
    child.env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
    let output = child
        .env("URL", url)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let (_, rest) = said.split_once('<').unwrap_or_else(|| panic!("{said}"));
    rest.rsplit_once('>').unwrap().0.to_owned()
}

#[test]
fn the_proxy_of_the_environment_is_asked_and_no_name_is_looked_up() {
    let proxy = Server::new(|_, stream| say(stream, ok("by proxy")));
    let url = "http://u:p@script.invalid:81/a?b=1";
    let address = format!("http://me:secret@{}", proxy.host());
    assert_eq!(said_by_child(url, &[("http_proxy", &address)]), "by proxy");
    let seen = &proxy.seen()[0];
    assert_eq!(seen.line(), "GET http://script.invalid:81/a?b=1 HTTP/1.1");
    assert_eq!(seen.header("host"), Some("script.invalid:81"));
    assert_eq!(
        seen.header("proxy-authorization"),
        Some("Basic bWU6c2VjcmV0")
    );
    assert_eq!(seen.header("authorization"), Some("Basic dTpw"));

    let near = Server::new(|_, stream| say(stream, ok("direct")));
    let url = format!("http://{}/", near.host());
    assert_eq!(said_by_child(&url, &[("http_proxy", &address)]), "direct");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let environment = [("http_proxy", "http://me:secret@127.0.0.1:1")];
    let said = said_by_child("http://script.invalid/?sig=hidden", &environment);
    assert!(
        said.contains("no connection to the proxy 127.0.0.1:1"),
        "{said}"
    );
    assert!(
        !said.contains("secret") && !said.contains("hidden"),
        "{said}"
    );
}
