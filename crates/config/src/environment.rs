//! The part of the process environment that decides where files are.

use std::path::PathBuf;

/// What [`Config::load`](crate::Config::load) needs to know about the process. An empty variable
/// counts as unset, and so does a relative XDG directory (XDG Base Directory Specification).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// `$HOME`.
    pub home: Option<PathBuf>,
    /// `$HOSPES_CONFIG`.
    pub hospes_config: Option<PathBuf>,
    /// `$HOSPES_STATE`.
    pub hospes_state: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`.
    pub xdg_config_home: Option<PathBuf>,
    /// `$XDG_STATE_HOME`.
    pub xdg_state_home: Option<PathBuf>,
    /// `$SSH_AUTH_SOCK`.
    pub ssh_auth_sock: Option<PathBuf>,
    /// Whether the process runs as root.
    pub is_root: bool,
    /// The machine's own configuration, `/etc/hospes/hospes.toml`.
    pub system_config: PathBuf,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn current() -> Self {
        let path = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        let absolute = |name| path(name).filter(|path| path.is_absolute());
        Self {
            home: absolute("HOME"),
            hospes_config: path("HOSPES_CONFIG"),
            hospes_state: path("HOSPES_STATE"),
            xdg_config_home: absolute("XDG_CONFIG_HOME"),
            xdg_state_home: absolute("XDG_STATE_HOME"),
            ssh_auth_sock: path("SSH_AUTH_SOCK"),
            is_root: rustix::process::geteuid().is_root(),
            system_config: PathBuf::from("/etc/hospes/hospes.toml"),
        }
    }

    /// The directory of user configurations.
    pub(crate) fn config_home(&self) -> Option<PathBuf> {
        self.xdg_config_home
            .clone()
            .or_else(|| self.under_home(".config"))
    }

    /// Where state is kept unless the configuration says so.
    pub(crate) fn state_dir(&self) -> Option<PathBuf> {
        if let Some(state) = &self.hospes_state {
            return std::path::absolute(state).ok();
        }
        if self.is_root {
            return Some(PathBuf::from("/var/lib/hospes"));
        }
        let state_home = self
            .xdg_state_home
            .clone()
            .or_else(|| self.under_home(".local/state"));
        state_home.map(|directory| directory.join("hospes"))
    }

    pub(crate) fn under_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }
}
