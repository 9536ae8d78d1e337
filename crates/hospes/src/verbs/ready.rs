//! `ready`: guest readiness, by SSH alone.

use std::time::Duration;

use anyhow::Result;
use conditions::GuestId;
use futures_util::{StreamExt, stream};
use lifecycle::operation::{Limits, Operation, Outcome, Request};
use serde::Serialize;
use serde_json::json;

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

/// Guests asked at once: enough to fill two cores with handshakes, few enough for small memory.
const AT_ONCE: usize = 64;

pub(super) async fn run(fleet: &Fleet, options: &cli::Ready) -> Result<Exit> {
    let members = fleet.select(&options.selection.selectors)?;
    let wait = options.wait.unwrap_or(Duration::ZERO);
    let rows = stream::iter(&members)
        .map(|member| row(fleet, member, wait))
        .buffered(AT_ONCE);
    let rows: Vec<Row> = rows.collect().await;
    let exit = rows
        .iter()
        .fold(Exit::Ok, |exit, row| exit.worst(Exit::of(&row.outcome)));
    if fleet.json() {
        show::document("ready", &json!({ "guests": rows }))?;
    } else {
        let header = ["GUEST", "READY", "BOOT", "UPTIME", "SYSTEMD", ""];
        show::line(&show::table(header, rows.iter().map(cells)))?;
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
    let outcome = match fleet.world(member) {
        Ok(world) => drive_unrecorded(&world, operation, effect).await,
        Err(error) => Outcome::Failed {
            reason: format!("{error:#}"),
        },
    };
    Row { guest, outcome }
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
