//! A run's timeline.

use anyhow::Result;
use conditions::Timestamp;
use journal::{RunRecord, RunStatus};
use lifecycle::operation::Outcome;

use super::{line, outcome_lines};

/// What happened when: steps and remarks in the order of time, then the end.
pub(crate) fn timeline(record: &RunRecord) -> Result<()> {
    let run = &record.summary;
    line(&format!(
        "{}: {} of {} by {}, {} ({})",
        run.id, run.operation, run.guest, run.operator, run.began, run.status
    ))?;
    for (at, text) in entries(record) {
        line(&format!(
            "  {:>8.1} s  {text}",
            at.since(run.began).as_secs_f64()
        ))?;
    }
    let ended = run
        .outcome
        .as_deref()
        .and_then(|text| serde_json::from_str::<Outcome>(text).ok());
    for text in ended
        .iter()
        .flat_map(|end| outcome_lines(&run.guest, end, Some(run.id)))
    {
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
