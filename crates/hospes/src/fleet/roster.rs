//! All guests, and how each of them is reached.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow, bail};
use conditions::{GuestId, MachineId, NodeName, Observation};
use config::{Config, Environment, InvalidSelector, SelectError, Selector};
use futures_util::future::join_all;
use hypervisor_proxmox::Cluster;
use hypervisor_qemu::QemuHypervisor;
use journal::{Holder, MachineLock, RunId};
use lifecycle::operation::Saved;
use lifecycle::ports::HypervisorError;
use serde::Serialize;

use super::member::Backend;
use super::site::{Asked, Site, Untouchable};
use super::{Member, login, member};
use crate::Exit;
use crate::cli::Global;
use crate::clock::now;
use crate::edge::{AgentSlot, MetadataNotice, World};
use crate::metadata;
use crate::show::{self, Progress};
use crate::store::Store;

/// Everything that a command works with.
pub(crate) struct Fleet {
    config: Arc<Config>,
    local: Backend,
    sites: BTreeMap<String, Site>,
    store: Arc<Store>,
    json: bool,
    verbose: bool,
    troubles: Mutex<Vec<Trouble>>,
}

/// One guest that may be selected.
pub(super) struct Row {
    pub(super) guest: config::Guest,
    pub(super) is_template: bool,
    pub(super) backend: Backend,
}

/// A verb's document, and what was not told.
#[derive(Serialize)]
struct Told<T> {
    #[serde(flatten)]
    body: T,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreachable_clusters: Vec<Trouble>,
}

/// A cluster that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Trouble {
    cluster: String,
    reason: String,
}

impl Fleet {
    /// Reads the configuration and opens the journal. No cluster is asked yet.
    pub(crate) fn load(global: &Global) -> Result<Self> {
        let config = Config::load(global.config.as_deref(), &Environment::current())?;
        let config = Arc::new(config);
        let store = Arc::new(Store::open(&config.state_dir)?);
        let node = NodeName::new(host_name());
        let locals = config.guests.values();
        let locals = locals.filter_map(|guest| Some((guest.name.clone(), member::local(guest)?)));
        let logs = config.state_dir.join("logs");
        let local = Arc::new(QemuHypervisor::new(node, locals.collect(), logs));
        let clusters = config.clusters.iter();
        let sites = clusters.map(|(name, cluster)| (name.clone(), Site::new(cluster)));
        Ok(Self {
            sites: sites.collect(),
            config,
            local: Backend {
                snapshots: Some(Arc::clone(&local) as _),
                hypervisor: local,
            },
            store,
            json: global.json,
            verbose: global.verbose > 0,
            troubles: Mutex::default(),
        })
    }

    /// The guests that the operator named, in order, each once; templates only by their own names.
    /// A cluster that cannot be asked is told, and remembered for the end; its configured guests
    /// can be named all the same.
    pub(crate) async fn select(&self, selectors: &[String]) -> Result<Vec<Member>> {
        let selectors = parsed(selectors)?;
        let roster = self.roster(&selectors).await;
        let chosen = selected(&roster, &selectors).map_err(|error| self.explained(error))?;
        let backends = roster
            .iter()
            .map(|row| (&row.guest.name, &row.backend))
            .collect::<BTreeMap<_, _>>();
        let member = |guest: config::Guest| {
            let backend = backends.get(&guest.name)?;
            Some(Member::new(guest, backend))
        };
        Ok(chosen.into_iter().filter_map(member).collect())
    }

    /// The one guest of that name.
    pub(crate) async fn member(&self, name: &str) -> Result<Member> {
        let members = self.select(&[name.to_owned()]).await?;
        let [member] = <[Member; 1]>::try_from(members)
            .map_err(|many| anyhow!("`{name}` names {} guests; name one", many.len()))?;
        Ok(member)
    }

    /// The guest that a run is about. A word of an operator may choose a guest by its name in
    /// Proxmox VE too; a run means one machine, and no other that is called so meanwhile.
    pub(crate) async fn guest(&self, id: &GuestId) -> Result<Member> {
        let member = self.member(id.as_str()).await?;
        if member.id() != id {
            bail!(
                "there is no guest {id} any more ({} is another one)",
                member.id()
            );
        }
        Ok(member)
    }

    /// The guest that a run is about, if it is about one.
    pub(crate) async fn guest_of(&self, machine: &MachineId) -> Result<Member> {
        match machine {
            MachineId::Guest(guest) => self.guest(guest).await,
            MachineId::Node(host) => bail!("{host} is a node, not a guest"),
        }
    }

    /// Looks at the guest of that name from outside.
    pub(crate) async fn observe(&self, guest: &GuestId) -> Result<Observation, HypervisorError> {
        match self.guest(guest).await {
            Ok(member) => member.hypervisor().observe(guest).await,
            Err(error) => Err(HypervisorError::Unreachable(format!("{error:#}"))),
        }
    }

    /// Every guest that the selectors may be about, with who acts on it.
    pub(super) async fn roster(&self, selectors: &[Selector]) -> Vec<Row> {
        let is_local = |guest: &&config::Guest| guest.place.local().is_some();
        let locals = self.config.guests.values().filter(is_local);
        let mut roster: Vec<_> = locals
            .map(|guest| Row {
                guest: guest.clone(),
                is_template: false,
                backend: self.local.clone(),
            })
            .collect();
        for site in self.ask(selectors).await {
            let rows = site.guests.into_iter().map(|guest| Row {
                is_template: site.templates.contains(&guest.name),
                guest,
                backend: site.backend.clone(),
            });
            roster.extend(rows);
        }
        roster
    }

