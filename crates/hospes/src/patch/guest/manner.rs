//! How a guest is patched.

use std::time::Duration;

use patch::{PostCommand, RebootPolicy, RunId, Scope, Settings, SpaceNeed, StaleServices};

/// How a guest is patched: what a run is told but for its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Manner {
    /// How far apt may go.
    pub(crate) scope: Scope,
    /// Whether packages may be removed for the upgrade.
    pub(crate) allow_removals: bool,
    /// Whether dpkg may finish first what was interrupted before.
    pub(crate) allow_mending: bool,
    /// The hypervisor takes a snapshot before, and it is kept this long; without it none is taken.
    pub(crate) snapshot_expires: Option<Duration>,
    /// When the guest reboots.
    pub(crate) reboot: RebootPolicy,
    /// What happens to services that still use what was replaced.
    pub(crate) services: StaleServices,
    /// What has to end well in the guest afterwards.
    pub(crate) commands: Vec<PostCommand>,
    /// The least free space.
    pub(crate) space: SpaceNeed,
}

impl Manner {
    /// The settings of the run `id`.
    pub(in crate::patch) fn settings(&self, id: RunId) -> Settings {
        Settings {
            scope: self.scope,
            allow_removals: self.allow_removals,
            allow_mending: self.allow_mending,
            snapshot: self.snapshot_expires.is_some(),
            reboot: self.reboot,
            services: self.services,
            commands: self.commands.clone(),
            space: self.space,
            ..Settings::new(id)
        }
    }
}
