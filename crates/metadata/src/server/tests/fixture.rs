//! A service with two guests, and what they and the operator say to it.

use crate::Key;
use crate::control::{Change, Record, Scope};
use crate::server::{
    ChangeError, GuestFacts, Hang, Interface, Limits, Method, Reply, Request, Response, Service,
};

const STORE: u32 = 0xab;

pub(super) fn key(text: &str) -> Key {
    text.parse().unwrap()
}

pub(super) fn guest(name: &str) -> Scope {
    Scope::Guest(name.to_owned())
}

/// Two guests: `web` with an interface, `db` without.
pub(super) fn service() -> Service {
    service_with(Limits::default())
}

pub(super) fn service_with(limits: Limits) -> Service {
    let mut service = Service::new(STORE, limits);
    let interface = Interface {
        mac: "52:54:00:12:34:56".to_owned(),
        ip: Some("10.0.2.15".to_owned()),
    };
    let web = GuestFacts {
        id: 4711,
        hostname: "web.example".to_owned(),
        zone: "attic".to_owned(),
        machine_type: "small".to_owned(),
        cpu_platform: "Nehalem".to_owned(),
        description: "the web server".to_owned(),
        image: "debian-12".to_owned(),
        tags: vec!["http".to_owned(), "lab".to_owned()],
        interfaces: vec![interface],
    };
    service.add_guest("web", web);
    service.add_guest("db", GuestFacts::default());
    service
}

/// Plans, keeps and shows. What is kept comes back.
pub(super) fn change(
    service: &mut Service,
    scope: &Scope,
    changes: &[(&str, Option<&str>)],
) -> Result<Vec<Record>, ChangeError> {
    let changes: Vec<Change> = changes
        .iter()
        .map(|(name, value)| Change {
            key: key(name),
            value: value.map(str::to_owned),
        })
        .collect();
    let records = service.plan(scope, &changes)?;
    for record in &records {
        service.restore(record.clone());
    }
    Ok(records)
}

pub(super) fn set(service: &mut Service, scope: &Scope, name: &str, value: &str) {
    change(service, scope, &[(name, Some(value))]).unwrap();
}

pub(super) fn unset(service: &mut Service, scope: &Scope, name: &str) {
    change(service, scope, &[(name, None)]).unwrap();
}

pub(super) fn get(target: &str) -> Request<'_> {
    Request {
        method: Method::Get,
        target,
        flavor: Some(b"Google"),
        forwarded: false,
        body: b"",
    }
}

pub(super) fn put<'a>(target: &'a str, body: &'a [u8]) -> Request<'a> {
    Request {
        method: Method::Put,
        body,
        ..get(target)
    }
}

/// The answer of a request that does not hang.
pub(super) fn now(service: &Service, name: &str, request: &Request<'_>) -> Reply {
    match service.answer(name, request) {
        Response::Now(reply) => reply,
        other => panic!("{}: {other:?}", request.target),
    }
}

pub(super) fn read(service: &Service, name: &str, path: &str) -> Reply {
    now(service, name, &get(&format!("/computeMetadata/v1/{path}")))
}

pub(super) fn hang(service: &Service, name: &str, path: &str) -> Hang {
    match service.answer(name, &get(&format!("/computeMetadata/v1/{path}"))) {
        Response::Hang(hang) => hang,
        other => panic!("{path}: {other:?}"),
    }
}