    /// Asks the clusters that the selectors need, all at once.
    async fn ask(&self, selectors: &[Selector]) -> Vec<Asked> {
        let needed = self.needed(selectors);
        let asked = join_all(needed.iter().map(|site| site.ask(&self.config))).await;
        let mut sites = Vec::with_capacity(asked.len());
        for (site, (asked, trouble)) in needed.iter().zip(asked) {
            if let Some(reason) = trouble {
                self.remember(site.name(), reason);
            }
            sites.push(asked);
        }
        sites
    }

    fn needed(&self, selectors: &[Selector]) -> Vec<&Site> {
        let names = self.config.clusters_for(selectors);
        let sites = names.into_iter().filter_map(|name| self.sites.get(name));
        sites.collect()
    }

    /// Tells of a cluster's trouble once.
    pub(super) fn remember(&self, cluster: &str, reason: String) {
        let trouble = Trouble {
            cluster: cluster.to_owned(),
            reason,
        };
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if !troubles.contains(&trouble) {
            let line = format!(
                "hospes: cluster {cluster} could not be asked: {}",
                trouble.reason
            );
            // The document and the exit code tell it too.
            drop(writeln!(io::stderr().lock(), "{line}"));
            troubles.push(trouble);
        }
    }

    fn troubles(&self) -> Vec<Trouble> {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.clone()
    }

    /// Why nobody was selected, where a cluster that could not be asked may be the reason.
    pub(super) fn explained(&self, error: SelectError) -> anyhow::Error {
        match self.troubles().first() {
            Some(trouble) => anyhow!(
                "{error}; cluster {} could not be asked, its guests are not known",
                trouble.cluster
            ),
            None => error.into(),
        }
    }

    /// Containers and templates of the clusters that `selectors` need: listed, never touched.
    pub(crate) async fn untouchable(&self, selectors: &[String]) -> Result<Vec<Untouchable>> {
        let selectors = parsed(selectors)?;
        let sites = self.needed(&selectors);
        let each = join_all(sites.into_iter().map(Site::untouchable)).await;
        Ok(each.concat())
    }

    /// How one guest is reached. Nothing is connected yet.
    pub(crate) fn world(&self, member: &Member) -> World {
        let hypervisor = Arc::clone(member.hypervisor());
        let deadline = member.settings().deadlines.agent;
        let slot = AgentSlot::new(member.id().clone(), Arc::clone(&hypervisor), deadline);
        let slot = Arc::new(slot);
        World {
            guest: member.id().clone(),
            hypervisor,
            ssh: login::login(member.settings(), &self.store, &slot),
            slot,
            notice: Arc::new(self.notice()),
            calls: member.calls(),
        }
    }

    /// Where guests are told that they will be stopped.
    pub(crate) fn notice(&self) -> MetadataNotice {
        MetadataNotice(metadata::Store::open(&self.config))
    }

    /// The right to operate on a guest or node; nobody else has it until it is dropped.
    pub(crate) fn lock(&self, machine: impl Into<MachineId>, verb: &str) -> Result<MachineLock> {
        let holder = Holder {
            pid: std::process::id(),
            command: format!("hospes {verb}"),
            since: now(),
        };
        Ok(MachineLock::acquire(
            &self.store.journal(),
            machine,
            &holder,
        )?)
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// The cluster of that name.
    pub(super) fn proxmox(&self, name: &str) -> Option<&Arc<Cluster>> {
        self.sites.get(name).map(Site::cluster)
    }

    pub(crate) const fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Whether the answer is one JSON document.
    pub(crate) const fn json(&self) -> bool {
        self.json
    }

    /// Prints the verb's document, with the clusters that could not be asked.
    pub(crate) fn document(&self, verb: &str, body: impl Serialize) -> Result<()> {
        let told = Told {
            body,
            unreachable_clusters: self.troubles(),
        };
        show::document(verb, &told)
    }

    /// The exit of a command that came to `exit`: a cluster that could not be asked is a failure.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        match self.troubles().is_empty() {
            true => exit,
            false => exit.worst(Exit::Failed),
        }
    }

    /// Progress for people; none beside a JSON document.
    pub(crate) fn progress(&self) -> Progress {
        Progress::new(self.json, self.verbose)
    }
}

pub(super) fn parsed(selectors: &[String]) -> Result<Vec<Selector>, InvalidSelector> {
    selectors.iter().map(|text| text.parse()).collect()
}

/// The guests of the roster that `selectors` choose; templates only by their own names.
pub(super) fn selected(
    roster: &[Row],
    selectors: &[Selector],
) -> Result<Vec<config::Guest>, SelectError> {
    chosen(roster, selectors, false)
        .or_else(|error| chosen(roster, selectors, true).map_err(|_| error))
}

/// The guests of the roster that `selectors` choose, of all or of those that are no templates.
fn chosen(
    roster: &[Row],
    selectors: &[Selector],
    templates: bool,
) -> Result<Vec<config::Guest>, SelectError> {
    let rows = roster.iter().filter(|row| templates || !row.is_template);
    let guests: Vec<_> = rows.map(|row| row.guest.clone()).collect();
    let chosen = config::select(&guests, selectors)?;
    Ok(chosen.into_iter().cloned().collect())
}

/// The run that owes this guest a start, if one does.
pub(crate) fn owed_start(fleet: &Fleet, guest: &GuestId) -> Option<RunId> {
    let open = fleet.store().journal().open_run(guest).ok().flatten()?;
    let saved: Saved = serde_json::from_value(open.state).ok()?;
    saved.owes_start().then_some(open.summary.id)
}

/// This machine's name: the node of its local guests.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name.to_owned()
    }
}
