//! Dry runs of lifecycle operations: everything is read, nothing is touched.

use anyhow::Result;
use conditions::{GuestId, RunState};
use lifecycle::gate::{Accepted, RefusalReason, objections};
use serde::Serialize;
use serde_json::json;

use crate::Exit;
use crate::cli::Selection;
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
            exit,
        }
    }
}

/// `restart --check` and `shutdown --check`.
pub(super) async fn power(
    fleet: &Fleet,
    verb: &str,
    selection: &Selection,
    accepted: &Accepted,
) -> Result<Exit> {
    let mut forecasts = Vec::new();
    for member in fleet.select(&selection.selectors)? {
        let world = fleet.world(&member)?;
        let check = world.check().await;
        let reasons = objections(&check, accepted, now(), member.limits().permit);
        let lines = match reasons.is_empty() {
            true => vec![format!("would {verb} (boot {})", boot(&check))],
            false => reasons.iter().map(ToString::to_string).collect(),
        };
        let exit = if reasons.is_empty() {
            Exit::Ok
        } else {
            Exit::Refused
        };
        let guest = member.id().clone();
        forecasts.push(Forecast::new(guest, lines, reasons, exit));
    }
    tell(fleet, verb, &forecasts)
}

/// `start --check`.
pub(super) async fn start(fleet: &Fleet, selection: &Selection) -> Result<Exit> {
    let mut forecasts = Vec::new();
    for member in fleet.select(&selection.selectors)? {
        let guest = member.id().clone();
        let seen = fleet.world(&member)?.observe().await;
        let (line, exit) = match seen {
            Ok(seen) => match seen.run_state {
                RunState::Stopped => ("is stopped, would start".to_owned(), Exit::Ok),
                RunState::Running => ("runs already".to_owned(), Exit::Ok),
                RunState::Other(word) => (format!("is {word}"), Exit::Refused),
            },
            Err(error) => (error.to_string(), Exit::Failed),
        };
        forecasts.push(Forecast::new(guest, vec![line], Vec::new(), exit));
    }
    tell(fleet, "start", &forecasts)
}

/// `reboot --check`.
pub(super) async fn reboot(fleet: &Fleet, selection: &Selection) -> Result<Exit> {
    let mut forecasts = Vec::new();
    for member in fleet.select(&selection.selectors)? {
        let guest = member.id().clone();
        let (line, exit) = match fleet.world(&member)?.probe().await {
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
        show::document(verb, &json!({ "dry_run": true, "guests": forecasts }))?;
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
