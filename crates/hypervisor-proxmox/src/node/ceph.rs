//! Ceph, as the cluster runs it.

use patch::node::facts::{Ceph, HealthCheck, Monitor, Severity};
use pve::{CephCheck, CephDaemons, CephHealth, call, is_without_ceph};

use super::view::{Part, ask, why};
use crate::{Client, ClientError};

/// Health, daemons and the flag; all of them, or why one could not be read.
pub(super) async fn read(client: &Client) -> Part<Ceph> {
    let status = match client.call(&call::ceph::status()).await {
        Ok(status) => status,
        Err(ClientError::Api(failure)) if is_without_ceph(&failure) => return Ok(Ceph::Absent),
        Err(error) => return Err(why(client, &error)),
    };
    let health = CephHealth::read(&status).ok_or("ceph/status says nothing of its health")?;
    let quorum = health
        .quorum
        .ok_or("ceph/status says nothing of its monitors' quorum")?;
    let daemons = CephDaemons::read(&ask(client, &call::ceph::metadata()).await?);
    let noout = pve::noout(&ask(client, &call::ceph::noout()).await?);
    let monitors = daemons.monitors.into_iter().map(|(name, node)| Monitor {
        in_quorum: quorum.contains(&name),
        node,
    });
    Ok(Ceph::Present {
        checks: health.checks.into_iter().map(check).collect(),
        noout: noout.ok_or("ceph/flags/noout is neither set nor unset")?,
        monitors: monitors.collect(),
        osd_nodes: daemons.storage.into_iter().collect(),
    })
}

fn check(check: CephCheck) -> HealthCheck {
    HealthCheck {
        name: check.name,
        severity: match check.severity.as_str() {
            "HEALTH_WARN" => Severity::Warning,
            "HEALTH_ERR" => Severity::Error,
            word => Severity::Other(word.to_owned()),
        },
        summary: check.summary,
    }
}
