//! `ready`: guest readiness, by SSH alone.

use std::time::Duration;

use anyhow::Result;
use conditions::GuestId;
use lifecycle::operation::{Limits, Operation, Outcome, Request};
use serde::Serialize;
use serde_json::json;

use super::walk::{Verdict, walk};
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::drive::drive_unrecorded;
use crate::fleet::{Fleet, Member};
use crate::show;

#[derive(Debug, Serialize)]
struct Row {
    guest: GuestId,
    #[serde(flatten)]
    outcome: Outcome,
}

pub(super) async fn run(fleet: &Fleet, options: &cli::Ready) -> Result<Exit> {
    let members = fleet.select(&options.selection.selectors).await?;
    let wait = options.wait.unwrap_or(Duration::ZERO);
    let progress = fleet.progress();
    let each = |place: usize| row(fleet, &members[place], wait);
    let verdict = |row: &Row| match Exit::of(&row.outcome) {
        Exit::Ok => Verdict::Succeeded,
        _ => Verdict::Failed,
    };
    let walked = walk(&members, options.pace.pace(), &progress, each, verdict).await;
    drop(progress);
    let rows = walked.done;
    let exit = rows
        .iter()
        .fold(Exit::Ok, |exit, row| exit.worst(Exit::of(&row.outcome)));
    if fleet.json() {
        fleet.document("ready", json!({ "guests": rows }))?;
    } else {
        let header = ["GUEST", "READY", "BOOT", "UPTIME", "SYSTEMD", ""];
        show::line(&show::table(header, rows.iter().map(cells)))?;
        if rows.len() > 1 {
            show::line(&summary(&rows))?;
        }
    }
    Ok(exit)
}

async fn row(fleet: &Fleet, member: &Member, wait: Duration) -> Row {
    let guest = member.id().clone();
    let limits = Limits {
        ready: wait,
        ..member.limits()
    };
    let (operation, effect) = Operation::start(Request::Ready, limits, now());
    let outcome = drive_unrecorded(&fleet.world(member), operation, effect).await;
    Row { guest, outcome }
}

fn summary(rows: &[Row]) -> String {
    let is_ready = |row: &&Row| matches!(row.outcome, Outcome::Ready { .. });
    let ready = rows.iter().filter(is_ready).count();
    format!(
        "{} guests: {ready} ready, {} not",
        rows.len(),
        rows.len() - ready
    )
}

fn cells(row: &Row) -> [String; 6] {
    let guest = row.guest.to_string();
    match &row.outcome {
        Outcome::Ready { readiness } => [
            guest,
            "yes".to_owned(),
            readiness.boot_id.short().to_owned(),
            humantime::format_duration(Duration::from_secs(readiness.uptime.as_secs())).to_string(),
            readiness.system_state.clone().unwrap_or_default(),
            String::new(),
        ],
        Outcome::NotReady { reason, .. } | Outcome::Failed { reason } => {
            not_ready(guest, reason.clone())
        }
        _ => not_ready(guest, String::new()),
    }
}

fn not_ready(guest: String, reason: String) -> [String; 6] {
    [
        guest,
        "no".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        reason,
    ]
}
