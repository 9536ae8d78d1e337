//! Dry runs of lifecycle operations: everything is read, nothing is touched.

use anyhow::Result;
use conditions::{GuestId, Observation, RunState};
use lifecycle::gate::{Accepted, Purpose, RefusalReason, StartOrder, objections};
use lifecycle::operation::{Graceful, WithoutWatcher};
use lifecycle::ports::Presence;
use serde::Serialize;
use serde_json::json;

use super::change::graceful;
use crate::Exit;
use crate::cli::{self, Selection};
use crate::clock::now;
use crate::fleet::Fleet;
use crate::show;

/// What one guest's operation would do.
#[derive(Debug, Serialize)]
struct Forecast {
    guest: GuestId,
    /// It would begin.
    admitted: bool,
    /// Why not, or what it would do.
    lines: Vec<String>,
    reasons: Vec<RefusalReason>,
    /// Whether somebody in it watches for a stop, where it would be announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    watcher: Option<bool>,
    #[serde(skip)]
    exit: Exit,
}

impl Forecast {
    /// An operation that would end with `exit` is admitted when that is a success.
    fn new(guest: GuestId, lines: Vec<String>, reasons: Vec<RefusalReason>, exit: Exit) -> Self {
        Self {
            guest,
            admitted: exit == Exit::Ok,
            lines,
            reasons,
            watcher: None,
            exit,
        }
    }
}

/// `restart --check` and `shutdown --check`.
pub(super) async fn power(
    fleet: &Fleet,
    verb: &str,
    options: &cli::Power,
    accepted: &Accepted,
) -> Result<Exit> {
    let purpose = match verb {
        "shutdown" => Purpose::Shutdown,
        _ => Purpose::Restart,
    };
    let mut forecasts = Vec::new();
    for member in fleet.select(&options.selection.selectors).await? {
        let world = fleet.world(&member);
        let graceful = graceful(&member, options);
        let presence = match graceful {
            Some(_) => Some(world.watcher().await),
            None => None,
        };
        let check = world.check().await;
        let mut reasons = objections(&check, purpose, accepted, now(), member.limits().permit);
        if reasons.is_empty() {
            reasons.extend(unwatched(graceful, presence.as_ref()));
        }
        let (lines, exit) = match reasons.is_empty() {
            true => {
                let mut lines = would_announce(graceful, presence.as_ref());
                let by = match check.observation().high_availability() {
                    Some(ha) => {
                        format!(" by one request to the hypervisor ({} is under HA)", ha.sid)
                    }
                    None => String::new(),
                };
                lines.push(format!("would {verb}{by} (boot {})", boot(&check)));
                (lines, Exit::Ok)
            }
            false => {
                let lines = reasons.iter().map(ToString::to_string).collect();
                (lines, Exit::Refused)
            }
        };
        let mut forecast = Forecast::new(member.id().clone(), lines, reasons, exit);
        forecast.watcher = presence.map(|presence| presence == Presence::Watching);
        forecasts.push(forecast);
    }
    tell(fleet, verb, &forecasts)
}

/// The refusal for want of a watcher.
fn unwatched(graceful: Option<Graceful>, presence: Option<&Presence>) -> Option<RefusalReason> {
    match (graceful?.without_watcher, presence?) {
        (WithoutWatcher::Refuse, Presence::Absent { why }) => {
            Some(RefusalReason::NoWatcher { why: why.clone() })
        }
        _ => None,
    }
}

/// What would be told to the guest first.
fn would_announce(graceful: Option<Graceful>, presence: Option<&Presence>) -> Vec<String> {
    let (Some(graceful), Some(presence)) = (graceful, presence) else {
        return Vec::new();
    };
    let announce = format!(
        "would announce the stop: its graceful scripts have {}",
        show::words::span(graceful.max)
    );
    match (presence, graceful.without_watcher) {
        (Presence::Watching, _) => vec![format!("{announce} (a watcher is there)")],
        (Presence::Absent { why }, WithoutWatcher::GoOn) => {
            vec![format!("would run none of its graceful scripts: {why}")]
        }
        (Presence::Absent { why }, _) => vec![format!("{announce} (no watcher: {why})")],
    }
}

/// `start --check`.
pub(super) async fn start(fleet: &Fleet, selection: &Selection) -> Result<Exit> {
    let mut forecasts = Vec::new();
    for member in fleet.select(&selection.selectors).await? {
        let guest = member.id().clone();
        let seen = fleet.world(&member).observe().await;
        forecasts.push(match seen {
            Ok(seen) => start_of(guest, &seen),
            Err(error) => Forecast::new(guest, vec![error.to_string()], Vec::new(), Exit::Failed),
        });
    }
    tell(fleet, "start", &forecasts)
}

fn start_of(guest: GuestId, seen: &Observation) -> Forecast {
    let one = |line: &str| vec![line.to_owned()];
    if seen.run_state == RunState::Running {
        return Forecast::new(guest, one("runs already"), Vec::new(), Exit::Ok);
    }
    match StartOrder::for_stopped(seen, now()) {
        Ok(_) => {
            let lines = one("is stopped, would start");
            Forecast::new(guest, lines, Vec::new(), Exit::Ok)
        }
        Err(refusal) => {
            let lines = refusal.reasons.iter().map(ToString::to_string).collect();
            Forecast::new(guest, lines, refusal.reasons, Exit::Refused)
        }
    }
}

/// `reboot --check`.
pub(super) async fn reboot(fleet: &Fleet, selection: &Selection) -> Result<Exit> {
    let mut forecasts = Vec::new();
    for member in fleet.select(&selection.selectors).await? {
        let guest = member.id().clone();
        let (line, exit) = match fleet.world(&member).probe().await {
            Ok(ready) => {
                let line = format!("would reboot boot {}", ready.boot_id.short());
                (line, Exit::Ok)
            }
            Err(not) => (format!("not ready: {}", not.reason), Exit::NotReady),
        };
        forecasts.push(Forecast::new(guest, vec![line], Vec::new(), exit));
    }
    tell(fleet, "reboot", &forecasts)
}

fn tell(fleet: &Fleet, verb: &str, forecasts: &[Forecast]) -> Result<Exit> {
    if fleet.json() {
        fleet.document(verb, json!({ "dry_run": true, "guests": forecasts }))?;
    } else {
        for forecast in forecasts {
            let word = if forecast.admitted {
                ""
            } else {
                "would refuse: "
            };
            for line in &forecast.lines {
                show::line(&format!("{}: {word}{line}", forecast.guest))?;
            }
        }
    }
    Ok(forecasts
        .iter()
        .fold(Exit::Ok, |exit, forecast| exit.worst(forecast.exit)))
}

fn boot(check: &conditions::Check) -> &str {
    check.boot_id().map_or("unknown", conditions::BootId::short)
}
