//! What speaks against patching a node now.
//!
//! ```text
//! View ─► refusals(view, moment) ─┬─ none ─────────────────────────────► go
//!                                 ├─ all of them pass by themselves ───► wait, within limits
//!                                 └─ any other ────────────────────────► refuse
//! moments: Begin ─► Upgrade ─► Reboot (the last two want the node emptied and still kept out)
//! ```

use std::fmt;
use std::time::Duration;

use conditions::NodeName;
use serde::{Deserialize, Serialize};

use super::ceph::CephConcern;
use super::facts::{Guest, GuestStatus, HaNode, ReplicationJob, Seen, Task, View, Votes};
use super::maintenance::{self, Maintenance};
use super::quorum::{self, QuorumRefusal};
use super::settings::Limits;
use crate::preflight::Obstacle;

/// Tasks that end with whoever looks at a console. All others are waited for.
const CONSOLES: &[&str] = &[
    "spiceproxy",
    "spiceshell",
    "termproxy",
    "vncproxy",
    "vncshell",
];

/// One thing that speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "refusal")]
pub enum Refusal {
    /// A part of what has to be known was not read.
    Unread {
        /// Which.
        what: String,
        /// Why.
        why: String,
    },
    /// The cluster does not see the node.
    Offline {
        /// The node.
        node: NodeName,
    },
    /// The cluster could not decide without it.
    Quorum(QuorumRefusal),
    /// Ceph cannot do without it.
    Ceph(CephConcern),
    /// High availability does not have a node in service.
    OutOfService {
        /// Which.
        node: NodeName,
        /// The manager's word.
        state: HaNode,
    },
    /// High availability does not manage to handle a service.
    Service {
        /// Its id.
        sid: String,
        /// The manager's word.
        state: String,
    },
    /// A service is being moved by high availability.
    ServiceMoves {
        /// Its id.
        sid: String,
    },
    /// A task runs on the node.
    Task {
        /// What it does.
        kind: String,
        /// With what.
        id: Option<String>,
        /// For whom.
        user: String,
    },
    /// A replication job copies.
    Replicates {
        /// Which.
        id: String,
    },
    /// A replication job of a guest of the node fails.
    ReplicationFails {
        /// Which.
        id: String,
        /// Its words.
        error: String,
    },
    /// A running guest of the node is locked.
    Locked {
        /// Which.
        guest: String,
        /// The lock.
        lock: String,
    },
    /// The state of a guest of the node is not clear.
    Unclear {
        /// Which.
        guest: String,
        /// The cluster's word.
        status: String,
    },
    /// The node is not in maintenance any more although this run asked for it.
    NotInMaintenance {
        /// The node.
        node: NodeName,
    },
    /// Guests run on the node that should have left.
    Occupied {
        /// Which.
        guests: Vec<String>,
    },
    /// The packages of the node refuse.
    Packages(Obstacle),
    /// Something before the upgrade failed.
    Preparation {
        /// What failed, why, and what to do.
        reason: String,
    },
}

/// When it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything is done.
    Begin {
        /// The node may be in maintenance already.
        adopt_maintenance: bool,
    },
    /// The guests have left: right before the upgrade or the reboot.
    Emptied {
        /// This run, or the one that it took over from, put the node in maintenance.
        in_maintenance: bool,
    },
}

impl Refusal {
    /// How long it may pass by itself; zero where it does not.
    #[must_use]
    pub const fn patience(&self, limits: &Limits) -> Duration {
        match self {
            // High availability has lost sight of a node right after it has booted.
            Self::Unread { .. }
            | Self::Unclear { .. }
            | Self::OutOfService {
                state: HaNode::Unknown,
                ..
            } => limits.look,
            Self::Task { .. }
            | Self::Replicates { .. }
            | Self::Locked { .. }
            | Self::ServiceMoves { .. } => limits.wait,
            _ => Duration::ZERO,
        }
    }
}

