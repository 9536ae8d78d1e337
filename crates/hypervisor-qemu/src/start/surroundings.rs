//! What this program runs under, and what that means for a machine that shall outlive it.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{self, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use conditions::GuestId;
use tokio::process::Command;
use tokio::time::timeout;

use super::command::{Manager, Scope};

/// How long systemd may take to make a scope.
const SYSTEMD_DEADLINE: Duration = Duration::from_secs(5);

/// The facts about this process on which the choice rests.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings {
    /// systemd runs this machine (sd_booted(3)).
    systemd: bool,
    /// This process may ask the machine's systemd.
    root: bool,
    /// This process belongs to the user's systemd, and would end with it.
    under_user_manager: bool,
    /// The user's systemd stays when the user has logged out.
    lingers: bool,
}

impl Surroundings {
    /// What this process runs under.
    pub(super) fn of_this_process() -> Self {
        let cgroup = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let user = env::var_os("USER").filter(|user| !user.is_empty());
        let linger = |user| Path::new("/var/lib/systemd/linger").join(user).exists();
        Self {
            systemd: Path::new("/run/systemd/system").is_dir(),
            root: rustix::process::geteuid().is_root(),
            under_user_manager: cgroup.contains("/user@"),
            lingers: user.is_some_and(linger),
        }
    }

    /// A scope for guest `id` that systemd has just shown to be able to make, and the machine's
    /// future home in words. Without a scope its own session has to do.
    pub(super) async fn scope_for(self, id: &GuestId) -> (Option<Scope>, String) {
        let Some(manager) = self.manager() else {
            return (None, "its own session".to_owned());
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let name = format!("hospes-guest-{id}-{}-{}", process::id(), now.as_millis());
        let scope = |suffix| Scope {
            manager,
            unit: format!("{name}{suffix}.scope"),
        };
        match try_out(scope("-trial").systemd_run()).await {
            Ok(()) => {
                let scope = scope("");
                let home = format!("its own session and scope {}", scope.unit);
                (Some(scope), home)
            }
            Err(why) => (None, format!("its own session (no scope: {why})")),
        }
    }

    /// Whose scope a machine belongs in. A user's systemd ends with the last login unless the user
    /// lingers, so it is chosen only where nothing is lost by it.
    const fn manager(self) -> Option<Manager> {
        match self {
            Self { systemd: false, .. } => None,
            Self { root: true, .. } => Some(Manager::System),
            Self {
                under_user_manager: true,
                ..
            }
            | Self { lingers: true, .. } => Some(Manager::User),
            Self { .. } => None,
        }
    }
}

/// Runs `true` behind `systemd_run`: a failure later could not be told from one of the machine.
async fn try_out(systemd_run: Vec<OsString>) -> Result<(), String> {
    let mut trial = Command::new(&systemd_run[0]);
    trial.args(&systemd_run[1..]).arg("true");
    trial.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(SYSTEMD_DEADLINE, trial.output()).await {
        Err(_) => Err(format!(
            "systemd-run takes over {} s",
            SYSTEMD_DEADLINE.as_secs()
        )),
        Ok(Err(error)) => Err(format!("systemd-run: {error}")),
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let words = String::from_utf8_lossy(&output.stderr);
            let first = words.lines().next().unwrap_or("no reason given");
            Err(format!(
                "systemd-run: {}",
                first.chars().take(200).collect::<String>()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_made_only_where_it_lives_longer_than_we_do() {
        let of = |systemd, root, under_user_manager, lingers| {
            Surroundings {
                systemd,
                root,
                under_user_manager,
                lingers,
            }
            .manager()
        };
        for (systemd, root, under, lingers, manager) in [
            (false, true, false, false, None),
            (false, false, true, true, None),
            (true, true, false, false, Some(Manager::System)),
            (true, true, true, true, Some(Manager::System)),
            (true, false, true, false, Some(Manager::User)),
            (true, false, false, true, Some(Manager::User)),
            (true, false, false, false, None),
        ] {
            let case = (systemd, root, under, lingers);
            assert_eq!(of(systemd, root, under, lingers), manager, "{case:?}");
        }
    }

    #[tokio::test]
    async fn a_systemd_run_that_fails_is_told_in_its_own_words() {
        let words = |script: &str| ["sh", "-c", script, "x"].map(OsString::from).to_vec();
        assert_eq!(try_out(words("exit 0")).await, Ok(()));
        let refusal = try_out(words("echo Failed to connect to bus >&2; exit 1")).await;
        assert_eq!(
            refusal,
            Err("systemd-run: Failed to connect to bus".to_owned())
        );
        assert!(try_out(vec!["/nowhere/systemd-run".into()]).await.is_err());
    }
}
