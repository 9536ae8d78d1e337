//! `check`: the six conditions, guest by guest.

use anyhow::Result;
use conditions::{Check, Condition, State};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::Exit;
use crate::cli;
use crate::fleet::{Fleet, Member};
use crate::show;

/// Guests checked at once.
const AT_ONCE: usize = 16;

pub(super) async fn run(fleet: &Fleet, options: &cli::Check) -> Result<Exit> {
    let members = fleet.select(&options.selection.selectors)?;
    let checks = stream::iter(&members)
        .map(|member| one(fleet, member))
        .buffered(AT_ONCE);
    let checks: Vec<Check> = checks
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_>>()?;
    let healthy = checks.iter().all(Check::is_healthy);
    if fleet.json() {
        let guests: Vec<_> = checks.iter().map(document).collect();
        show::document("check", &json!({ "healthy": healthy, "guests": guests }))?;
    } else {
        if let [_, _, ..] = &checks[..] {
            show::line(&matrix(&checks))?;
        }
        for check in &checks {
            show::check_report(check, options.evidence)?;
        }
    }
    Ok(if healthy { Exit::Ok } else { Exit::Failed })
}

async fn one(fleet: &Fleet, member: &Member) -> Result<Check> {
    Ok(fleet.world(member)?.check().await)
}

/// One guest's part of the document. What was read to get there stays out of it.
fn document(check: &Check) -> Value {
    json!({
        "guest": check.guest(),
        "healthy": check.is_healthy(),
        "node": check.node(),
        "run_state": check.run_state(),
        "lock": check.lock(),
        "boot_id": check.boot_id(),
        "system_state": check.system_state(),
        "identity": check.identity(),
        "ssh": check.ssh(),
        "verdicts": check.verdicts(),
        "hooks": check.hooks(),
        "checked_at": check.finished_at().to_string(),
    })
}

/// One line a guest, one column a condition.
fn matrix(checks: &[Check]) -> String {
    let rows = checks.iter().map(|check| {
        let mut cells = [const { String::new() }; 7];
        cells[0] = check.guest().to_string();
        for (cell, verdict) in cells[1..].iter_mut().zip(check.verdicts()) {
            *cell = mark(verdict.state).to_owned();
        }
        cells
    });
    let numbers = Condition::ALL.map(|condition| condition.number().to_string());
    let mut header = ["GUEST"; 7];
    for (cell, number) in header[1..].iter_mut().zip(&numbers) {
        *cell = number;
    }
    show::table(header, rows)
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Healthy => "ok",
        State::Failed => "FAILED",
        State::Unknown => "?",
    }
}
