//! The flag `noout`.

use lifecycle::ports::HypervisorError;
use patch::node::ClusterError;
use pve::call;

use super::{read, unread};
use crate::Client;
use crate::failure::unsettled;

/// Sets the flag, or takes it back. What came of a call whose answer is lost is looked at.
pub(super) async fn set(client: &Client, wanted: bool) -> Result<(), ClusterError> {
    if is_set(client).await? == Some(wanted) {
        return Ok(());
    }
    let asked = client.call(&call::ceph::set_noout(wanted)).await;
    let unsettled = match &asked {
        Ok(_) => None,
        Err(error) => match unsettled(client.name(), error) {
            HypervisorError::TimedOut(words) => Some(words),
            _ => return Err(unread(client, error)),
        },
    };
    match (is_set(client).await, unsettled) {
        (Ok(Some(now)), _) if now == wanted => Ok(()),
        (Ok(_), None) => Err(ClusterError::Unknown(format!(
            "{}: noout was asked to be {}, and is not",
            client.name(),
            if wanted { "set" } else { "taken back" },
        ))),
        (Err(error), None) => Err(ClusterError::Unknown(format!(
            "noout was asked for, and how it is now cannot be read: {error}"
        ))),
        (_, Some(words)) => Err(ClusterError::Unknown(words)),
    }
}

async fn is_set(client: &Client) -> Result<Option<bool>, ClusterError> {
    Ok(pve::noout(&read(client, &call::ceph::noout()).await?))
}
