//! What an upgrade did, package by package.
//!
//! ```text
//! before ┐
//! after  ┴─► comm ─► changes (upgraded, installed, removed, ...; security by the preview)
//! dpkg --audit, log ─► failures with dpkg's words
//! apt-get -s, again ─► what is still withheld, and why
//! *.dpkg-dist, *.ucf-dist newer than the run ─► configuration files that the owner keeps
//! ```

mod conffiles;
mod inventory;
mod log;
mod script;

use conditions::BootId;
use serde::{Deserialize, Serialize};

pub use conffiles::Conffile;
pub use inventory::{Change, ChangeKind};
pub use script::script;

pub(crate) use inventory::FORMAT as INVENTORY;

use crate::preflight::{self, Unsettled};
use crate::preview::{Preview, Withheld};
use crate::reboot::Signs;
use crate::settings::Scope;
use crate::wire::{self, AnswerError};

/// What came of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Upgraded {
    /// apt's exit status; none where its unit did not run or left none.
    pub status: Option<i32>,
    /// The packages that are not as they were.
    pub changes: Vec<Change>,
    /// The packages that dpkg left neither installed nor gone.
    pub failures: Vec<Failure>,
    /// The packages that still have a newer version, and why.
    pub withheld: Vec<Withheld>,
    /// Packages that apt would still upgrade.
    pub left: Vec<String>,
    /// Configuration files that the owner changed and keeps.
    pub conffiles: Vec<Conffile>,
    /// The errors that apt and dpkg printed.
    pub errors: Vec<String>,
    /// What asks for a reboot.
    pub reboot: Signs,
    /// The boot that answered.
    pub boot_id: Option<BootId>,
    /// What could not be read.
    pub gaps: Vec<String>,
}

/// A package that the upgrade left broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which, and how it stands.
    #[serde(flatten)]
    pub package: Unsettled,
    /// dpkg's words about it, where it printed any.
    pub why: Option<String>,
}

impl Upgraded {
    /// Reads what [`script`] printed. `preview` tells which changes are for security.
    ///
    /// # Errors
    /// When it is not what the script prints.
    pub fn parse(stdout: &[u8], preview: &Preview, scope: Scope) -> Result<Self, AnswerError> {
        let frames = wire::frames(stdout)?;
        let find = |kind| frames.iter().find(move |frame| frame.kind == kind);
        let text = |kind| find(kind).map(|frame| frame.text()).unwrap_or_default();
        let audit = find("audit").ok_or(AnswerError::Lacks("audit"))?;
        let log = log::read(&text("errors"));
        let mut upgraded = Self {
            status: find("status").and_then(|frame| frame.text().trim().parse().ok()),
            changes: inventory::changes(&text("gone"), &text("come"), text("arch").trim(), preview),
            failures: log.explain(preflight::audit(&audit.text())),
            conffiles: conffiles::read(&text("conffiles")),
            errors: log.errors,
            reboot: Signs::read(&frames),
            boot_id: text("boot-id").parse().ok(),
            ..Self::default()
        };
        for kind in ["gone", "come"] {
            if find(kind).is_some_and(|frame| !frame.is_ok()) {
                upgraded
                    .gaps
                    .push(format!("the list of packages ({kind}) is not whole"));
            }
        }
        match Preview::from_frames(&frames, scope) {
            Ok(after) => {
                upgraded.left = after.upgrades.into_iter().map(|one| one.package).collect();
                upgraded.withheld = after.withheld;
                upgraded.gaps.extend(after.gaps);
            }
            Err(error) => upgraded
                .gaps
                .push(format!("what is still withheld: {error}")),
        }
        Ok(upgraded)
    }

    /// Every package is configured, and apt ended well or had nothing to do.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.failures.is_empty() && self.status.is_none_or(|status| status == 0)
    }
}

#[cfg(test)]
mod tests;
