//! `patch`: guests in bulk and nodes one by one, as campaigns.
//!
//! ```text
//! plan GUEST... ─► preview (asks each guest's apt)      snapshots, rollback
//! plan --file, --out ─► plan ─► document ─► apply ─► campaign ◄─ words, status, report
//! ```

mod apply;
mod campaigns;
mod carry;
mod files;
mod nodes;
mod plan;
mod preview;
mod report;
mod resumed;
mod rollback;
mod snapshots;
mod standing;
mod status;
mod words;

use anyhow::Result;

pub(super) use resumed::{resume, resume_node};

pub(crate) use files::Misplanned;

use crate::Exit;
use crate::cli::PatchVerb;
use crate::fleet::Fleet;

pub(super) async fn run(fleet: &Fleet, verb: &PatchVerb) -> Result<Exit> {
    match verb {
        PatchVerb::Plan(options) if options.file.is_some() || options.out.is_some() => {
            plan::run(fleet, options).await
        }
        PatchVerb::Plan(options) => preview::run(fleet, options).await,
        PatchVerb::Apply(options) => apply::run(fleet, options).await,
        PatchVerb::Nodes(options) => nodes::run(fleet, options).await,
        PatchVerb::Status { campaign, limit } => status::run(fleet, campaign.as_deref(), *limit),
        PatchVerb::Pause(to) => words::pause(fleet, to),
        PatchVerb::Resume(to) => words::resume(fleet, to).await,
        PatchVerb::Approve {
            campaign,
            word,
            check,
        } => words::approve(fleet, campaign, word, *check),
        PatchVerb::Abort {
            campaign,
            reason,
            check,
        } => words::abort(fleet, campaign, reason, *check),
        PatchVerb::Report(options) => report::run(fleet, options),
        PatchVerb::Snapshots { expire, check } => snapshots::run(fleet, *expire, *check).await,
        PatchVerb::Rollback {
            guest,
            snapshot,
            check,
        } => rollback::run(fleet, guest, snapshot.as_deref(), *check).await,
    }
}
