//! Runs that wait for graceful scripts: ending the wait, and cancelling.
//!
//! ```text
//! word ─► journal ─► the hospes that drives the run looks for it ─► goes on, or cancels
//!                └─► nobody drives it: this hospes takes it over
//! ```

use std::time::Duration;

use anyhow::{Result, bail};
use conditions::MachineId;
use journal::{LockError, MachineLock, RunId, RunRecord};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Operation, Outcome, Word};
use serde_json::json;

use super::change::show_report;
use super::report::Report;
use super::runs::{Resumed, saved};
use crate::Exit;
use crate::clock::now;
use crate::drive::{Run, say};
use crate::fleet::{Fleet, Member};
use crate::show::{self, Progress};

/// How often another hospes' run is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// What became of a run that another hospes may drive.
enum Followed {
    /// It ended, for now or for good.
    Ended(Option<Outcome>),
    /// Its guest was asked to shut down.
    Asked,
    /// Nobody drives it: it can be taken over.
    Orphaned(MachineLock, Box<RunRecord>),
}

/// Ends the wait of `verb` on this guest, if one waits, and follows it to its end.
pub(super) async fn end(
    fleet: &Fleet,
    verb: &str,
    member: &Member,
    accepted: &Accepted,
    progress: &Progress,
) -> Result<Option<Report>> {
    let guest = member.id();
    let open = fleet.store().journal().open_run(guest)?;
    let Some(open) = open.filter(is_cancellable) else {
        return Ok(None);
    };
    let id = open.summary.id;
    let operation = &open.summary.operation;
    if operation != verb {
        bail!(
            "{guest} has a {operation} that waits for its graceful scripts, run {id}: end its wait \
             (hospes {operation} {guest} --now) or cancel it (hospes runs abort {id})"
        );
    }
    say(fleet.store(), id, Word::Now)?;
    progress.say(&format!("{guest}: run {id} goes on at once"));
    let report = match follow(fleet, &guest.into(), id, verb, |_| false).await? {
        Followed::Ended(outcome) => Report::of_other(guest, id, outcome),
        Followed::Asked => Report::of_other(guest, id, None),
        Followed::Orphaned(lock, record) => {
            let run = Resumed {
                id,
                lock,
                saved: saved(record.state)?,
                accepted: accepted.clone(),
            };
            run.drive(fleet, member, progress).await?
        }
    };
    Ok(Some(report))
}

/// Cancels a run that waits, or is about to; a dry run only says so.
pub(super) async fn abort(fleet: &Fleet, record: &RunRecord, dry: bool) -> Result<Exit> {
    let (id, guest) = (record.summary.id, &record.summary.machine);
    if !record.summary.status.is_open() || !is_cancellable(record) {
        let status = record.summary.status;
        let why = format!("run {id} ({status}) is no graceful stop that waits: nothing to cancel");
        return tell(fleet, id, guest, None, Some(&why));
    }
    if dry {
        return would_cancel(fleet, id, guest);
    }
    say(fleet.store(), id, Word::Abort)?;
    match follow(fleet, guest, id, "runs abort", has_asked).await? {
        Followed::Ended(outcome) => tell(fleet, id, guest, outcome.as_ref(), None),
        Followed::Asked => {
            let why = format!("too late: the guest was asked to shut down (hospes runs show {id})");
            tell(fleet, id, guest, None, Some(&why))
        }
        Followed::Orphaned(lock, record) => cancel(fleet, lock, *record).await,
    }
}

fn would_cancel(fleet: &Fleet, id: RunId, guest: &MachineId) -> Result<Exit> {
    if fleet.json() {
        let body = json!({ "run": id, "guest": guest, "would": "abort" });
        show::document("runs", &body)?;
    } else {
        show::line(&format!(
            "{guest}: run {id} would be cancelled; the guest would be told and not stopped"
        ))?;
    }
    Ok(Exit::Ok)
}

/// Cancels what a hospes that died left waiting.
async fn cancel(fleet: &Fleet, lock: MachineLock, record: RunRecord) -> Result<Exit> {
    let (id, guest) = (record.summary.id, record.summary.machine);
    let member = fleet.guest_of(&guest).await?;
    let cancelled = Operation::cancel(saved(record.state)?, member.limits(), now());
    let Some((operation, effect)) = cancelled else {
        let why = format!("too late: the guest was asked to shut down (hospes runs show {id})");
        return tell(fleet, id, &guest, None, Some(&why));
    };
    let run = Run::resume(fleet.store(), lock, id)?;
    let progress = fleet.progress();
    let world = fleet.world(&member);
    let ended = run.drive(&world, operation, effect, &progress).await?;
    let report = Report::of(member.id(), id, ended);
    show_report(fleet, &report, &progress)?;
    drop(progress);
    if fleet.json() {
        return tell(fleet, id, &guest, report.outcome(), None);
    }
    Ok(exit(report.outcome()))
}

/// Waits until the run ends, its driver is gone, or `enough` is seen; as long as its driver's own
/// deadlines let it take.
async fn follow(
    fleet: &Fleet,
    guest: &MachineId,
    id: RunId,
    command: &str,
    enough: impl Fn(&RunRecord) -> bool,
) -> Result<Followed> {
    loop {
        let lock = match fleet.lock(guest, command) {
            Ok(lock) => Some(lock),
            Err(error) if is_held(&error) => None,
            Err(error) => return Err(error),
        };
        let record = fleet.store().journal().run(id)?;
        let Some(record) = record.filter(|record| record.summary.outcome.is_none()) else {
            return Ok(Followed::Ended(outcome(fleet, id)?));
        };
        if let Some(lock) = lock {
            return Ok(Followed::Orphaned(lock, Box::new(record)));
        }
        if enough(&record) {
            return Ok(Followed::Asked);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn outcome(fleet: &Fleet, id: RunId) -> Result<Option<Outcome>> {
    let record = fleet.store().journal().run(id)?;
    let text = record.and_then(|record| record.summary.outcome);
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

fn is_held(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(LockError::Held { .. }))
}

fn is_cancellable(record: &RunRecord) -> bool {
    saved(record.state.clone()).is_ok_and(|saved| saved.is_cancellable())
}

fn has_asked(record: &RunRecord) -> bool {
    saved(record.state.clone()).is_ok_and(|saved| saved.has_asked())
}

/// Cancelled, or refused because there was nothing to cancel any more.
const fn exit(outcome: Option<&Outcome>) -> Exit {
    match outcome {
        Some(Outcome::Aborted { .. }) => Exit::Ok,
        _ => Exit::Refused,
    }
}

fn tell(
    fleet: &Fleet,
    id: RunId,
    guest: &MachineId,
    outcome: Option<&Outcome>,
    why: Option<&str>,
) -> Result<Exit> {
    let exit = exit(outcome);
    if fleet.json() {
        let aborted = exit == Exit::Ok;
        let body = json!({
            "run": id, "guest": guest, "aborted": aborted, "outcome": outcome, "reason": why,
        });
        show::document("runs", &body)?;
        return Ok(exit);
    }
    let lines = outcome.map_or_else(Vec::new, |end| show::outcome_lines(guest, end, Some(id)));
    for line in why.iter().map(|why| format!("{guest}: {why}")).chain(lines) {
        show::line(&line)?;
    }
    Ok(exit)
}
