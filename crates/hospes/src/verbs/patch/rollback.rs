//! `patch rollback`: a stopped guest's disks back to the snapshot that was taken before patching.

use anyhow::{Context, Result, bail};
use conditions::{GuestId, RunState};
use lifecycle::gate::{Refusal, RefusalReason, RollbackOrder};
use lifecycle::ports::SnapshotName;
use serde_json::json;

use crate::Exit;
use crate::clock::now;
use crate::fleet::{Fleet, Member};
use crate::open_run;
use crate::patch::guest::SNAPSHOT_DEADLINE;
use crate::record::Record;
use crate::show;

/// What it is called in the journal.
const OPERATION: &str = "rollback";

/// What came of it.
enum Rolled {
    /// It would be, or was; what was seen.
    Back(String),
    /// The guest does not stand still, and was not touched.
    Refused(Vec<String>),
}

pub(super) async fn run(
    fleet: &Fleet,
    guest: &str,
    snapshot: Option<&str>,
    check: bool,
) -> Result<Exit> {
    let member = fleet.member(guest).await?;
    let name = chosen(fleet, &member, snapshot).await?;
    let rolled = match check {
        true => would(&member, &name).await?,
        false => back(fleet, &member, &name).await?,
    };
    let guest = member.id();
    let (exit, lines) = match rolled {
        Rolled::Back(words) if check => (Exit::Ok, vec![format!("{guest}: {words}")]),
        Rolled::Back(words) => (
            Exit::Ok,
            vec![
                format!("{guest}: is back at {name}: {words}"),
                format!("  it is still off: hospes start {guest}"),
            ],
        ),
        Rolled::Refused(reasons) => {
            let head = format!("{guest}: refused; the guest was not touched:");
            let reasons = reasons.iter().map(|reason| format!("  {reason}"));
            (
                Exit::Refused,
                std::iter::once(head).chain(reasons).collect(),
            )
        }
    };
    if fleet.json() {
        let rolled_back = exit == Exit::Ok && !check;
        let body = json!({
            "dry_run": check, "guest": guest, "snapshot": name, "rolled_back": rolled_back,
            "lines": lines,
        });
        fleet.document("patch-rollback", body)?;
    } else {
        lines.iter().try_for_each(|line| show::line(line))?;
    }
    Ok(exit)
}

/// The snapshot that is named, or the newest of those that hospes took of the guest.
async fn chosen(fleet: &Fleet, member: &Member, named: Option<&str>) -> Result<SnapshotName> {
    if let Some(named) = named {
        return Ok(named.parse()?);
    }
    let guest = member.id();
    let listed = fleet.store().journal().snapshots()?;
    let mut own = listed.into_iter().rev();
    let newest = own.find(|snapshot| snapshot.guest == guest.as_str());
    let newest = newest.with_context(|| {
        format!("no snapshot of {guest} was taken before patching (hospes patch snapshots)")
    })?;
    Ok(newest.name.parse()?)
}

async fn would(member: &Member, name: &SnapshotName) -> Result<Rolled> {
    let observed = member.hypervisor().observe(member.id()).await?;
    Ok(
        match RollbackOrder::for_stopped(&observed, name.clone(), now()) {
            Ok(_) => Rolled::Back(format!(
                "would go back to {name}; what was written since would be lost"
            )),
            Err(refusal) => refused(&refusal),
        },
    )
}

/// Recorded, with nothing to resume: the call is made once, by an order that was just observed.
async fn back(fleet: &Fleet, member: &Member, name: &SnapshotName) -> Result<Rolled> {
    let guest = member.id();
    let snapshots = member.snapshots();
    let snapshots = snapshots.context("its hypervisor cannot be asked for snapshots")?;
    let lock = fleet.lock(guest, "patch rollback")?;
    open_run::settle(fleet.store(), &lock)?;
    let observed = member.hypervisor().observe(guest).await?;
    let order = match RollbackOrder::for_stopped(&observed, name.clone(), now()) {
        Ok(order) => order,
        Err(refusal) => return Ok(refused(&refusal)),
    };
    let options = json!({ "snapshot": name });
    let record = Record::begin(fleet.store(), lock, OPERATION, options, json!({}))?;
    let intent = format!("setting the disks back to {name} ({})", observed.evidence);
    let step = record.intend(OPERATION, &intent, json!({}))?;
    let rolled = snapshots.rollback(order, SNAPSHOT_DEADLINE).await;
    let (outcome, detail, status) = match &rolled {
        Ok(evidence) => ("back", evidence.clone(), journal::RunStatus::Done),
        Err(error) => ("failed", error.to_string(), journal::RunStatus::Failed),
    };
    record.result(step, (outcome, &detail), &json!({}))?;
    record.finish(&detail, status, &json!({}))?;
    match rolled {
        Ok(evidence) => Ok(Rolled::Back(evidence)),
        Err(error) => bail!("{guest}: not set back to {name}: {error}"),
    }
}

fn refused(refusal: &Refusal) -> Rolled {
    let reasons = refusal.reasons.iter().map(|reason| {
        let remedy = remedy(reason, &refusal.guest);
        remedy.map_or_else(|| reason.to_string(), |what| format!("{reason} -> {what}"))
    });
    Rolled::Refused(reasons.collect())
}

/// For an order that needs a running guest, running is nothing to mend; for this one it is.
fn remedy(reason: &RefusalReason, guest: &GuestId) -> Option<String> {
    match reason {
        RefusalReason::NotStopped {
            run_state: RunState::Running,
        } => Some(format!("shut it down: hospes shutdown {guest}")),
        reason => reason.remedy(guest),
    }
}
