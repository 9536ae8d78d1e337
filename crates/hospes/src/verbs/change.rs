//! `restart`, `shutdown`, `start`, `reboot`: recorded operations, one guest after the other.

use anyhow::{Result, anyhow, bail};
use conditions::GuestId;
use journal::{RunId, RunStatus};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Operation, Outcome, Request, Saved};
use serde::Serialize;
use serde_json::{Value, json};

use super::dry_run;
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::drive::{Ended, Run, operator};
use crate::fleet::{Fleet, Member};
use crate::show::{self, Progress, outcome_lines};

/// One guest's part of the answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    guest: GuestId,
    run: Option<RunId>,
    outcome: Option<Outcome>,
    /// Why there is no outcome: interrupted, or not begun.
    reason: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

pub(super) async fn restart(fleet: &Fleet, options: &cli::Power) -> Result<Exit> {
    let accepted = options.accept.accepted()?;
    if options.check {
        return dry_run::power(fleet, "restart", &options.selection, &accepted).await;
    }
    each(fleet, "restart", &options.selection, &|_| {
        Request::Restart(accepted.clone())
    })
    .await
}

pub(super) async fn shutdown(fleet: &Fleet, options: &cli::Power) -> Result<Exit> {
    let accepted = options.accept.accepted()?;
    if options.check {
        return dry_run::power(fleet, "shutdown", &options.selection, &accepted).await;
    }
    each(fleet, "shutdown", &options.selection, &|_| {
        Request::Shutdown(accepted.clone())
    })
    .await
}

pub(super) async fn start(fleet: &Fleet, options: &cli::Start) -> Result<Exit> {
    if options.check {
        return dry_run::start(fleet, &options.selection).await;
    }
    each(fleet, "start", &options.selection, &|_| Request::Start).await
}

pub(super) async fn reboot(fleet: &Fleet, options: &cli::Reboot) -> Result<Exit> {
    if options.check {
        return dry_run::reboot(fleet, &options.selection).await;
    }
    each(fleet, "reboot", &options.selection, &|_| Request::Reboot).await
}

/// Operates on the selected guests one after the other. The first that does not succeed ends it:
/// what was wrong there may be wrong everywhere.
pub(super) async fn each(
    fleet: &Fleet,
    verb: &str,
    selection: &cli::Selection,
    request: &(dyn Fn(&Member) -> Request + Sync),
) -> Result<Exit> {
    let members = fleet.select(&selection.selectors)?;
    let progress = fleet.progress();
    let mut reports: Vec<Report> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        let report = one(fleet, verb, member, request(member), &progress).await;
        let report = report.unwrap_or_else(|error| Report::not_begun(member, &error));
        show_report(fleet, &report, &progress)?;
        let succeeded = report.exit == Exit::Ok;
        reports.push(report);
        let rest = &members[i + 1..];
        if !succeeded && !rest.is_empty() {
            let names: Vec<_> = rest.iter().map(|member| member.id().as_str()).collect();
            progress.say(&format!("stopped here; not touched: {}", names.join(" ")));
            break;
        }
    }
    drop(progress);
    if fleet.json() {
        show::document(verb, &json!({ "guests": reports }))?;
    }
    Ok(reports
        .iter()
        .fold(Exit::Ok, |exit, report| exit.worst(report.exit)))
}

async fn one(
    fleet: &Fleet,
    verb: &str,
    member: &Member,
    request: Request,
    progress: &Progress,
) -> Result<Report> {
    let lock = fleet.lock(member.id(), verb)?;
    settle_open_run(fleet, member.id(), &lock)?;
    let options = options_of(&request);
    let (operation, effect) = Operation::start(request, member.limits(), now());
    let run = Run::begin(fleet.store(), lock, member.id(), verb, options, &operation)?;
    let world = fleet.world(member)?;
    let ended = run.drive(&world, operation, effect, progress).await?;
    Ok(Report::of(member.id(), run.id, ended))
}

/// An earlier run on this guest that is still owed something comes first; one that is not gives
/// way.
fn settle_open_run(fleet: &Fleet, guest: &GuestId, lock: &journal::GuestLock) -> Result<()> {
    let journal = fleet.store().journal();
    while let Some(open) = journal.open_run(guest)? {
        let id = open.summary.id;
        let saved: Saved = serde_json::from_value(open.state.clone())
            .map_err(|e| anyhow!("run {id} cannot be read ({e}); hospes runs abandon {id}"))?;
        if saved.is_owed() {
            bail!(
                "{guest} has an unfinished run {id} ({} since {}): go on with it (hospes runs \
                 resume {id}) or give it up (hospes runs abandon {id})",
                open.summary.operation,
                open.summary.began
            );
        }
        let note = format!("given up for a new operation of {}", operator());
        journal.note(id, &note, now())?;
        let outcome = open.summary.outcome.unwrap_or_default();
        journal.finish(id, lock, &outcome, RunStatus::Abandoned, now())?;
    }
    Ok(())
}

fn options_of(request: &Request) -> Value {
    let accepted = |accepted: &Accepted| {
        let numbers: Vec<_> = accepted.iter().map(conditions::Condition::number).collect();
        json!({ "accept-unknown": numbers })
    };
    match request {
        Request::Restart(a) | Request::Shutdown(a) => accepted(a),
        _ => json!({}),
    }
}

pub(super) fn show_report(fleet: &Fleet, report: &Report, progress: &Progress) -> Result<()> {
    if fleet.json() {
        return Ok(());
    }
    let lines = match (&report.outcome, &report.reason) {
        (Some(outcome), _) => outcome_lines(&report.guest, outcome, report.run),
        (None, Some(reason)) => vec![format!("{}: {reason}", report.guest)],
        (None, None) => Vec::new(),
    };
    progress.suspended(|| lines.iter().try_for_each(|line| show::line(line)))
}

impl Report {
    pub(super) fn of(guest: &GuestId, run: RunId, ended: Ended) -> Self {
        let guest = guest.clone();
        match ended {
            Ended::With(outcome) => {
                let exit = Exit::of(&outcome);
                Self {
                    guest,
                    run: Some(run),
                    outcome: Some(*outcome),
                    reason: None,
                    exit,
                }
            }
            Ended::Interrupted => {
                let reason = format!(
                    "interrupted; nothing more is asked of the guest; go on with: hospes runs resume {run}"
                );
                let (outcome, reason, run) = (None, Some(reason), Some(run));
                Self {
                    guest,
                    run,
                    outcome,
                    reason,
                    exit: Exit::Failed,
                }
            }
        }
    }

    fn not_begun(member: &Member, error: &anyhow::Error) -> Self {
        let guest = member.id().clone();
        let exit = Exit::Refused;
        Self {
            guest,
            run: None,
            outcome: None,
            reason: Some(format!("{error:#}")),
            exit,
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }
}
