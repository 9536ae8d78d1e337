//! `check`: the six conditions, guest by guest.

use anyhow::Result;
use conditions::{Check, Condition, State};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::walk::{Verdict, walk};
use crate::Exit;
use crate::cli;
use crate::fleet::{Fleet, Member};
use crate::show;

/// What is kept of a check: what was read to get there is much more.
struct Row {
    cells: [String; 7],
    is_healthy: bool,
    /// The document, or the report for people.
    told: Told,
}

enum Told {
    Document(Text),
    Report(String),
}

/// A document as text, which takes a small part of the memory that it takes as a value: there may be
/// thousands.
struct Text(String);

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value: Value = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        value.serialize(serializer)
    }
}

/// The documents of all guests.
#[derive(Serialize)]
struct Document {
    healthy: bool,
    guests: Vec<Text>,
}

pub(super) async fn run(fleet: &Fleet, options: &cli::Check) -> Result<Exit> {
    let members = fleet.select(&options.selection.selectors).await?;
    let progress = fleet.progress();
    let each = |place: usize| one(fleet, &members[place], options.evidence);
    let verdict = |row: &Row| match row.is_healthy {
        true => Verdict::Succeeded,
        false => Verdict::Failed,
    };
    let walked = walk(&members, options.pace.pace(), &progress, each, verdict).await;
    drop(progress);
    let healthy = walked.done.iter().all(|row| row.is_healthy);
    show_rows(fleet, walked.done, options.evidence, healthy)?;
    Ok(if healthy { Exit::Ok } else { Exit::Failed })
}

async fn one(fleet: &Fleet, member: &Member, evidence: bool) -> Row {
    let check = fleet.world(member).check().await;
    Row {
        cells: cells(&check),
        is_healthy: check.is_healthy(),
        told: match fleet.json() {
            true => Told::Document(Text(document(&check).to_string())),
            false => Told::Report(show::check_report(&check, evidence)),
        },
    }
}

/// Of many guests the matrix, and reports of those that are not healthy; of one its report.
fn show_rows(fleet: &Fleet, rows: Vec<Row>, evidence: bool, healthy: bool) -> Result<()> {
    let is_many = rows.len() > 1;
    if is_many && !fleet.json() {
        show::line(&matrix(&rows))?;
        show::line(&summary(&rows))?;
    }
    let mut guests = Vec::new();
    for row in rows {
        match row.told {
            Told::Document(document) => guests.push(document),
            Told::Report(_) if is_many && row.is_healthy && !evidence => {}
            Told::Report(report) => show::line(&report)?,
        }
    }
    if fleet.json() {
        fleet.document("check", Document { healthy, guests })?;
    }
    Ok(())
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

fn cells(check: &Check) -> [String; 7] {
    let mut cells = [const { String::new() }; 7];
    cells[0] = check.guest().to_string();
    for (cell, verdict) in cells[1..].iter_mut().zip(check.verdicts()) {
        *cell = mark(verdict.state).to_owned();
    }
    cells
}

/// One line a guest, one column a condition.
fn matrix(rows: &[Row]) -> String {
    let numbers = Condition::ALL.map(|condition| condition.number().to_string());
    let mut header = ["GUEST"; 7];
    for (cell, number) in header[1..].iter_mut().zip(&numbers) {
        *cell = number;
    }
    show::table(header, rows.iter().map(|row| row.cells.clone()))
}

fn summary(rows: &[Row]) -> String {
    let healthy = rows.iter().filter(|row| row.is_healthy).count();
    format!(
        "{} guests: {healthy} healthy, {} not",
        rows.len(),
        rows.len() - healthy
    )
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Healthy => "ok",
        State::Failed => "FAILED",
        State::Unknown => "?",
    }
}
