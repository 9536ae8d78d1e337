//! What is in the way of an upgrade, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{LockHolder, Preflight, Unsettled};
use crate::preview::Preview;
use crate::settings::Settings;

/// One thing in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "obstacle")]
pub enum Obstacle {
    /// The script did not run as root.
    NotRoot,
    /// There is no apt.
    NoApt {
        /// What the machine says it is.
        os: String,
    },
    /// systemd does not run, so nothing keeps dpkg alive when the connection is lost.
    NoSystemd,
    /// A file system is too full, or its room is not known.
    NoSpace {
        /// The directory.
        path: String,
        /// MiB that are free.
        free: Option<u64>,
        /// MiB that are needed.
        need: u64,
    },
    /// Somebody else uses apt or dpkg. It passes.
    Locked {
        /// Who.
        by: LockHolder,
    },
    /// dpkg was interrupted. It can be mended.
    Interrupted {
        /// Entries in dpkg's journal.
        journal: u32,
    },
    /// A package is neither installed nor gone. Some of these can be mended.
    Unsettled {
        /// Which, and how it stands.
        package: Unsettled,
    },
    /// Dependencies are not met.
    Broken {
        /// apt's words.
        words: String,
    },
    /// Somebody forbids a shutdown, and the policy may ask for one.
    ShutdownInhibited {
        /// Who.
        who: String,
        /// Why.
        why: String,
    },
    /// Packages would be removed, which is not allowed.
    Removals {
        /// Which.
        packages: Vec<String>,
    },
}

impl Obstacle {
    /// It goes away by waiting.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Locked { .. })
    }

    /// `dpkg --configure -a` takes it away.
    #[must_use]
    pub const fn is_mendable(&self) -> bool {
        match self {
            Self::Interrupted { .. } => true,
            Self::Unsettled { package } => package.state.is_mendable(),
            _ => false,
        }
    }

    /// It is the state of packages, which changes while somebody works on them.
    const fn is_of_packages(&self) -> bool {
        matches!(
            self,
            Self::Interrupted { .. } | Self::Unsettled { .. } | Self::Broken { .. }
        )
    }

    /// What a person does about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotRoot => "log in as root, or allow `sudo -n` without a password".to_owned(),
            Self::NoApt { .. } => "only Debian, Ubuntu and their kin can be patched".to_owned(),
            Self::NoSystemd => "boot the guest with systemd".to_owned(),
            Self::NoSpace { path, .. } => {
                let what = if path == "/boot" {
                    "`apt-get autoremove`"
                } else {
                    "`apt-get clean`"
                };
                format!("make room on {path}, for example by {what}")
            }
            Self::Locked { by } => format!("wait until process {} ends", by.pid),
            Self::Interrupted { .. } => "run `dpkg --configure -a`, or allow mending".to_owned(),
            Self::Unsettled { package } if package.state.is_mendable() => {
                "run `dpkg --configure -a`, or allow mending".to_owned()
            }
            Self::Unsettled { package } => {
                format!("run `apt-get install --reinstall {}`", package.package)
            }
            Self::Broken { .. } => "run `apt-get -f install` and read what it would do".to_owned(),
            Self::ShutdownInhibited { .. } => {
                "wait until it ends, or patch with the reboot policy never".to_owned()
            }
            Self::Removals { .. } => "allow removals, or patch with the scope upgrade".to_owned(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRoot => f.write_str("the login is not root"),
            Self::NoApt { os } => write!(f, "apt-get does not run on {os}"),
            Self::NoSystemd => f.write_str("systemd does not run: nothing would keep dpkg alive"),
            Self::NoSpace {
                path,
                free: Some(free),
                need,
            } => {
                write!(f, "{path} has {free} MiB free, {need} are needed")
            }
            Self::NoSpace {
                path,
                free: None,
                need,
            } => {
                write!(f, "the room on {path} is not known, {need} MiB are needed")
            }
            Self::Locked { by } => {
                write!(f, "{} (process {}) holds {}", by.command, by.pid, by.file)?;
                by.unit
                    .as_ref()
                    .map_or(Ok(()), |unit| write!(f, ", of {unit}"))
            }
            Self::Interrupted { journal } => {
                write!(
                    f,
                    "dpkg was interrupted: {journal} entries in /var/lib/dpkg/updates"
                )
            }
            Self::Unsettled { package } => {
                write!(f, "{} is not settled: {}", package.package, package.state)
            }
            Self::Broken { words } => write!(f, "dependencies are not met: {words}"),
            Self::ShutdownInhibited { who, why } => write!(f, "{who} forbids a shutdown: {why}"),
            Self::Removals { packages } => write!(f, "would remove {}", packages.join(", ")),
        }
    }
}

