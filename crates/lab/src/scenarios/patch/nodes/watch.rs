//! What the lab sees of the nodes while the program works.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use super::site::{DB, NODES, Site};

const LOOK: Duration = Duration::from_millis(50);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Nodes in the order in which they went away: they rebooted.
    pub(super) rebooted: Vec<&'static str>,
    /// Nodes in the order in which they were taken out of service.
    pub(super) maintained: Vec<&'static str>,
    /// Nodes that went away while Ceph would have copied their data elsewhere.
    unguarded: Vec<&'static str>,
    /// Where the guest under high availability was.
    pub(super) db_was_on: BTreeSet<String>,
    /// The most nodes that were away or out of service at once.
    most: usize,
}

impl Watch {
    /// Watches until `work` is done.
    pub(super) async fn while_done<T>(
        site: &Site,
        work: impl Future<Output = Result<T>>,
    ) -> Result<(Self, T)> {
        let mut watch = Self::default();
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok((watch, done?)),
                () = sleep(LOOK) => watch.look(site),
            }
        }
    }

    fn look(&mut self, site: &Site) {
        let noout = site.proxmox.ceph().is_none_or(|ceph| ceph.noout);
        self.db_was_on.extend(site.proxmox.node_of(DB));
        let (mut out, mut away) = (Vec::new(), Vec::new());
        for node in NODES {
            let is_away = !site.proxmox.is_online(node);
            if is_away {
                away.push(node);
            }
            if is_away || site.proxmox.ha_state(node) == Some("maintenance") {
                out.push(node);
            }
        }
        self.most = self.most.max(out.len());
        for node in out {
            note(&mut self.maintained, node);
        }
        for node in away {
            note(&mut self.rebooted, node);
            if !noout {
                note(&mut self.unguarded, node);
            }
        }
    }

    /// Fails unless exactly these nodes were taken out of service and rebooted, in this order, one after
    /// the other, and Ceph knew of it.
    pub(super) fn expect_one_by_one(&self, nodes: &[&str]) -> Result<()> {
        let is_so = self.maintained == nodes && self.rebooted == nodes && self.most <= 1;
        ensure!(
            is_so && self.unguarded.is_empty(),
            "not {nodes:?} one by one: {self:?}"
        );
        Ok(())
    }
}

fn note(nodes: &mut Vec<&'static str>, node: &'static str) {
    if !nodes.contains(&node) {
        nodes.push(node);
    }
}
