//! What a guest sends to the metadata service: a line for each request, with its target; `PUT` and
//! the body in the next line; other words in front for what else a request can have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use metadata::Query;
use metadata::control::{Change, Scope};
use metadata::server::{Method, Reply, Request, Response, Service};
use two_guests::{LIMITS, SECRET, service};

mod two_guests;

fuzz_target!(|bytes: &[u8]| {
    let mut service = service();
    let mut lines = bytes.split(|byte| *byte == b'\n');
    while let Some(line) = lines.next() {
        let (words, target) = flags(line);
        let Ok(target) = str::from_utf8(target) else {
            continue;
        };
        let method = match words {
            words if words & 1 != 0 => Method::Put,
            words if words & 2 != 0 => Method::Other,
            _ => Method::Get,
        };
        let request = Request {
            method,
            target,
            flavor: (words & 4 == 0).then_some(b"Google"),
            forwarded: words & 8 != 0,
            body: match method {
                Method::Put => lines.next().unwrap_or_default(),
                Method::Get | Method::Other => b"",
            },
        };
        query_is_read_again(target);
        match service.answer("web", &request) {
            Response::Now(reply) => {
                check(&reply);
                assert!(reply.status != 200 || words & 8 == 0, "{target}");
                assert!(reply.status == 403 || words & 4 == 0 || reply.etag.is_none());
            }
            Response::Hang(hang) => {
                assert_eq!(method, Method::Get);
                assert!(hang.recheck(&service).is_none(), "nothing has changed");
                assert!(
                    hang.timeout()
                        .is_none_or(|time| time <= LIMITS.longest_wait)
                );
                let reply = hang.timed_out(&service);
                assert_eq!(reply.status, 200);
                check(&reply);
            }
            Response::Put(change) => put(&mut service, change),
        }
    }
    within_limits(&service);
});

/// Words in front of a target, as bits.
fn flags(mut line: &[u8]) -> (u8, &[u8]) {
    let mut found = 0;
    for (word, bit) in [("PUT ", 1), ("POST ", 2), ("plain ", 4), ("proxy ", 8)] {
        if let Some(rest) = line.strip_prefix(word.as_bytes()) {
            (line, found) = (rest, found | bit);
        }
    }
    (found, line)
}

fn query_is_read_again(target: &str) {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    match Query::parse(query) {
        Ok(query) => {
            let written = query.to_string();
            assert_eq!(Query::parse(written.trim_start_matches('?')), Ok(query));
        }
        Err(error) => assert!(error.to_string().len() < 1024),
    }
}

/// What may be sent as it is.
fn check(reply: &Reply) {
    assert!(matches!(
        reply.status,
        200 | 301 | 400 | 403 | 404 | 405 | 413
    ));
    assert!(!reply.body.contains(SECRET));
    let headers = [&reply.etag, &reply.location].into_iter().flatten();
    for header in headers {
        assert!(
            header.bytes().all(|byte| byte.is_ascii_graphic()),
            "{header}"
        );
    }
    if let Some(location) = &reply.location {
        assert!(location.starts_with("/computeMetadata/"), "{location}");
    }
    if reply.content_type == "application/json" {
        serde_json::from_str::<serde_json::Value>(&reply.body).expect("JSON");
    }
}

fn put(service: &mut Service, change: Change) {
    assert!(
        change
            .key
            .as_str()
            .starts_with("instance/guest-attributes/")
    );
    let (key, value) = (change.key.clone(), change.value.clone());
    let scope = Scope::Guest("web".to_owned());
    for record in service.plan(&scope, &[change]).expect("as it was answered") {
        service.restore(record);
    }
    let target = format!("/computeMetadata/v1/{key}");
    let request = Request {
        method: Method::Get,
        target: &target,
        flavor: Some(b"Google"),
        forwarded: false,
        body: b"",
    };
    let Response::Now(reply) = service.answer("web", &request) else {
        panic!("no answer");
    };
    assert_eq!(Some(reply.body), value);
}

fn within_limits(service: &Service) {
    let scope = Scope::Guest("web".to_owned());
    let directory = "instance/guest-attributes".parse().expect("a key");
    let values = service.values(&scope, &directory);
    let bytes: usize = values
        .iter()
        .map(|(key, value)| key.as_str().len() + value.len())
        .sum();
    assert!(values.len() <= LIMITS.guest_attributes && bytes <= LIMITS.guest_attributes_bytes);
}
