//! The connection is tried out: nothing is changed.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};
use hypervisor_proxmox::{Client, ClientError};
use pve::privileges::{Missing, Privileges, Version, grants};
use pve::{ClusterSettings, Credentials, Failure, Found, GuestKind, call};
use serde_json::Value;

/// What the cluster told.
pub(super) struct Seen {
    pub(super) version: Version,
    pub(super) nodes: BTreeSet<String>,
    pub(super) guests: Vec<Found>,
    pub(super) missing: Vec<Missing>,
    /// The commands that grant what is missing.
    pub(super) grants: Vec<String>,
}

impl Seen {
    /// How many virtual machines there are; templates are none.
    pub(super) fn machines(&self) -> usize {
        self.count(GuestKind::Qemu)
    }

    pub(super) fn containers(&self) -> usize {
        self.count(GuestKind::Lxc)
    }

    fn count(&self, kind: GuestKind) -> usize {
        let guests = self.guests.iter();
        guests
            .filter(|guest| guest.kind == kind && !guest.template)
            .count()
    }
}

/// Asks for the version, the guests and the privileges.
pub(super) async fn probe(settings: ClusterSettings) -> Result<Seen> {
    let who = match &settings.credentials {
        Credentials::Token { id, .. } => id.clone(),
        Credentials::Ticket { user, .. } => user.clone(),
    };
    let host = settings.endpoints.first().map(ToString::to_string);
    let host = host.unwrap_or_default();
    let client = Client::new(settings);
    let version = client.call(&call::access::version()).await;
    let version = version.map_err(|error| explained(error, &host, &who))?;
    let version = Version::answered(&version).ok_or_else(|| other_server(&host, "no version"))?;
    let resources = client.call(&call::cluster::resources()).await?;
    let guests = Found::all(&resources);
    let permissions = client.call(&call::access::permissions()).await?;
    let machines = guests.iter().filter(|guest| guest.kind == GuestKind::Qemu);
    let machines: Vec<_> = machines.map(|guest| guest.vmid).collect();
    let missing = Privileges::read(&permissions).missing(Some(version), &machines);
    Ok(Seen {
        version,
        nodes: nodes(&resources, &guests),
        grants: grants(&who, Some(version), &missing),
        missing,
        guests,
    })
}

fn nodes(resources: &Value, guests: &[Found]) -> BTreeSet<String> {
    let rows = resources.as_array().into_iter().flatten();
    let nodes = rows.filter(|row| row["type"] == "node");
    let nodes = nodes.filter_map(|row| row["node"].as_str());
    let of_guests = guests.iter().map(|guest| guest.node.as_str());
    nodes.chain(of_guests).map(str::to_owned).collect()
}

/// What a refusal of the first call means.
fn explained(error: ClientError, host: &str, who: &str) -> anyhow::Error {
    let user = who.split('!').next().unwrap_or(who);
    match error {
        ClientError::Api(Failure::Unauthorized(why)) => anyhow!(
            "{host} does not accept the token {who} ({why}): compare its name and its secret with \
             `pveum user token list {user}` on the node; one that has expired, or whose user is \
             disabled, is refused too"
        ),
        ClientError::Api(
            failure @ (Failure::Garbage(_) | Failure::NotImplemented(_) | Failure::Other { .. }),
        ) => other_server(host, &failure.to_string()),
        other => other.into(),
    }
}

fn other_server(host: &str, why: &str) -> anyhow::Error {
    anyhow!(
        "{host} answers, but not as Proxmox VE does ({why}): name a node of the cluster, with its port \
         if that is not 8006"
    )
}
