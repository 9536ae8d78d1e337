//! What a run has seen, for the journal and for people.

use conditions::Timestamp;
use lifecycle::operation::BootProof;
use serde::{Deserialize, Serialize};

use crate::postcheck::Postcheck;
use crate::preflight::Preflight;
use crate::preview::Preview;
use crate::reboot::Decision;
use crate::refresh::Refresh;
use crate::result::Upgraded;
use crate::settings::RunId;

/// What a run has seen so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub began: Timestamp,
    /// The guest before.
    pub preflight: Option<Preflight>,
    /// How the refresh ended.
    pub refresh: Option<Refresh>,
    /// What apt said it would do.
    pub preview: Option<Preview>,
    /// The name of the snapshot that was taken.
    pub snapshot: Option<String>,
    /// `dpkg --configure -a` ran first.
    pub mended: bool,
    /// The unit ran.
    pub ran: bool,
    /// The unit was lost: it left no exit status. How.
    pub lost: Option<String>,
    /// What the upgrade did.
    pub upgraded: Option<Upgraded>,
    /// What was decided about a reboot.
    pub decision: Option<Decision>,
    /// The proof of the reboot.
    pub reboot: Option<BootProof>,
    /// Why the reboot that was decided did not come to pass.
    pub not_rebooted: Option<String>,
    /// The guest after.
    pub postcheck: Option<Postcheck>,
}

impl Report {
    pub(super) const fn new(id: RunId, began: Timestamp) -> Self {
        Self {
            id,
            began,
            preflight: None,
            refresh: None,
            preview: None,
            snapshot: None,
            mended: false,
            ran: false,
            lost: None,
            upgraded: None,
            decision: None,
            reboot: None,
            not_rebooted: None,
            postcheck: None,
        }
    }
}
