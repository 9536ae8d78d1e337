//! The service against a list of what was changed: who waits is answered after a change that it has
//! not seen, at once or later, and never otherwise; also when the server is started anew.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const GUESTS: [&str; 2] = ["web", "db"];
const CHANGEABLE: [&str; 7] = [
    "instance/attributes/x",
    "instance/attributes/x-y",
    "instance/shutdown-details/stop-state",
    "instance/shutdown-details/max-duration",
    "instance/guest-attributes/n/k",
    "instance/guest-attributes/n2/k",
    "project/attributes/x",
];
const WATCHED: [&str; 12] = [
    "",
    "instance",
    "instance/attributes",
    "instance/attributes/x",
    "instance/attributes/x-y",
    "instance/shutdown-details",
    "instance/shutdown-details/stop-state",
    "instance/shutdown-details/max-duration",
    "instance/guest-attributes/n",
    "instance/guest-attributes/n/k",
    "project",
    "project/attributes/x",
];
/// There without being set.
const FIXED: [&str; 6] = [
    "",
    "instance",
    "instance/attributes",
    "instance/shutdown-details",
    "instance/shutdown-details/stop-state",
    "project",
];

/// Whether a key is a directory itself or below it.
fn is_within(key: &Key, directory: &Key) -> bool {
    let mut segments = key.segments();
    directory
        .segments()
        .all(|segment| segments.next() == Some(segment))
}

#[derive(Debug, Clone)]
enum Step {
    /// Changes of one guest and of the project at a time: key, and value or none.
    Change {
        guest: usize,
        changes: Vec<(usize, Option<u8>)>,
    },
    Poll {
        client: usize,
        seen: Seen,
    },
    TimeOut {
        client: usize,
    },
    Restart {
        backwards: bool,
    },
}

#[derive(Debug, Clone)]
enum Seen {
    Nothing,
    Word,
    Newest,
    /// One of those that the client has got, the oldest being 0.
    Older(usize),
}

/// Who asks for what, and what it has got: etags with the number of changes that each had seen.
#[derive(Debug)]
struct Client {
    guest: usize,
    watched: usize,
    got: Vec<(String, usize)>,
    hanging: Option<(Hang, usize)>,
}

struct World {
    service: Service,
    /// As a store keeps them: the newest of each key.
    shelf: BTreeMap<(Scope, Key), Record>,
    /// Every change: the guest, if it was not the project's, and the key.
    log: Vec<(Option<usize>, Key)>,
    values: BTreeMap<(Option<usize>, Key), String>,
    clients: Vec<Client>,
}