/// Everything that speaks against the next step, by one look.
#[must_use]
pub fn refusals(view: &View, moment: Moment) -> Vec<Refusal> {
    let mut found = unread(view);
    if view.nodes.read().is_some() && !view.is_online() {
        let node = view.node.clone();
        found.push(Refusal::Offline { node });
    }
    found.extend(of_quorum(view));
    found.extend(of_ceph(view));
    found.extend(of_ha(view, moment));
    found.extend(of_tasks(view));
    match moment {
        Moment::Begin { .. } => {
            found.extend(of_replication(view));
            found.extend(of_guests(view));
        }
        Moment::Emptied { .. } => {
            let jobs = of_replication(view).into_iter();
            found.extend(jobs.filter(|it| matches!(it, Refusal::Replicates { .. })));
            found.extend(of_occupants(view));
        }
    }
    found
}

fn unread(view: &View) -> Vec<Refusal> {
    fn why<T>(seen: &Seen<T>) -> Option<&String> {
        seen.known().err()
    }
    let parts = [
        ("the nodes", why(&view.nodes)),
        ("the votes", why(&view.votes)),
        ("Ceph's health", why(&view.ceph)),
        ("high availability", why(&view.ha)),
        ("the tasks of the node", why(&view.tasks)),
        ("replication", why(&view.replication)),
        ("the guests", why(&view.guests)),
    ];
    let unread = parts
        .into_iter()
        .filter_map(|(what, why)| Some((what, why?)));
    let refusals = unread.map(|(what, why)| Refusal::Unread {
        what: what.to_owned(),
        why: why.clone(),
    });
    refusals.collect()
}

fn of_quorum(view: &View) -> Option<Refusal> {
    let votes = view.votes.read()?;
    quorum::without(&view.node, votes)
        .err()
        .map(Refusal::Quorum)
}

fn of_ceph(view: &View) -> Vec<Refusal> {
    let concerns = view.ceph.read().map(|ceph| ceph.concerns(&view.node));
    let concerns = concerns.into_iter().flatten();
    concerns.map(Refusal::Ceph).collect()
}

fn of_ha(view: &View, moment: Moment) -> Vec<Refusal> {
    let Some(ha) = view.ha.read() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let may_be_out = match moment {
        Moment::Begin { adopt_maintenance } => adopt_maintenance,
        Moment::Emptied { in_maintenance } => in_maintenance,
    };
    for (node, state) in &ha.nodes {
        let is_this = *node == view.node;
        // A node that is away is for the votes to judge, but one that is emptied or fenced is
        // somebody's work in progress.
        let refuses = match state {
            HaNode::Online => false,
            HaNode::Maintenance => !(is_this && may_be_out),
            HaNode::Gone | HaNode::Unknown => is_this,
            HaNode::Fence | HaNode::Other(_) => true,
        };
        if refuses {
            let (node, state) = (node.clone(), state.clone());
            found.push(Refusal::OutOfService { node, state });
        }
    }
    let must_be_out = moment
        == Moment::Emptied {
            in_maintenance: true,
        };
    if must_be_out && view.ha_node(&view.node) == Some(&HaNode::Online) {
        let node = view.node.clone();
        found.push(Refusal::NotInMaintenance { node });
    }
    for service in &ha.services {
        let (sid, state) = (service.sid.clone(), service.state.clone());
        match state.as_str() {
            "fence" | "recovery" => found.push(Refusal::Service { sid, state }),
            "error" if service.node == view.node => found.push(Refusal::Service { sid, state }),
            "migrate" | "relocate" => found.push(Refusal::ServiceMoves { sid }),
            _ => {}
        }
    }
    found
}

fn of_tasks(view: &View) -> Vec<Refusal> {
    let tasks = view.tasks.read().into_iter().flatten();
    let tasks = tasks.filter(|task| !task.is_console());
    let refusals = tasks.map(|task| Refusal::Task {
        kind: task.kind.clone(),
        id: task.id.clone(),
        user: task.user.clone(),
    });
    refusals.collect()
}