/// Whether an upgrade may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Go,
    /// It may after `dpkg --configure -a`, which is allowed.
    Mendable(Vec<Obstacle>),
    /// Not yet: somebody else uses apt or dpkg.
    Busy(Vec<Obstacle>),
    /// It may not.
    Refused(Vec<Obstacle>),
}

impl Verdict {
    pub(super) fn of(obstacles: Vec<Obstacle>, allow_mending: bool) -> Self {
        let is_busy = obstacles.iter().any(Obstacle::is_passing);
        // Whoever holds the lock may leave packages unsettled in between.
        let refuses = |one: &Obstacle| {
            let may_pass = one.is_passing() || (is_busy && one.is_of_packages());
            let may_be_mended = allow_mending && one.is_mendable();
            !(may_pass || may_be_mended)
        };
        if obstacles.is_empty() {
            Self::Go
        } else if obstacles.iter().any(refuses) {
            Self::Refused(obstacles)
        } else if is_busy {
            Self::Busy(obstacles)
        } else {
            Self::Mendable(obstacles)
        }
    }
}

pub(super) fn of(facts: &Preflight, settings: &Settings) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if !facts.as_root {
        found.push(Obstacle::NotRoot);
    }
    if facts.apt.is_none() {
        let os = if facts.os.pretty.is_empty() {
            &facts.os.id
        } else {
            &facts.os.pretty
        };
        found.push(Obstacle::NoApt { os: os.clone() });
        return found;
    }
    if !facts.has_systemd {
        found.push(Obstacle::NoSystemd);
    }
    for (path, need) in [("/", settings.space.root), ("/var", settings.space.var)] {
        found.extend(too_full(facts, path, need));
    }
    found.extend(
        facts
            .locks
            .iter()
            .map(|by| Obstacle::Locked { by: by.clone() }),
    );
    if facts.journal > 0 {
        found.push(Obstacle::Interrupted {
            journal: facts.journal,
        });
    }
    found.extend(facts.unsettled.iter().map(|package| Obstacle::Unsettled {
        package: package.clone(),
    }));
    // apt also complains of what dpkg has yet to configure; mending comes first then.
    if let Some(words) = facts.broken.as_ref().filter(|_| !facts.needs_mending()) {
        found.push(Obstacle::Broken {
            words: words.clone(),
        });
    }
    let inhibitors = facts.shutdown_inhibitors(settings);
    found.extend(inhibitors.map(|inhibitor| Obstacle::ShutdownInhibited {
        who: inhibitor.who.clone(),
        why: inhibitor.why.clone(),
    }));
    found
}

pub(super) fn of_preview(
    facts: &Preflight,
    preview: &Preview,
    settings: &Settings,
) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if !settings.allow_removals && !preview.removals.is_empty() {
        let packages = preview.removals.iter().map(|one| one.package.clone());
        found.push(Obstacle::Removals {
            packages: packages.collect(),
        });
    }
    if preview.installs_kernel() {
        found.extend(too_full(facts, "/boot", settings.space.boot));
    }
    found
}

fn too_full(facts: &Preflight, path: &str, need: u64) -> Option<Obstacle> {
    let space = facts.space.iter().find(|space| space.path == path);
    let free = space.map(|space| space.free / 1024);
    let is_enough = free.is_some_and(|free| free >= need);
    (!is_enough).then(|| Obstacle::NoSpace {
        path: path.to_owned(),
        free,
        need,
    })
}
