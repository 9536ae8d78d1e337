//! What all channels share.

use std::path::PathBuf;
use std::sync::Arc;

use agent::settings::{Permissions, Settings};
use guest_os::SYSTEM;
use qga::AgentError;

use crate::files::Files;
use crate::freezer::Freezer;
use crate::log::Log;
use crate::programs::Programs;

/// The agent.
pub(crate) struct Agent {
    pub(crate) log: Arc<Log>,
    pub(crate) files: Files,
    pub(crate) programs: Programs,
    pub(crate) freezer: Freezer,
    /// Where `guest-get-osinfo` looks instead of `/etc/os-release`.
    pub(crate) os_release: Option<PathBuf>,
    permissions: Permissions,
}

impl Agent {
    /// An agent with these settings, which froze nothing yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        let agent = Self {
            log: Arc::new(Log::new(settings.verbose)),
            files: Files::new(&settings.state_dir),
            programs: Programs::new(settings.exec_result_kept),
            freezer: Freezer::new(settings),
            os_release: std::env::var_os("QGA_OS_RELEASE").map(PathBuf::from),
            permissions: Permissions::new(SYSTEM, settings),
        };
        for name in agent.permissions.unknown() {
            agent.log.warn(format_args!(
                "the settings name `{name}`, which is no command"
            ));
        }
        agent
    }

    /// Whether a command may be called now.
    pub(crate) fn admit(&self, name: &str) -> Result<(), AgentError> {
        let permission = self.permissions.of(name, self.freezer.is_frozen());
        permission.admit(name)
    }
}
