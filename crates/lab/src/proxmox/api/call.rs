//! A call that has passed the checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::proxmox::guest::Guest;
use crate::proxmox::http::Asked;
use crate::proxmox::permission::Principal;
use crate::proxmox::reply::{ApiError, Reply};
use crate::proxmox::shared::Shared;

/// What a call has to go by.
pub(super) struct Call {
    pub(super) shared: Arc<Shared>,
    pub(super) asked: Asked,
    pub(super) of_path: BTreeMap<String, String>,
    /// Who asks; nobody where the world may.
    pub(super) who: Principal,
}

pub(super) type Answer = Result<Reply, ApiError>;

impl Call {
    pub(super) fn not_implemented(&self) -> ApiError {
        ApiError::not_implemented(&self.asked.method, &self.asked.path)
    }

    pub(super) fn node(&self) -> &str {
        self.of_path
            .get("node")
            .map_or(&*self.asked.node, String::as_str)
    }

    pub(super) fn vmid(&self) -> u32 {
        let vmid = self.of_path.get("vmid").and_then(|vmid| vmid.parse().ok());
        vmid.unwrap_or_default()
    }

    /// The guest that the path names, on the node that the path names.
    pub(super) fn guest(&self) -> Result<Arc<Guest>, ApiError> {
        let here = |guest: &Arc<Guest>| guest.is_on(self.node()) && !guest.is_container();
        self.shared.guest(self.vmid()).filter(here).ok_or_else(|| {
            let (node, vmid) = (self.node(), self.vmid());
            let file = format!("nodes/{node}/qemu-server/{vmid}.conf");
            ApiError::died(format!("Configuration file '{file}' does not exist"))
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.asked.parameters.get(name)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.asked.parameters.flag(name)
    }

    pub(super) fn seconds(&self, name: &str) -> Option<Duration> {
        self.asked.parameters.number(name).map(Duration::from_secs)
    }
}

pub(super) fn data(data: Value) -> Answer {
    Ok(Reply::Data(data))
}
