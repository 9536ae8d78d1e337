//! `restart`, `shutdown`, `start`, `reboot`: recorded operations, one guest after the other.

use anyhow::{Result, anyhow, bail};
use conditions::GuestId;
use journal::{RunId, RunStatus};
use lifecycle::gate::Accepted;
use lifecycle::operation::{Graceful, Operation, Outcome, Request, Saved, Stop, WaitEnd};
use serde::Serialize;
use serde_json::{Value, json};

use super::{dry_run, waiting};
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::drive::{Driven, Ended, Run, operator};
use crate::fleet::{Fleet, Member};
use crate::show::{self, Progress, outcome_lines};

/// One guest's part of the answer.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    guest: GuestId,
    run: Option<RunId>,
    outcome: Option<Outcome>,
    /// How the time for its graceful scripts ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    graceful: Option<WaitEnd>,
    /// Why there is no outcome: interrupted, or not begun.
    reason: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

pub(super) async fn restart(fleet: &Fleet, options: &cli::Power) -> Result<Exit> {
    power(fleet, "restart", options, Request::Restart).await
}

pub(super) async fn shutdown(fleet: &Fleet, options: &cli::Power) -> Result<Exit> {
    power(fleet, "shutdown", options, Request::Shutdown).await
}

async fn power(
    fleet: &Fleet,
    verb: &str,
    options: &cli::Power,
    request: fn(Stop) -> Request,
) -> Result<Exit> {
    let accepted = options.accept.accepted()?;
    if options.check {
        return dry_run::power(fleet, verb, options, &accepted).await;
    }
    let order = Order {
        verb,
        request: &|member| {
            request(Stop {
                accepted: accepted.clone(),
                graceful: graceful(member, options),
            })
        },
        ends_wait: options.graceful.now.then_some(&accepted),
    };
    each(fleet, &options.selection, &order).await
}

/// How this guest's graceful scripts run first, if they do.
pub(super) fn graceful(member: &Member, options: &cli::Power) -> Option<Graceful> {
    let (configured, without_watcher) = member.graceful();
    let max = options.graceful.time(configured)?;
    Some(Graceful {
        max,
        without_watcher,
    })
}

pub(super) async fn start(fleet: &Fleet, options: &cli::Start) -> Result<Exit> {
    if options.check {
        return dry_run::start(fleet, &options.selection).await;
    }
    each(
        fleet,
        &options.selection,
        &Order::plain("start", &|_| Request::Start),
    )
    .await
}

pub(super) async fn reboot(fleet: &Fleet, options: &cli::Reboot) -> Result<Exit> {
    if options.check {
        return dry_run::reboot(fleet, &options.selection).await;
    }
    let order = Order::plain("reboot", &|_| Request::Reboot);
    each(fleet, &options.selection, &order).await
}

/// What is done to each of several guests.
pub(super) struct Order<'a> {
    verb: &'a str,
    request: &'a (dyn Fn(&Member) -> Request + Sync),
    /// A run that waits for graceful scripts goes on at once, and takes the place of a new one.
    ends_wait: Option<&'a Accepted>,
}

impl<'a> Order<'a> {
    pub(super) const fn plain(
        verb: &'a str,
        request: &'a (dyn Fn(&Member) -> Request + Sync),
    ) -> Self {
        Self {
            verb,
            request,
            ends_wait: None,
        }
    }
}

/// Operates on the selected guests one after the other. The first that does not succeed ends it:
/// what was wrong there may be wrong everywhere.
pub(super) async fn each(
    fleet: &Fleet,
    selection: &cli::Selection,
    order: &Order<'_>,
) -> Result<Exit> {
    let members = fleet.select(&selection.selectors)?;
    let progress = fleet.progress();
    let mut reports: Vec<Report> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        let report = one(fleet, order, member, &progress).await;
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
        show::document(order.verb, &json!({ "guests": reports }))?;
    }
    Ok(reports
        .iter()
        .fold(Exit::Ok, |exit, report| exit.worst(report.exit)))
}

async fn one(
    fleet: &Fleet,
    order: &Order<'_>,
    member: &Member,
    progress: &Progress,
) -> Result<Report> {
    let verb = order.verb;
    if let Some(accepted) = order.ends_wait
        && let Some(report) = waiting::end(fleet, verb, member, accepted, progress).await?
    {
        return Ok(report);
    }
    let request = (order.request)(member);
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
        if saved.is_cancellable() && saved.is_owed() {
            bail!(
                "{guest} has a {} that waits for its graceful scripts, run {id}: go on with it \
                 (hospes runs resume {id}) or cancel it (hospes runs abort {id})",
                open.summary.operation,
            );
        }
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
    let (Request::Restart(stop) | Request::Shutdown(stop)) = request else {
        return json!({});
    };
    let accepted = stop.accepted.iter().map(conditions::Condition::number);
    let mut options = json!({ "accept-unknown": accepted.collect::<Vec<_>>() });
    if let Some(graceful) = &stop.graceful {
        options["graceful-seconds"] = json!(graceful.max.as_secs());
        options["without-watcher"] = json!(graceful.without_watcher);
    }
    options
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
            Ended::With(driven) => {
                let Driven { outcome, waited } = *driven;
                Self {
                    guest,
                    run: Some(run),
                    exit: Exit::of(&outcome),
                    outcome: Some(outcome),
                    graceful: waited,
                    reason: None,
                }
            }
            Ended::Interrupted { announced } => {
                let stays = match announced {
                    true => format!(
                        "the stop stays announced to it; cancel it with: hospes runs abort {run}; "
                    ),
                    false => String::new(),
                };
                let reason = format!(
                    "interrupted; nothing more is asked of the guest; {stays}go on with: hospes \
                     runs resume {run}"
                );
                Self {
                    guest,
                    run: Some(run),
                    outcome: None,
                    graceful: None,
                    reason: Some(reason),
                    exit: Exit::Failed,
                }
            }
        }
    }

    /// Of a run that another hospes drove.
    pub(super) fn of_other(guest: &GuestId, run: RunId, outcome: Option<Outcome>) -> Self {
        let exit = outcome.as_ref().map_or(Exit::Failed, Exit::of);
        let reason = outcome
            .is_none()
            .then(|| format!("run {run} has ended; hospes runs show {run} tells how"));
        Self {
            guest: guest.clone(),
            run: Some(run),
            outcome,
            graceful: None,
            reason,
            exit,
        }
    }

    pub(super) const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn not_begun(member: &Member, error: &anyhow::Error) -> Self {
        let guest = member.id().clone();
        let exit = Exit::Refused;
        Self {
            guest,
            run: None,
            outcome: None,
            graceful: None,
            reason: Some(format!("{error:#}")),
            exit,
        }
    }

    pub(super) const fn exit(&self) -> Exit {
        self.exit
    }
}
