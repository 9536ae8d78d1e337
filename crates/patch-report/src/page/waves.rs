//! Waves, and the commands of the operator.

use super::{Block, Cell, Row, Section, Table};
use crate::clock::Clock;
use crate::report::{Approval, HookRun, Report, Span, Wave};
use crate::words::{count, span};

/// So many commands are told, those that failed first.
const HOOKS_LIMIT: usize = 100;

pub(super) fn section(report: &Report, clock: &Clock<'_>) -> Section {
    let mut rows = Vec::new();
    for group in &report.groups {
        for wave in &group.waves {
            rows.push(Row::of(row(&group.name, wave, clock)));
        }
    }
    let table = Block::Table(Table {
        caption: "Groups and their waves",
        columns: &[
            "Group", "Wave", "Members", "Planned", "Began", "Ended", "Soak", "Approval",
        ],
        rows,
    });
    let blocks = if report.groups.is_empty() {
        vec![]
    } else {
        vec![table]
    };
    Section {
        heading: "Waves",
        blocks,
    }
}

fn row(group: &str, wave: &Wave, clock: &Clock<'_>) -> Vec<Cell> {
    let name = wave.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(" {name}"));
    let parts = wave
        .numbers
        .parts()
        .into_iter()
        .filter(|(_, number)| *number > 0);
    let parts: Vec<String> = parts
        .map(|(word, number)| format!("{number} {word}"))
        .collect();
    let when = |at| Cell::some(Option::map(at, |at| clock.day_and_time(at)));
    vec![
        Cell::words(group),
        Cell::words(format!("{}{name}", wave.number)),
        Cell::words(parts.join(", ")),
        when(wave.planned),
        when(wave.began),
        when(wave.ended),
        soak(wave),
        Cell::some(wave.approval.as_ref().map(|said| approval(said, clock))),
    ]
}

fn soak(wave: &Wave) -> Cell {
    if wave.soak.is_zero() {
        return Cell::Nothing;
    }
    let planned = span(wave.soak);
    Cell::words(match wave.soaked {
        None => format!("{planned} planned"),
        Some(Span { until: None, .. }) => format!("goes on, {planned} planned"),
        Some(Span {
            from,
            until: Some(until),
        }) => {
            let was = until.since(from);
            if was == wave.soak {
                planned
            } else {
                format!("{} of {planned}", span(was))
            }
        }
    })
}

fn approval(said: &Approval, clock: &Clock<'_>) -> String {
    match (&said.by, said.at) {
        (Some(by), Some(at)) => {
            format!("`{}` by {by}, {}", said.word, clock.day_and_time(at))
        }
        _ => format!("`{}` not said", said.word),
    }
}

pub(super) fn hooks(report: &Report, clock: &Clock<'_>) -> Section {
    let mut hooks: Vec<&HookRun> = report.campaign.hooks.iter().collect();
    hooks.sort_by_key(|hook| hook.failure.is_none());
    let rows: Vec<Row> = hooks
        .iter()
        .take(HOOKS_LIMIT)
        .map(|hook| Row::of(hook_row(hook, clock)))
        .collect();
    let others = hooks.len() - rows.len();
    let mut blocks = Vec::new();
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            caption: "Commands of the operator",
            columns: &["Command", "Began", "Took", "Result"],
            rows,
        }));
    }
    if others > 0 {
        let others = count(others, "other", "others");
        blocks.push(Block::Words(format!("{others} ended well or go on.")));
    }
    Section {
        heading: "Commands of the operator",
        blocks,
    }
}

fn hook_row(hook: &HookRun, clock: &Clock<'_>) -> Vec<Cell> {
    let result = match (&hook.failure, hook.span.until) {
        (Some(failure), _) => format!("failed: {failure}"),
        (None, Some(_)) => "ended well".to_owned(),
        (None, None) => "no end is known".to_owned(),
    };
    vec![
        Cell::code(&hook.hook),
        Cell::words(clock.day_and_second(hook.span.from)),
        Cell::some(
            hook.span
                .until
                .map(|until| span(until.since(hook.span.from))),
        ),
        Cell::words(result),
    ]
}
