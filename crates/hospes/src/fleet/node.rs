//! The nodes of the clusters, as machines that are patched.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use conditions::{Host, MachineId, NodeName};
use config::Address;
use hypervisor_proxmox::{ClientError, Cluster, ProxmoxNodes};
use lifecycle::operation::Limits;
use patch::node::NodeCluster;
use pve::Member;
use pve::privileges::MissingForNodes;
use ssh::SshShell;
use thiserror::Error;

use super::login::target;
use super::{Fleet, Lacks};
use crate::edge::{Judge, Login};

/// So many nodes are named to somebody who names another one.
const NAMED: usize = 12;

/// Every node.
const ALL: &str = "all";

/// A word that does not name one node.
#[derive(Debug, Error)]
pub(crate) enum Unnamed {
    /// There is none.
    #[error("there is no node `{word}`; there are {known}; `all` is every one")]
    Nobody { word: String, known: String },
    /// There are several.
    #[error("`{word}` is {one} and {another}: name its cluster too")]
    Several {
        word: String,
        one: Host,
        another: Host,
    },
    /// There is no such cluster.
    #[error("the configuration has no cluster `{0}`")]
    NoCluster(String),
}

/// One node of a cluster.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) host: Host,
    /// Whether its cluster sees it; not known while the cluster cannot be asked.
    pub(crate) online: Option<bool>,
    pub(crate) cluster: Arc<dyn NodeCluster>,
    /// What may not be done that patching takes.
    pub(crate) lacks: Lacks,
    ssh: Option<config::Ssh>,
    deadlines: config::NodeDeadlines,
}

impl Node {
    fn of(
        cluster: &str,
        settings: &config::Cluster,
        proxmox: &Arc<Cluster>,
        member: Member,
        lacks: Lacks,
    ) -> Self {
        let address = member.address.map(|address| address.to_string());
        Self {
            online: member.online,
            cluster: Arc::new(ProxmoxNodes::new(Arc::clone(proxmox))),
            lacks,
            ssh: settings.node_ssh(member.node.as_str(), address.as_deref()),
            deadlines: settings.node_deadlines(),
            host: Host {
                cluster: Some(cluster.to_owned()),
                name: member.node,
            },
        }
    }

    pub(crate) fn id(&self) -> MachineId {
        MachineId::Node(self.host.clone())
    }

    /// Whether SSH has an address.
    pub(crate) const fn has_ssh(&self) -> bool {
        self.ssh.is_some()
    }

    /// How long emptying it and bringing it back may take.
    pub(crate) fn patience(&self) -> patch::node::Limits {
        patch::node::Limits {
            guest: self.deadlines.guest_move,
            evacuation: self.deadlines.evacuation,
            back: self.deadlines.back,
            ..patch::node::Limits::default()
        }
    }

    /// Deadlines of the phases of its reboot.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            ready: self.deadlines.phases.ready,
            reboot: self.deadlines.phases.reboot,
            ..Limits::default()
        }
    }

    /// How long one script may take, login included.
    pub(crate) const fn script(&self) -> Duration {
        self.deadlines.phases.ssh_command
    }
}

impl Fleet {
    /// The nodes of the cluster called `cluster`, or of all; and why others are not known.
    pub(crate) async fn nodes(&self, cluster: Option<&str>) -> Result<Vec<Node>> {
        if let Some(name) = cluster
            && !self.config().clusters.contains_key(name)
        {
            return Err(Unnamed::NoCluster(name.to_owned()).into());
        }
        let mut nodes = Vec::new();
        for (name, settings) in &self.config().clusters {
            if cluster.is_some_and(|cluster| cluster != name) {
                continue;
            }
            let Some(proxmox) = self.proxmox(name) else {
                continue;
            };
            match members(proxmox).await {
                Err(error) => self.remember(name, error.to_string()),
                Ok((members, missing)) => {
                    let lacks = Lacks::of(&settings.settings.credentials, missing);
                    let each = members.into_iter();
                    nodes.extend(
                        each.map(|it| Node::of(name, settings, proxmox, it, lacks.clone())),
                    );
                }
            }
        }
        Ok(nodes)
    }

    /// The node that a run is about, whether or not its cluster answers now.
    pub(crate) async fn node(&self, host: &Host) -> Result<Node> {
        let gone = || anyhow!("there is no node {host} any more: its cluster is not configured");
        let cluster = host.cluster.as_deref().ok_or_else(gone)?;
        let settings = self.config().clusters.get(cluster).ok_or_else(gone)?;
        let proxmox = self.proxmox(cluster).ok_or_else(gone)?;
        let members = proxmox.members().await.unwrap_or_else(|error| {
            self.remember(cluster, error.to_string());
            Vec::new()
        });
        let known = members.into_iter().find(|member| member.node == host.name);
        let member = known.unwrap_or_else(|| Member {
            node: host.name.clone(),
            online: None,
            address: None,
        });
        // What may not be done to it was told before its run began.
        Ok(Node::of(
            cluster,
            settings,
            proxmox,
            member,
            Lacks::default(),
        ))
    }

