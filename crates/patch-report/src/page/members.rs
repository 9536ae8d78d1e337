//! Everybody of the plan, and who is not in it.

use std::time::Duration;

use patch::result::ChangeKind;
use plan::LeftOutReason;

use super::{Block, Cell, Row, Section, Table};
use crate::clock::Clock;
use crate::report::{Member, Report, Standing};
use crate::words::{some, span};

/// So many runs are named.
const RUNS: usize = 4;

pub(super) fn section(report: &Report) -> Section {
    let rows = report.members.iter().map(|member| Row {
        member: Some(member.id.to_string()),
        cells: row(member),
    });
    let rows: Vec<Row> = rows.collect();
    let table = Block::Table(Table {
        caption: "Everybody of the plan",
        columns: &[
            "Who", "Node", "Group", "Wave", "Result", "Packages", "Security", "Reboot", "Took",
            "Runs", "Agent",
        ],
        rows,
    });
    let blocks = if report.members.is_empty() {
        vec![]
    } else {
        vec![table]
    };
    Section {
        heading: "Members",
        blocks,
    }
}

fn row(member: &Member) -> Vec<Cell> {
    let changes = member.changes();
    let changed = changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Broken);
    let security = changed.clone().filter(|change| change.security).count();
    let took: Duration = member
        .tries
        .iter()
        .filter_map(|tried| Some(tried.ended?.since(tried.began)))
        .sum();
    let reboots = member.reboots().map(|proof| {
        let took = span(proof.took);
        format!(
            "`{}` to `{}` in {took}",
            proof.old.short(),
            proof.new.short()
        )
    });
    let reboots: Vec<String> = reboots.collect();
    let runs = some(member.tries.iter().map(|tried| &tried.run), RUNS);
    let filled = |text: String| (!text.is_empty()).then_some(text);
    vec![
        Cell::code(member.id.to_string()),
        Cell::some(member.host.as_ref().map(ToString::to_string)),
        Cell::words(&member.group),
        Cell::Number(member.wave),
        Cell::Standing(member.standing.word(), result(member)),
        Cell::count(changed.count()),
        Cell::count(security),
        Cell::some(filled(reboots.join("; "))),
        Cell::some((!took.is_zero()).then(|| span(took))),
        Cell::some(filled(runs)),
        Cell::some(member.agent()),
    ]
}

/// `failed (incomplete)`; what is wrong is told at length elsewhere.
fn result(member: &Member) -> String {
    let word = member.standing.word();
    let ending = member.found().map(|found| found.ending);
    let told = match &member.standing {
        Standing::NotBegun(why) | Standing::Waiting(Some(why)) => Some(why.as_str()),
        Standing::Done => ending.filter(|ending| *ending != "patched"),
        Standing::Failed(_) | Standing::Down(_) => ending,
        Standing::Waiting(None) | Standing::UnderWay => None,
    };
    told.map_or_else(|| word.to_owned(), |told| format!("{word} ({told})"))
}

pub(super) fn left_out(report: &Report, clock: &Clock<'_>) -> Section {
    let rows = report.left_out.iter().map(|one| Row {
        member: Some(one.id.to_string()),
        cells: vec![
            Cell::code(one.id.to_string()),
            Cell::some(one.host.as_ref().map(ToString::to_string)),
            Cell::some(one.group.as_ref()),
            Cell::words(why(&one.reason, clock)),
        ],
    });
    let rows: Vec<Row> = rows.collect();
    let table = |rows| {
        Block::Table(Table {
            caption: "Who is not in the plan",
            columns: &["Who", "Node", "Group", "Why"],
            rows,
        })
    };
    let blocks = if rows.is_empty() {
        vec![]
    } else {
        vec![table(rows)]
    };
    Section {
        heading: "Left out",
        blocks,
    }
}

fn why(reason: &LeftOutReason, clock: &Clock<'_>) -> String {
    match reason {
        LeftOutReason::Held {
            reason,
            until: Some(until),
        } => format!("held until {}: {reason}", clock.day_and_time(*until)),
        other => other.to_string(),
    }
}
