//! One cluster: asked once which guests it has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use conditions::{GuestId, Observation};
use config::{Config, Discovered};
use hypervisor_proxmox::{Client, Cluster, Place, ProxmoxHypervisor};
use lifecycle::gate::{RestartOrder, ShutdownOrder, StartOrder};
use lifecycle::ports::{AgentChannel, Asked as Request, Hypervisor, HypervisorError, StartReport};
use pve::{Found, GuestKind};
use serde::Serialize;
use tokio::sync::OnceCell;

use super::member::Backend;

/// A cluster of the configuration.
pub(super) struct Site {
    name: String,
    cluster: Arc<Cluster>,
    found: OnceCell<Result<Vec<Found>, String>>,
}

/// What asking a cluster came to: its guests, and who acts on them.
pub(super) struct Asked {
    pub(super) guests: Vec<config::Guest>,
    /// Those of them that are chosen by their own name or id only.
    pub(super) templates: BTreeSet<GuestId>,
    pub(super) backend: Backend,
}

/// What a cluster has beside guests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Untouchable {
    pub(crate) cluster: String,
    pub(crate) vmid: u32,
    pub(crate) name: Option<String>,
    pub(crate) node: String,
    /// `container` or `template`.
    pub(crate) kind: &'static str,
    pub(crate) state: String,
    pub(crate) tags: Vec<String>,
}

impl Site {
    pub(super) fn new(cluster: &config::Cluster) -> Self {
        let client = Arc::new(Client::new(cluster.settings.clone()));
        Self {
            name: cluster.settings.name.clone(),
            cluster: Arc::new(Cluster::new(client)),
            found: OnceCell::new(),
        }
    }

    pub(super) const fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its guests by their names here; without an answer those that are configured, and why.
    pub(super) async fn ask(&self, config: &Config) -> (Asked, Option<String>) {
        match self.found().await {
            Ok(found) => (self.asked(config, found), None),
            Err(reason) => {
                let guests = config.adopt(&self.name, &[]);
                let asked = Asked {
                    guests,
                    templates: BTreeSet::new(),
                    backend: Backend {
                        hypervisor: Arc::new(OutOfReach(reason.clone())),
                        snapshots: None,
                    },
                };
                (asked, Some(reason.clone()))
            }
        }
    }

    fn asked(&self, config: &Config, found: &[Found]) -> Asked {
        let machines = found.iter().filter(|it| it.kind == GuestKind::Qemu);
        let machines: BTreeMap<_, _> = machines.map(|it| (it.vmid, it)).collect();
        let discovered: Vec<_> = machines.values().map(|it| discovered(it)).collect();
        let guests = config.adopt(&self.name, &discovered);
        let (mut places, mut templates) = (BTreeMap::new(), BTreeSet::new());
        for guest in &guests {
            let vmid = guest.place.clustered().map(|place| place.vmid);
            let Some(found) = vmid.and_then(|vmid| machines.get(&vmid)) else {
                continue;
            };
            let (vmid, node) = (found.vmid, found.node.clone());
            places.insert(guest.name.clone(), Place { vmid, node });
            if found.template {
                templates.insert(guest.name.clone());
            }
        }
        // What Proxmox VE waits for must not end before what hospes waits for.
        let stop = guests.iter().map(|guest| guest.deadlines.stop).max();
        let hypervisor = ProxmoxHypervisor::new(Arc::clone(&self.cluster), places)
            .with_stop(stop.unwrap_or_default());
        let hypervisor = Arc::new(hypervisor);
        Asked {
            guests,
            templates,
            backend: Backend {
                snapshots: Some(Arc::clone(&hypervisor) as _),
                hypervisor,
            },
        }
    }

    /// Its containers and templates.
    pub(super) async fn untouchable(&self) -> Vec<Untouchable> {
        let found = self.found().await.as_deref().unwrap_or_default();
        let each = found.iter().filter_map(|it| {
            Some(Untouchable {
                cluster: self.name.clone(),
                vmid: it.vmid,
                name: it.name.clone(),
                node: it.node.to_string(),
                kind: kind(it)?,
                state: it.status.clone(),
                tags: it.tags.clone(),
            })
        });
        each.collect()
    }

    async fn found(&self) -> &Result<Vec<Found>, String> {
        let discover = async || {
            self.cluster
                .discover()
                .await
                .map_err(|error| error.to_string())
        };
        self.found.get_or_init(discover).await
    }
}

/// What is listed and never touched.
const fn kind(found: &Found) -> Option<&'static str> {
    match found.kind {
        GuestKind::Lxc => Some("container"),
        GuestKind::Qemu if found.template => Some("template"),
        GuestKind::Qemu => None,
    }
}

fn discovered(found: &Found) -> Discovered {
    Discovered {
        vmid: found.vmid,
        name: found.name.clone(),
        node: found.node.to_string(),
        pool: found.pool.clone(),
        tags: found.tags.iter().cloned().collect(),
    }
}

/// Stands for a cluster that did not answer: nothing is known of its guests, and nothing is done.
struct OutOfReach(String);

impl OutOfReach {
    fn error<T>(&self) -> Result<T, HypervisorError> {
        Err(HypervisorError::Unreachable(self.0.clone()))
    }
}

#[async_trait]
impl Hypervisor for OutOfReach {
    async fn observe(&self, _: &GuestId) -> Result<Observation, HypervisorError> {
        self.error()
    }

    async fn channel(&self, _: &GuestId) -> Result<Box<dyn AgentChannel>, HypervisorError> {
        self.error()
    }

    async fn shutdown(&self, _: ShutdownOrder, _: Duration) -> Result<Request, HypervisorError> {
        self.error()
    }

    async fn restart(&self, _: RestartOrder, _: Duration) -> Result<Request, HypervisorError> {
        self.error()
    }

    async fn start(&self, _: StartOrder, _: Duration) -> Result<StartReport, HypervisorError> {
        self.error()
    }
}