impl World {
    fn new() -> Self {
        let clients = (0..GUESTS.len()).flat_map(|guest| {
            (0..WATCHED.len()).map(move |watched| Client {
                guest,
                watched,
                got: Vec::new(),
                hanging: None,
            })
        });
        Self {
            service: service(),
            shelf: BTreeMap::new(),
            log: Vec::new(),
            values: BTreeMap::new(),
            clients: clients.collect(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Change { guest, changes } => {
                self.change(Some(*guest), changes);
                self.change(None, changes);
            }
            Step::Poll { client, seen } => self.poll(client % self.clients.len(), seen),
            Step::TimeOut { client } => self.time_out(client % self.clients.len()),
            Step::Restart { backwards } => self.restart(*backwards),
        }
        for client in 0..self.clients.len() {
            self.recheck(client);
        }
    }

    fn change(&mut self, whose: Option<usize>, changes: &[(usize, Option<u8>)]) {
        let changes: Vec<Change> = changes
            .iter()
            .map(|(which, value)| (CHANGEABLE[which % CHANGEABLE.len()], value))
            .filter(|(name, _)| name.starts_with("project") == whose.is_none())
            .map(|(name, value)| Change {
                key: key(name),
                value: value.map(|value| value.to_string()),
            })
            .collect();
        let scope = whose.map_or(Scope::Project, |whose| guest(GUESTS[whose]));
        let records = self.service.plan(&scope, &changes).unwrap();
        let last: BTreeMap<_, _> = changes
            .into_iter()
            .map(|change| (change.key, change.value))
            .collect();
        for (key, value) in last {
            let place = (whose, key.clone());
            let before = self.values.remove(&place);
            if value.is_some() || before.is_some() {
                self.log.push((whose, key));
            }
            self.values.extend(value.map(|value| (place, value)));
        }
        for record in records {
            self.shelf
                .insert((record.scope.clone(), record.key.clone()), record.clone());
            self.service.restore(record);
        }
    }

    /// How many changes a client could have seen.
    fn changes(&self, client: usize) -> usize {
        let Client { guest, watched, .. } = self.clients[client];
        let directory = key(WATCHED[watched]);
        let is_seen = |(whose, key): &&(Option<usize>, Key)| {
            whose.is_none_or(|whose| whose == guest) && is_within(key, &directory)
        };
        self.log.iter().filter(is_seen).count()
    }

    fn exists(&self, client: usize) -> bool {
        let Client { guest, watched, .. } = self.clients[client];
        let directory = key(WATCHED[watched]);
        let mut set = self.values.keys();
        FIXED.contains(&WATCHED[watched])
            || set.any(|(whose, key)| {
                whose.is_none_or(|whose| whose == guest) && is_within(key, &directory)
            })
    }

    fn poll(&mut self, client: usize, seen: &Seen) {
        let Client {
            guest,
            watched,
            got,
            ..
        } = &self.clients[client];
        let etag = match seen {
            Seen::Nothing => None,
            Seen::Word => Some(("NONE".to_owned(), usize::MAX)),
            Seen::Newest => got.last().cloned(),
            Seen::Older(which) => got.get(which % got.len().max(1)).cloned(),
        };
        let parameter = etag.as_ref().map(|(etag, _)| format!("&last_etag={etag}"));
        let target = format!(
            "/computeMetadata/v1/{}?recursive=true&wait_for_change=true{}",
            WATCHED[*watched],
            parameter.unwrap_or_default(),
        );
        let present = self.changes(client);
        let is_current = etag.is_none_or(|(_, changes)| changes == present);
        match self.service.answer(GUESTS[*guest], &get(&target)) {
            Response::Hang(hang) => {
                assert!(self.exists(client), "{target} hangs on nothing");
                assert!(is_current, "{target} hangs, but there is news");
                self.clients[client].hanging = Some((hang, present));
            }
            Response::Now(reply) => {
                assert!(!self.exists(client) || !is_current, "{target} has no news");
                self.clients[client].hanging = None;
                self.got(client, reply);
            }
            Response::Put(change) => panic!("{change:?}"),
        }
    }

    fn time_out(&mut self, client: usize) {
        if let Some((hang, _)) = self.clients[client].hanging.take() {
            let reply = hang.timed_out(&self.service);
            assert_eq!(reply.status, 200);
            self.got(client, reply);
        }
    }

    fn recheck(&mut self, client: usize) {
        let Some((hang, seen)) = &self.clients[client].hanging else {
            return;
        };
        let reply = hang.recheck(&self.service);
        let is_news = self.changes(client) != *seen;
        assert_eq!(reply.is_some(), is_news, "{:?}", self.clients[client]);
        if let Some(reply) = reply {
            self.clients[client].hanging = None;
            self.got(client, reply);
        }
    }

    fn got(&mut self, client: usize, reply: Reply) {
        let (exists, present) = (self.exists(client), self.changes(client));
        assert_eq!(reply.status, if exists { 200 } else { 404 });
        let Client {
            guest,
            watched,
            got,
            ..
        } = &mut self.clients[client];
        if let Some(etag) = reply.etag {
            // One etag for each number of changes, and no etag for two.
            for (known, changes) in got.iter() {
                assert_eq!(*known == etag, *changes == present, "{etag}");
            }
            got.push((etag, present));
        }
        let whose = (!WATCHED[*watched].starts_with("project")).then_some(*guest);
        let value = self.values.get(&(whose, key(WATCHED[*watched])));
        if let Some(value) = value {
            assert_eq!(&reply.body, value);
        }
    }

    /// Connections break, records and the clients' etags stay.
    fn restart(&mut self, backwards: bool) {
        self.service = service();
        let mut records: Vec<Record> = self.shelf.values().cloned().collect();
        if backwards {
            records.reverse();
        }
        for record in records {
            self.service.restore(record);
        }
        for client in &mut self.clients {
            client.hanging = None;
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..GUESTS.len() * WATCHED.len();
    let one = (0..CHANGEABLE.len(), proptest::option::of(0_u8..3));
    let change = (0..GUESTS.len(), vec(one, 1..4));
    let seen = prop_oneof![
        1 => Just(Seen::Nothing),
        1 => Just(Seen::Word),
        6 => Just(Seen::Newest),
        1 => (0_usize..8).prop_map(Seen::Older),
    ];
    prop_oneof![
        4 => change.prop_map(|(guest, changes)| Step::Change { guest, changes }),
        12 => (client.clone(), seen).prop_map(|(client, seen)| Step::Poll { client, seen }),
        2 => client.prop_map(|client| Step::TimeOut { client }),
        1 => any::<bool>().prop_map(|backwards| Step::Restart { backwards }),
    ]
}

proptest! {
    #[test]
    fn no_change_is_missed_and_none_is_invented(steps in vec(step(), 1..120)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
    }
}