fn of_replication(view: &View) -> Vec<Refusal> {
    let jobs = view.replication.read().into_iter().flatten();
    jobs.filter_map(|job| of_job(view, job)).collect()
}

fn of_job(view: &View, job: &ReplicationJob) -> Option<Refusal> {
    let id = job.id.clone();
    let is_source = job.source == view.node;
    if job.running && (is_source || job.target == view.node) {
        return Some(Refusal::Replicates { id });
    }
    let error = || job.error.clone().unwrap_or_else(|| "no reason".to_owned());
    (is_source && job.failures > 0).then(|| Refusal::ReplicationFails { id, error: error() })
}

fn of_guests(view: &View) -> Vec<Refusal> {
    let mut found = Vec::new();
    for guest in view.occupants() {
        if let Some(lock) = &guest.lock {
            found.push(Refusal::Locked {
                guest: guest.to_string(),
                lock: lock.clone(),
            });
        }
        if let GuestStatus::Other(status) = &guest.status {
            found.push(Refusal::Unclear {
                guest: guest.to_string(),
                status: status.clone(),
            });
        }
    }
    found
}

fn of_occupants(view: &View) -> Option<Refusal> {
    let guests: Vec<String> = view.occupants().map(ToString::to_string).collect();
    (!guests.is_empty()).then_some(Refusal::Occupied { guests })
}

impl Task {
    /// Somebody looks at a console: nothing is lost when it ends.
    #[must_use]
    pub fn is_console(&self) -> bool {
        CONSOLES.contains(&self.kind.as_str())
    }
}

impl View {
    /// The cluster may decide at the moment; `false` where that is not known.
    #[must_use]
    pub fn is_quorate(&self) -> bool {
        match self.votes.read() {
            Some(Votes::Standalone) => true,
            Some(Votes::Cluster { quorate, .. }) => *quorate == Some(true),
            None => false,
        }
    }
}

impl fmt::Display for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.vmid),
            None => write!(f, "guest {}", self.vmid),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { what, why } => write!(f, "{what} cannot be read: {why}; try again"),
            Self::Offline { node } => {
                write!(f, "the cluster does not see {node}; bring it back first")
            }
            Self::Quorum(refusal) => refusal.fmt(f),
            Self::Ceph(concern) => concern.fmt(f),
            Self::OutOfService {
                node,
                state: HaNode::Maintenance,
            } => {
                let command = maintenance::command(node, Maintenance::Disable);
                write!(
                    f,
                    "{node} is in maintenance already; resume the run that put it there, \
                     or run `{command}`"
                )
            }
            Self::OutOfService { node, state } => write!(
                f,
                "high availability has {node} as {state}; see `ha-manager status`"
            ),
            Self::Service { sid, state } => write!(
                f,
                "high availability has {sid} as {state}; see `ha-manager status`"
            ),
            Self::ServiceMoves { sid } => {
                write!(f, "high availability moves {sid}; wait until it has come")
            }
            Self::Task { kind, id, user } => {
                let id = id.as_deref().unwrap_or("the node");
                write!(f, "{kind} of {id} runs for {user}; wait until it ends")
            }
            Self::Replicates { id } => write!(f, "replication {id} copies; wait until it ends"),
            Self::ReplicationFails { id, error } => {
                write!(f, "replication {id} fails ({error}); mend or disable it")
            }
            Self::Locked { guest, lock } => {
                write!(f, "{guest} is locked ({lock}); wait until that ends")
            }
            Self::Unclear { guest, status } => {
                write!(
                    f,
                    "{guest} is `{status}`, neither running nor stopped; look at it"
                )
            }
            Self::NotInMaintenance { node } => write!(
                f,
                "{node} was taken out of maintenance by somebody else; ask them, then try again"
            ),
            Self::Occupied { guests } => write!(
                f,
                "still running on the node: {}; move them or shut them down",
                guests.join(", ")
            ),
            Self::Packages(obstacle) => write!(f, "{obstacle}; {}", obstacle.remedy()),
            Self::Preparation { reason } => f.write_str(reason),
        }
    }
}
