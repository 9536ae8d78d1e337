//! The command line that starts a machine outside this program's session.

use std::ffi::OsString;
use std::path::Path;

use crate::launch;

/// A systemd scope: the machine's own place among the services, which outlives the service or
/// session that hospes runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Whose scope it is.
    pub(super) manager: Manager,
    /// The unit's name, with its suffix.
    pub(super) unit: String,
}

/// The systemd that keeps a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    /// The machine's.
    System,
    /// The user's.
    User,
}

impl Scope {
    /// `systemd-run` with what makes this scope, up to the command.
    pub(super) fn systemd_run(&self) -> Vec<OsString> {
        let unit = format!("--unit={}", self.unit);
        let mut words = vec!["systemd-run", "--scope", "--collect", "--quiet", &unit];
        if self.manager == Manager::User {
            words.push("--user");
        }
        words.push("--");
        words.into_iter().map(OsString::from).collect()
    }
}

/// `argv` behind the launcher that gives it its own session, in `scope` if there is one. Each
/// step becomes the next under one process id.
pub(super) fn composed(launcher: &Path, argv: &[String], scope: Option<&Scope>) -> Vec<OsString> {
    let mut command = scope.map(Scope::systemd_run).unwrap_or_default();
    command.extend([launcher.into(), launch::ARG.into()]);
    command.extend(argv.iter().map(OsString::from));
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_wrapped_in_its_session_and_scope() {
        let argv = ["qemu-system-x86_64", "-m", "64", "two words"].map(String::from);
        let scope = |manager| Scope {
            manager,
            unit: "hospes-guest-web1-7.scope".to_owned(),
        };
        let line = |scope: Option<&Scope>| {
            let words = composed(Path::new("/usr/bin/hospes"), &argv, scope);
            words
                .iter()
                .map(|word| word.to_str().unwrap())
                .collect::<Vec<_>>()
                .join(" | ")
        };
        let lines = [
            None,
            Some(scope(Manager::System)),
            Some(scope(Manager::User)),
        ];
        insta::assert_snapshot!(lines.each_ref().map(|scope| line(scope.as_ref())).join("\n"), @r"
        /usr/bin/hospes | __launch | qemu-system-x86_64 | -m | 64 | two words
        systemd-run | --scope | --collect | --quiet | --unit=hospes-guest-web1-7.scope | -- | /usr/bin/hospes | __launch | qemu-system-x86_64 | -m | 64 | two words
        systemd-run | --scope | --collect | --quiet | --unit=hospes-guest-web1-7.scope | --user | -- | /usr/bin/hospes | __launch | qemu-system-x86_64 | -m | 64 | two words
        ");
    }
}
