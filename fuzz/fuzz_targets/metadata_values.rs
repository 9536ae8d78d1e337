//! What operators and guests set, and etags: a line for each step, its first byte says which.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use metadata::Key;
use metadata::control::{Change, Record, Scope};
use metadata::server::{GuestFacts, Hang, Limits, Method, Reply, Request, Response, Service};
use serde_json::Value;

/// More make a run slow and find nothing.
const STEPS: usize = 32;
const STATE: &str = "instance/shutdown-details/stop-state";

struct World {
    service: Service,
    kept: BTreeMap<Key, Record>,
    /// What waits for the state of a stop.
    hanging: Option<Hang>,
}

fuzz_target!(|bytes: &[u8]| {
    let mut world = World {
        service: fresh(),
        kept: BTreeMap::new(),
        hanging: None,
    };
    for line in bytes.split(|byte| *byte == b'\n').take(STEPS) {
        let (Some((&kind, rest)), text) = (line.split_first(), String::from_utf8_lossy(line))
        else {
            continue;
        };
        let text = text.get(1..).unwrap_or_default();
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        match kind {
            b'a' => world.change(&format!("instance/attributes/{name}"), value),
            b'g' => world.change(&format!("instance/guest-attributes/{name}"), value),
            b's' => world.change(STATE, value),
            b'k' => world.change(name, value),
            b'e' => world.poll(rest),
            b'r' => world.restart(),
            _ => {}
        }
    }
    world.shows_what_is_set();
});

fn fresh() -> Service {
    let mut service = Service::new(7, Limits::default());
    service.add_guest("web", GuestFacts::default());
    service
}

fn web() -> Scope {
    Scope::Guest("web".to_owned())
}

impl World {
    fn change(&mut self, key: &str, value: Option<&str>) {
        let Ok(key) = key.parse::<Key>() else {
            return;
        };
        let is_state = key == Key::stop_state();
        let value = value.map(str::to_owned);
        let Ok(records) = self.service.plan(&web(), &[Change { key, value }]) else {
            return;
        };
        let is_change = !records.is_empty();
        for record in records {
            self.kept.insert(record.key.clone(), record.clone());
            self.service.restore(record);
        }
        if let Some(hang) = &self.hanging {
            let woken = hang.recheck(&self.service);
            assert_eq!(woken.is_some(), is_state && is_change);
            if woken.is_some() {
                self.hanging = None;
            }
        }
    }

    /// Any etag: one that is not the present one is answered at once.
    fn poll(&mut self, etag: &[u8]) {
        let present = self.read(STATE).etag.expect("an etag");
        let etag = if etag.is_empty() {
            present.as_bytes()
        } else {
            etag
        };
        let encoded: String = etag.iter().map(|byte| format!("%{byte:02x}")).collect();
        let target = format!("{STATE}?wait_for_change=true&last_etag={encoded}");
        match self.ask(&target) {
            Response::Hang(hang) => {
                assert_eq!(etag, present.as_bytes());
                self.hanging = Some(hang);
            }
            Response::Now(reply) => {
                assert_ne!(etag, present.as_bytes());
                let expected = if str::from_utf8(etag).is_ok() {
                    200
                } else {
                    400
                };
                assert_eq!(reply.status, expected);
            }
            Response::Put(change) => panic!("{change:?}"),
        }
    }

    fn restart(&mut self) {
        let before = self.read("?recursive=true");
        self.service = fresh();
        self.hanging = None;
        for record in self.kept.values().rev() {
            self.service.restore(record.clone());
        }
        assert_eq!(self.read("?recursive=true"), before);
    }

    fn shows_what_is_set(&self) {
        let reply = self.read("instance/attributes/?recursive=true&alt=json");
        let shown: BTreeMap<String, String> = serde_json::from_str(&reply.body).expect("texts");
        let directory = "instance/attributes".parse().expect("a key");
        let set = self.service.values(&web(), &directory);
        assert_eq!(shown.len(), set.len());
        for (key, value) in set {
            let name = key.as_str().rsplit('/').next().expect("a name");
            assert_eq!(shown.get(name), Some(&value));
            let alone = self.read(&format!("{key}?alt=json")).body;
            assert_eq!(
                serde_json::from_str::<Value>(&alone).expect("JSON"),
                Value::String(value)
            );
        }
    }

    fn ask(&self, path: &str) -> Response {
        let target = format!("/computeMetadata/v1/{path}");
        let request = Request {
            method: Method::Get,
            target: &target,
            flavor: Some(b"Google"),
            forwarded: false,
            body: b"",
        };
        self.service.answer("web", &request)
    }

    fn read(&self, path: &str) -> Reply {
        match self.ask(path) {
            Response::Now(reply) => reply,
            other => panic!("{path}: {other:?}"),
        }
    }
}
