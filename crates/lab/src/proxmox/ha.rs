//! The manager of high availability.
//!
//! ```text
//! asked for (ha-manager in a node, tests) ─► each round:
//!   nodes     online ─ asked ─► maintenance ─ taken back ─► online       not seen ─► unknown
//!             (the word comes first, its guests leave afterwards; it survives the node's reboots)
//!   guests    on a node in maintenance ─► moved elsewhere, their home remembered
//!             home is online again ─► moved back
//!             asked to move (hamigrate) ─► moved, where their group allows
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::guest::Guest;
use super::migration::{self, Transfer};
use super::permission::Principal;
use super::shared::{Shared, locked};

/// Between two rounds. A real manager takes ten seconds.
const ROUND: Duration = Duration::from_millis(200);

/// What it knows and was asked for.
#[derive(Debug, Default)]
pub(super) struct HaManager {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The nodes that are to be empty.
    maintenance: BTreeSet<String>,
    nodes: BTreeMap<String, &'static str>,
    /// Where guests were that left for maintenance.
    homes: BTreeMap<u32, String>,
    moves: BTreeMap<u32, String>,
}

/// Does its rounds until the cluster is gone.
pub(super) async fn run(shared: Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        shared.look_for_silent_nodes();
        if shared.is_quorate() {
            shared.ha.look_at_nodes(&shared);
            shared.ha.look_at_guests(&shared);
        }
        drop(shared);
        tokio::time::sleep(ROUND).await;
    }
}

impl HaManager {
    pub(super) fn ask_for_maintenance(&self, node: &str, wanted: bool) {
        let mut state = locked(&self.state);
        if wanted {
            state.maintenance.insert(node.to_owned());
        } else {
            state.maintenance.remove(node);
        }
        // From its first command on the manager is at work.
        state.nodes.entry(node.to_owned()).or_insert("online");
    }

    pub(super) fn ask_for_move(&self, vmid: u32, target: &str) {
        locked(&self.state).moves.insert(vmid, target.to_owned());
    }

    /// Its word for each node; none while it has nothing to do.
    pub(super) fn nodes(&self) -> BTreeMap<String, &'static str> {
        locked(&self.state).nodes.clone()
    }

    pub(super) fn has_asked_for_maintenance(&self, node: &str) -> bool {
        locked(&self.state).maintenance.contains(node)
    }

    /// What `ha-manager status` prints.
    pub(super) fn lines(&self, shared: &Shared) -> Vec<String> {
        let word = if shared.is_quorate() {
            "OK"
        } else {
            "No quorum"
        };
        let nodes = self.nodes().into_iter();
        let nodes = nodes.map(|(node, word)| format!("lrm {node} ({word})"));
        let managed = managed(shared);
        let services = managed.iter().map(|guest| {
            let (sid, node) = (sid(guest), guest.node());
            format!("service {sid} ({node}, {})", word_of(guest))
        });
        std::iter::once(format!("quorum {word}"))
            .chain(nodes)
            .chain(services)
            .collect()
    }

    fn look_at_nodes(&self, shared: &Shared) {
        let is_used = !managed(shared).is_empty();
        let mut state = locked(&self.state);
        if !is_used && state.nodes.is_empty() {
            return;
        }
        for (name, _) in shared.nodes.iter() {
            let before = state.nodes.get(name).copied();
            let word = match (state.maintenance.contains(name), shared.is_online(name)) {
                (true, true) => "maintenance",
                (true, false) if before == Some("maintenance") => "maintenance",
                (_, false) => "unknown",
                (false, true) => "online",
            };
            state.nodes.insert(name.clone(), word);
        }
    }

    fn look_at_guests(&self, shared: &Arc<Shared>) {
        for guest in managed(shared) {
            let is_idle = shared.config_lock(&guest).is_none();
            if !is_idle || !guest.machine.is_running() || !shared.is_online(&guest.node()) {
                continue;
            }
            if let Some(target) = self.destination(shared, &guest) {
                let root = Principal::user("root@pam");
                let how = match guest.is_container() {
                    true => Transfer::Restart,
                    false => Transfer::Live {
                        with_local_disks: true,
                    },
                };
                migration::begin(shared, &guest, &root, &target, how);
            }
        }
    }

    /// Where a guest is to go now.
    fn destination(&self, shared: &Shared, guest: &Guest) -> Option<String> {
        let (vmid, here) = (guest.vmid, guest.node());
        let mut state = locked(&self.state);
        if let Some(target) = state.moves.remove(&vmid) {
            let is_there = target == here || !may_be_on(guest, &target);
            return (!is_there && shared.is_online(&target)).then_some(target);
        }
        if state.nodes.get(&here) == Some(&"maintenance") {
            let target = state.refuge(shared, guest)?;
            state.homes.entry(vmid).or_insert(here);
            return Some(target);
        }
        let home = state.homes.get(&vmid)?.clone();
        if home == here {
            state.homes.remove(&vmid);
            return None;
        }
        (state.nodes.get(&home) == Some(&"online")).then_some(home)
    }
}

impl State {
    /// The node with the fewest guests that takes this one.
    fn refuge(&self, shared: &Shared, guest: &Guest) -> Option<String> {
        let guests = shared.guests();
        let takes = |name: &String| {
            self.nodes.get(name) == Some(&"online") && may_be_on(guest, name) && !guest.is_on(name)
        };
        let nodes = shared.layout.nodes.iter().filter(|name| takes(name));
        let fewest = nodes.min_by_key(|name| guests.iter().filter(|it| it.is_on(name)).count());
        fewest.cloned()
    }
}

/// Whether the guest's group has the node; without a group all do.
fn may_be_on(guest: &Guest, node: &str) -> bool {
    let settings = guest.settings();
    let group = settings.ha.as_ref().and_then(|ha| ha.only_on.as_ref());
    group.is_none_or(|nodes| nodes.iter().any(|it| it == node))
}

fn managed(shared: &Shared) -> Vec<Arc<Guest>> {
    let mut guests = shared.guests();
    guests.retain(|guest| {
        guest
            .settings()
            .ha
            .as_ref()
            .is_some_and(|ha| ha.is_managed())
    });
    guests
}

/// `vm:101`, `ct:102`
pub(super) fn sid(guest: &Guest) -> String {
    let kind = if guest.is_container() { "ct" } else { "vm" };
    format!("{kind}:{}", guest.vmid)
}

/// What is done with a guest at the moment.
pub(super) fn word_of(guest: &Guest) -> String {
    let settings = guest.settings();
    let moves = settings
        .config
        .get("lock")
        .is_some_and(|lock| lock == "migrate");
    match &settings.ha {
        Some(ha) if ha.state == "started" && moves => "migrate".to_owned(),
        Some(ha) => ha.state.clone(),
        None => "started".to_owned(),
    }
}
