//! Who may decide in the cluster.

use std::collections::{BTreeMap, BTreeSet};

use conditions::NodeName;
use patch::node::facts::{Qdevice, Voter, Votes};
use pve::{Member, call, is_standalone, quorate, votes};
use serde_json::Value;

use super::view::{Part, ask};
use crate::Client;

/// The votes, beside the answer of `cluster/status`. Without the configured votes the nodes are
/// still named.
pub(super) async fn read(client: &Client, status: &Value) -> Part<Votes> {
    match is_standalone(status) {
        Some(true) => return Ok(Votes::Standalone),
        Some(false) => {}
        None => return Err("cluster/status names no node".to_owned()),
    }
    let configured = ask(client, &call::cluster::config_nodes()).await;
    let configured = configured.map(|data| votes(&data)).unwrap_or_default();
    let online = online(status);
    let names: BTreeSet<&NodeName> = online.keys().chain(configured.keys()).collect();
    let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let voters = names.iter().map(|name| Voter {
        name: (*name).clone(),
        votes: configured.get(name).copied(),
        online: online.get(name).copied().unwrap_or(false),
    });
    Ok(Votes::Cluster {
        voters: voters.collect(),
        // The API tells what is configured only.
        expected: None,
        quorate: quorate(status),
        qdevice: qdevice(client, count).await,
    })
}

fn online(status: &Value) -> BTreeMap<NodeName, bool> {
    let members = Member::all(status).into_iter();
    let online = members.map(|member| (member.node, member.online == Some(true)));
    online.collect()
}

async fn qdevice(client: &Client, nodes: u32) -> Qdevice {
    let data = match ask(client, &call::cluster::config_qdevice()).await {
        Ok(data) => data,
        Err(why) => return Qdevice::Unread(why),
    };
    let Some(qdevice) = pve::Qdevice::read(&data) else {
        return Qdevice::Absent;
    };
    match qdevice.votes(nodes) {
        Some(votes) => Qdevice::Votes {
            votes,
            alive: qdevice.connected,
        },
        None => {
            let algorithm = &qdevice.algorithm;
            Qdevice::Unread(format!(
                "how many votes it has does not follow from its algorithm `{algorithm}`"
            ))
        }
    }
}
