//! `patch report`.

use anyhow::{Context, Result};
use journal::RunRecord;
use patch_report::input::{Head, Step, Try, TryOutcome};
use patch_report::{Input, Report};
use plan::{MemberId, Zone};

use super::campaigns::Known;
use super::files;
use crate::Exit;
use crate::cli::{self, ReportFormat};
use crate::clock::now;
use crate::fleet::Fleet;
use crate::patch::campaign::entry;
use crate::patch::guest::State;
use crate::show;

pub(super) fn run(fleet: &Fleet, options: &cli::ReportPatches) -> Result<Exit> {
    let known = Known::called(fleet, &options.campaign)?;
    let report = report(fleet, &known)?;
    let zone = zone(&known);
    let format = if fleet.json() {
        ReportFormat::Json
    } else {
        options.format
    };
    let text = match format {
        ReportFormat::Markdown => report.markdown(&zone),
        ReportFormat::Html => report.html(&zone),
        ReportFormat::Json => {
            serde_json::to_string_pretty(&report).context("a report is plain data")?
        }
    };
    match &options.out {
        Some(out) => files::write(out, text.as_bytes())?,
        None => show::line(text.trim_end())?,
    }
    Ok(Exit::Ok)
}

fn report(fleet: &Fleet, known: &Known) -> Result<Report> {
    let summary = &known.record.summary;
    let tries = known.record.tries.iter().map(|of| {
        let run = fleet.store().journal().run(of.run)?;
        let run = run.with_context(|| format!("there is no run {} any more", of.run))?;
        tried(of, run)
    });
    // What is about one member is told by its turn and its runs.
    let notes = known.record.notes.iter();
    let events = notes.filter(|note| note.member.is_none()).map(entry);
    let input = Input {
        document: &known.document,
        saved: &known.saved,
        campaign: Head {
            id: summary.id.to_string(),
            operator: summary.operator.clone(),
            ended: summary.ended,
            as_of: summary.ended.unwrap_or_else(now),
        },
        tries: tries.collect::<Result<_>>()?,
        events: events.collect(),
    };
    Ok(Report::of(input))
}

fn tried(of: &journal::Try, run: RunRecord) -> Result<Try> {
    let ended = run.summary.outcome.as_ref().map(|_| run.summary.changed);
    let member: MemberId = of.turn.member.parse()?;
    let outcome = run.summary.outcome.as_deref();
    let outcome = outcome.and_then(|text| outcome_of(&member, text));
    // A state that this version cannot read has no word about the agent, either.
    let agent = State::read(run.state).ok().and_then(|state| state.agent);
    let steps = run.steps.into_iter().map(|step| Step {
        name: step.effect,
        intended: step.intended,
        result: step.result.map(|result| (result.outcome, result.at)),
    });
    Ok(Try {
        member,
        turn: of.turn.turn,
        run: of.run.to_string(),
        began: run.summary.began,
        ended,
        steps: steps.collect(),
        agent,
        outcome,
    })
}

/// What came of it; none of a run that was given up: that has another outcome, or none.
fn outcome_of(member: &MemberId, text: &str) -> Option<TryOutcome> {
    match member {
        MemberId::Guest(_) => {
            let outcome = serde_json::from_str(text).ok()?;
            Some(TryOutcome::Guest(Box::new(outcome)))
        }
        MemberId::Node(_) => {
            let outcome = serde_json::from_str(text).ok()?;
            Some(TryOutcome::Node(Box::new(outcome)))
        }
    }
}

/// The zone of the first group.
fn zone(known: &Known) -> Zone {
    let first = known.document.groups().first();
    first.map_or_else(Zone::utc, |group| known.document.zone(group))
}
