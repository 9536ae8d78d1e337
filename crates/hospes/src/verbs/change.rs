//! `restart`, `shutdown`, `start`, `reboot`, `fix`: recorded operations on one guest or many.

use anyhow::Result;
use conditions::GuestId;
use lifecycle::gate::Accepted;
use lifecycle::operation::{Graceful, Operation, Request, Stop};
use serde_json::{Value, json};

use super::report::{Report, Summary};
use super::walk::walk;
use super::{dry_run, waiting};
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::drive::Run;
use crate::fleet::{Fleet, Member};
use crate::open_run;
use crate::show::{self, Progress};

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
    each(fleet, &options.selection, &options.pace, &order).await
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
    let order = Order::plain("start", &|_| Request::Start);
    each(fleet, &options.selection, &options.pace, &order).await
}

pub(super) async fn reboot(fleet: &Fleet, options: &cli::Reboot) -> Result<Exit> {
    if options.check {
        return dry_run::reboot(fleet, &options.selection).await;
    }
    let order = Order::plain("reboot", &|_| Request::Reboot);
    each(fleet, &options.selection, &options.pace, &order).await
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

/// Operates on the selected guests as `pace` allows; without more of it one after the other until
/// the first that does not succeed: what was wrong there may be wrong everywhere.
pub(super) async fn each(
    fleet: &Fleet,
    selection: &cli::Selection,
    pace: &cli::ChangePace,
    order: &Order<'_>,
) -> Result<Exit> {
    let members = fleet.select(&selection.selectors).await?;
    let progress = fleet.progress();
    let operate = async |place: usize| {
        let member = &members[place];
        let report = one(fleet, order, member, &progress).await;
        report.unwrap_or_else(|error| Report::not_begun(member, &error))
    };
    let mut shown = Ok(());
    let told = |report: &Report| {
        let result = show_report(fleet, report, &progress);
        shown = std::mem::replace(&mut shown, Ok(())).and(result);
        report.verdict()
    };
    let walked = walk(&members, pace.pace(), &progress, operate, told).await;
    shown?;
    let untouched = walked.not_begun.iter().map(|place| members[*place].id());
    let untouched: Vec<_> = untouched.map(GuestId::as_str).collect();
    if !untouched.is_empty() {
        progress.say(&format!(
            "stopped here; not touched: {}",
            untouched.join(" ")
        ));
    }
    drop(progress);
    let summary = Summary::of(&walked.done, untouched.len());
    if fleet.json() {
        let body = json!({
            "guests": walked.done.iter().map(Report::document).collect::<Vec<_>>(),
            "not_touched": untouched,
            "summary": summary,
        });
        fleet.document(order.verb, body)?;
    } else if members.len() > 1 {
        show::line(&summary.line())?;
    }
    let reports = walked.done.iter();
    Ok(reports.fold(Exit::Ok, |exit, report| exit.worst(report.exit())))
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
    open_run::settle(fleet.store(), &lock)?;
    let options = options_of(&request);
    let (operation, effect) = Operation::start(request, member.limits(), now());
    let run = Run::begin(fleet.store(), lock, verb, options, &operation)?;
    let world = fleet.world(member);
    let ended = run.drive(&world, operation, effect, progress).await?;
    Ok(Report::of(member.id(), run.id(), ended))
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
    let lines = report.lines();
    progress.suspended(|| lines.iter().try_for_each(|line| show::line(line)))
}
