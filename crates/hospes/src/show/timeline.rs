//! A run's timeline.

use anyhow::Result;
use conditions::Timestamp;
use journal::{RunRecord, RunStatus, RunSummary};

use super::{line, outcome_line, outcome_lines, patch_lines};
use crate::patch::guest::OPERATION;
use crate::patch::node;

/// What happened when: steps and remarks in the order of time, then the end.
pub(crate) fn timeline(record: &RunRecord) -> Result<()> {
    let run = &record.summary;
    line(&format!(
        "{}: {} of {} by {}, {} ({})",
        run.id, run.operation, run.machine, run.operator, run.began, run.status
    ))?;
    for (at, text) in entries(record) {
        line(&format!(
            "  {:>8.1} s  {text}",
            at.since(run.began).as_secs_f64()
        ))?;
    }
    for text in ended_lines(run) {
        line(&text)?;
    }
    if run.status == RunStatus::Active {
        line(&format!(
            "unfinished; to go on: hospes runs resume {}",
            run.id
        ))?;
    }
    Ok(())
}

/// How a run ended, the first line the plainest; nothing while it has not.
fn ended_lines(run: &RunSummary) -> Vec<String> {
    let Some(text) = run.outcome.as_deref() else {
        return Vec::new();
    };
    if run.operation == OPERATION {
        let outcome = serde_json::from_str(text);
        return outcome.map_or_else(
            |_| Vec::new(),
            |end| patch_lines(&run.machine, &end, run.id),
        );
    }
    if run.operation == node::OPERATION {
        let outcome = serde_json::from_str(text);
        return outcome.map_or_else(
            |_| Vec::new(),
            |end| node::lines(&run.machine, &end, run.id),
        );
    }
    let outcome = serde_json::from_str(text);
    outcome.map_or_else(
        |_| Vec::new(),
        |end| outcome_lines(&run.machine, &end, Some(run.id)),
    )
}

/// How a run ended, in one line.
pub(crate) fn ended_line(run: &RunSummary) -> Option<String> {
    if [OPERATION, node::OPERATION].contains(&run.operation.as_str()) {
        return ended_lines(run).into_iter().next();
    }
    let outcome = serde_json::from_str(run.outcome.as_deref()?).ok()?;
    Some(outcome_line(&run.machine, &outcome, run.id))
}

fn entries(record: &RunRecord) -> Vec<(Timestamp, String)> {
    let mut entries = Vec::new();
    for step in &record.steps {
        entries.push((step.intended, step.detail.clone()));
        match &step.result {
            Some(result) if result.detail.is_empty() => {
                entries.push((result.at, format!("  {}", result.outcome)));
            }
            Some(result) => {
                entries.push((
                    result.at,
                    format!("  {}: {}", result.outcome, result.detail),
                ));
            }
            None => entries.push((step.intended, "  (no result was recorded)".to_owned())),
        }
    }
    entries.extend(record.notes.iter().map(|note| (note.at, note.text.clone())));
    entries.sort_by_key(|(at, _)| *at);
    entries
}