    /// The nodes that `words` name, in their order, each once: `pve1`, `home/pve1` or `all`.
    ///
    /// # Errors
    /// A word names none, or several of different clusters.
    pub(crate) fn named(nodes: &[Node], words: &[String]) -> Result<Vec<Host>, Unnamed> {
        let hosts = nodes.iter().map(|node| &node.host);
        named(&hosts.collect::<Vec<_>>(), words)
    }

    /// SSH to a node, if it is known where it is.
    pub(crate) fn node_login(&self, node: &Node) -> Option<Login> {
        let ssh = node.ssh.clone()?;
        let Address::Host(host) = ssh.address.clone() else {
            return None;
        };
        let (machine, store) = (node.id(), Arc::clone(self.store()));
        let deadlines = node.deadlines.phases;
        Some(Login::at(&host, move |host| {
            let judge = Judge {
                machine: machine.clone(),
                address: (host.to_owned(), ssh.port),
                configured: ssh.host_keys.clone(),
                known_hosts: ssh.known_hosts.clone(),
                store: Arc::clone(&store),
                slot: None,
            };
            SshShell::new(target(&ssh, host, &deadlines), Arc::new(judge))
        }))
    }

    /// The guest with the number `vmid` of `cluster`.
    pub(crate) async fn guest_numbered(&self, cluster: &str, vmid: u32) -> Result<super::Member> {
        let muster = self.muster().await;
        let numbered = muster.names().find_map(|name| {
            let member = muster.member(name)?;
            let place = member.settings().place.clustered()?;
            (place.cluster == cluster && place.vmid == vmid).then_some(())?;
            muster.member(name)
        });
        numbered.ok_or_else(|| {
            anyhow!("guest {vmid} of cluster {cluster} is not one that hospes may act on")
        })
    }
}

/// A cluster's nodes, and what may not be done to them.
async fn members(proxmox: &Cluster) -> Result<(Vec<Member>, Vec<MissingForNodes>), ClientError> {
    let members = proxmox.members().await?;
    let names: Vec<NodeName> = members.iter().map(|member| member.node.clone()).collect();
    let missing = proxmox.missing_for_nodes(&names).await?;
    Ok((members, missing))
}

fn named(known: &[&Host], words: &[String]) -> Result<Vec<Host>, Unnamed> {
    let (mut chosen, mut seen) = (Vec::new(), BTreeSet::new());
    for word in words {
        let named = known.iter().filter(|host| is_called(host, word));
        let named: Vec<&&Host> = named.collect();
        match named.as_slice() {
            [] => return Err(nobody(known, word)),
            [one, another, ..] if word != ALL => {
                return Err(Unnamed::Several {
                    word: word.clone(),
                    one: (**one).clone(),
                    another: (**another).clone(),
                });
            }
            _ => {}
        }
        let fresh = named
            .into_iter()
            .filter(|host| seen.insert((**host).clone()));
        chosen.extend(fresh.map(|host| (*host).clone()));
    }
    Ok(chosen)
}

fn nobody(known: &[&Host], word: &str) -> Unnamed {
    let names = known.iter().take(NAMED).map(ToString::to_string);
    let names: Vec<String> = names.collect();
    let more = if known.len() > NAMED { " and more" } else { "" };
    Unnamed::Nobody {
        word: word.to_owned(),
        known: names.join(", ") + more,
    }
}

fn is_called(host: &Host, word: &str) -> bool {
    let bare = word.strip_prefix("node:").unwrap_or(word);
    word == ALL || host.name == NodeName::new(bare) || host.to_string() == bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_in_the_order_of_the_words_each_once_and_without_doubt() {
        let hosts = ["home/pve1", "home/pve2", "lab/pve1"].map(|host| host.parse().unwrap());
        let known: Vec<&Host> = hosts.iter().collect();
        for (words, wanted) in [
            (
                &["pve2", "home/pve1", "pve2"][..],
                Ok("home/pve2 home/pve1"),
            ),
            (
                &["node:lab/pve1", "all"],
                Ok("lab/pve1 home/pve1 home/pve2"),
            ),
            (&[], Ok("")),
            (&["pve3"], Err("there is no node `pve3`")),
            (&["pve1"], Err("`pve1` is home/pve1 and lab/pve1")),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            match (named(&known, &words), wanted) {
                (Ok(chosen), Ok(wanted)) => {
                    let chosen: Vec<String> = chosen.iter().map(Host::to_string).collect();
                    assert_eq!(chosen.join(" "), wanted);
                }
                (Err(error), Err(wanted)) => {
                    assert!(error.to_string().contains(wanted), "{error}");
                }
                (chosen, _) => panic!("{words:?}: {chosen:?}"),
            }
        }
    }
}
