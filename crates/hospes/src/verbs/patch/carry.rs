//! Carrying a campaign on that was begun or taken up, and showing what it came to.

use std::ffi::OsString;

use anyhow::Result;
use journal::CampaignId;
use patch_report::input::What;
use plan::MemberId;
use plan::campaign::{Campaign, End, Summary, Turn};
use serde_json::json;

use super::campaigns::Known;
use crate::Exit;
use crate::fleet::Fleet;
use crate::patch::campaign::{Begun, Driven, Driver, Hooks, Machines, end_told};
use crate::patch::fleet::Members;
use crate::show::{self, Progress};

/// Drives what was begun to its end, or until Ctrl-C.
pub(super) async fn on(fleet: &Fleet, verb: &str, begun: Begun, members: Members) -> Result<Exit> {
    let progress = fleet.progress();
    let id = begun.lock.campaign();
    tell_begin(&progress, id, &begun.campaign, begun.seen.is_some());
    let document = begun.campaign.document();
    let key = (id, begun.campaign.head().began);
    let state_dir = fleet.store().journal().state_dir().to_owned();
    let hooks = Hooks::of(key, document, &state_dir, launcher());
    let turns = Machines::of(fleet, &begun.lock, &progress, document, members);
    let driver = Driver {
        store: fleet.store(),
        lock: &begun.lock,
        turns: &turns,
        hooks: &hooks,
        progress: &progress,
    };
    let first = begun.seen.map(|seen| What::TakenUp { seen });
    let driven = driver.drive(begun.campaign, begun.effects, first).await?;
    drop(turns);
    drop(progress);
    match driven {
        Driven::Ended(summary) => ended(fleet, verb, id, &summary),
        Driven::Interrupted(under_way) => interrupted(fleet, verb, id, under_way),
    }
}

fn tell_begin(progress: &Progress, id: CampaignId, campaign: &Campaign, taken_up: bool) {
    let name = campaign.document().name();
    let verb = if taken_up { "taken up" } else { "begins" };
    let members = campaign.document().members().count();
    progress.say(&format!(
        "campaign {id} ({name}) {verb}: {members} to be patched; hospes patch status {id} shows it"
    ));
}

/// This program, which makes a command the leader of a session of its own; as it runs, even if its
/// file was replaced.
fn launcher() -> Vec<OsString> {
    vec!["/proc/self/exe".into(), hypervisor_qemu::launch::ARG.into()]
}

fn ended(fleet: &Fleet, verb: &str, id: CampaignId, summary: &Summary) -> Result<Exit> {
    let known = Known::of(fleet, id)?;
    let ends = known.saved.turns.iter().filter_map(|(member, turn)| {
        let Turn::Ended(end) = turn else { return None };
        Some((member, end))
    });
    let exit = Exit::of_campaign(summary);
    if fleet.json() {
        let members: Vec<_> = ends
            .map(|(member, end)| json!({ "member": member, "end": end }))
            .collect();
        let body = json!({ "campaign": id, "summary": summary, "members": members });
        fleet.document(verb, body)?;
        return Ok(exit);
    }
    for line in ends.filter_map(not_done) {
        show::line(&line)?;
    }
    for line in lines(id, summary) {
        show::line(&line)?;
    }
    Ok(exit)
}

fn not_done((member, end): (&MemberId, &End)) -> Option<String> {
    match end {
        End::Done => None,
        end => Some(format!("{member}: {}", end_told(end))),
    }
}

/// A campaign's end in words.
fn lines(id: CampaignId, summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(halt) = &summary.halt {
        lines.push(format!("{id}: ended early: {halt}"));
    }
    if let Some(reason) = &summary.after_campaign {
        lines.push(format!("{id}: the command after it failed: {reason}"));
    }
    lines.push(format!(
        "{id}: {} patched, {} not patched, {} not usable, {} not begun (hospes patch report {id})",
        summary.done, summary.failed, summary.down, summary.not_begun
    ));
    lines
}

fn interrupted(fleet: &Fleet, verb: &str, id: CampaignId, under_way: usize) -> Result<Exit> {
    if fleet.json() {
        let body = json!({ "campaign": id, "interrupted": true, "under_way": under_way });
        fleet.document(verb, body)?;
        return Ok(Exit::Failed);
    }
    show::line(&format!(
        "{id}: interrupted; nobody else is begun, and {under_way} under way are left to their own: \
         upgrades go on in the guests"
    ))?;
    show::line(&format!("  to go on: hospes patch resume {id}"))?;
    Ok(Exit::Failed)
}
