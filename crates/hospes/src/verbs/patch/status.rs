//! `patch status`.

use std::collections::HashMap;

use anyhow::Result;
use conditions::Timestamp;
use journal::{CampaignNote, CampaignSummary, RunId};
use plan::PlannedGroup;
use plan::campaign::{Campaign, End, GroupState, Stage, Summary, Turn};
use serde::Serialize;
use serde_json::{Value, json};

use super::campaigns::{Known, is_under_way};
use crate::Exit;
use crate::clock::now;
use crate::fleet::Fleet;
use crate::patch::campaign::{driver_of, end_told, entry, told};
use crate::show;

const VERB: &str = "patch-status";
/// The last lines of the timeline that are shown.
const NOTES: usize = 10;

pub(super) fn run(fleet: &Fleet, campaign: Option<&str>, limit: usize) -> Result<Exit> {
    match campaign {
        Some(name) => one(fleet, &Known::called(fleet, name)?),
        None => list(fleet, limit),
    }
}

/// A campaign in a list.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    campaign: CampaignSummary,
    state: String,
}

fn list(fleet: &Fleet, limit: usize) -> Result<Exit> {
    let campaigns = fleet.store().journal().campaigns(limit)?;
    let rows: Vec<Row> = campaigns
        .into_iter()
        .map(|campaign| Row {
            state: state(fleet, &campaign),
            campaign,
        })
        .collect();
    if fleet.json() {
        fleet.document(VERB, json!({ "campaigns": rows }))?;
        return Ok(Exit::Ok);
    }
    let cells = rows.into_iter().map(|row| {
        let campaign = row.campaign;
        [
            campaign.id.to_string(),
            campaign.name,
            campaign.began.to_string(),
            campaign.operator,
            row.state,
        ]
    });
    let header = ["CAMPAIGN", "PLAN", "BEGAN", "BY", "STATE"];
    show::line(&show::table(header, cells))?;
    Ok(Exit::Ok)
}

fn state(fleet: &Fleet, campaign: &CampaignSummary) -> String {
    if campaign.ended.is_some() {
        let summary = campaign.summary.clone();
        let summary = summary.and_then(|summary| serde_json::from_value(summary).ok());
        return summary.map_or_else(|| "ended".to_owned(), |summary| ended(&summary));
    }
    match Known::of(fleet, campaign.id) {
        Ok(known) => {
            let driver = driver_of(fleet.store(), campaign.id).ok().flatten();
            open(&known, driver.as_deref())
        }
        Err(damaged) => format!("{damaged:#}"),
    }
}

fn ended(summary: &Summary) -> String {
    let counts = format!(
        "{} patched, {} not patched, {} not usable, {} not begun",
        summary.done, summary.failed, summary.down, summary.not_begun
    );
    match &summary.halt {
        Some(halt) => format!("ended early ({halt}): {counts}"),
        None => format!("ended: {counts}"),
    }
}

fn open(known: &Known, driver: Option<&str>) -> String {
    let (id, head) = (known.id(), &known.saved.head);
    let what = match (&head.halt, head.is_paused) {
        (Some(halt), _) => format!("ending early: {halt}"),
        (None, true) => format!("paused (hospes patch resume {id})"),
        (None, false) => "goes on".to_owned(),
    };
    match driver {
        Some(driver) => format!("{what}; {driver} drives it"),
        None => format!("{what}; nobody drives it (hospes patch resume {id})"),
    }
}

/// A group, and what it waits for.
#[derive(Serialize)]
struct Group<'k> {
    name: &'k str,
    waves: usize,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<usize>,
    stage: &'static str,
    waits_for: Option<Waits>,
    stopped: Option<String>,
}

/// What a group waits for.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Waits {
    Groups(Vec<String>),
    Word(String),
    Window(Timestamp),
    Soak(Timestamp),
    Pause,
}

/// How many are where.
#[derive(Serialize)]
struct Counts {
    members: usize,
    done: usize,
    failed: usize,
    down: usize,
    not_begun: usize,
    under_way: usize,
    waiting: usize,
}

fn one(fleet: &Fleet, known: &Known) -> Result<Exit> {
    let driver = match known.has_ended() {
        true => None,
        false => driver_of(fleet.store(), known.id())?,
    };
    let (document, saved) = (known.document.clone(), known.saved.clone());
    let (campaign, _) = Campaign::resume(document, saved, now())?;
    let groups = groups(known, &campaign);
    let counts = counts(known, &campaign.summary());
    let heard = fleet.store().journal().words_to_campaign(known.id())?;
    let unheard: Vec<String> = heard.into_iter().map(|heard| heard.word).collect();
    if fleet.json() {
        let body = document_of(known, driver.as_deref(), &groups, &counts, &unheard);
        fleet.document(VERB, body)?;
        return Ok(Exit::Ok);
    }
    let summary = &known.record.summary;
    let standing = match (&summary.ended, &summary.summary) {
        (Some(_), _) => state(fleet, summary),
        (None, _) => open(known, driver.as_deref()),
    };
    show::line(&format!(
        "{}: {} by {}, since {}: {standing}",
        summary.id, summary.name, summary.operator, summary.began
    ))?;
    show::line(&format!(
        "  of {}: {} patched, {} not patched, {} not usable, {} not begun, {} under way, {} wait",
        counts.members,
        counts.done,
        counts.failed,
        counts.down,
        counts.not_begun,
        counts.under_way,
        counts.waiting
    ))?;
    for group in &groups {
        show::line(&format!("  {}", group_told(known, group)))?;
    }
    for line in members(known) {
        show::line(&format!("  {line}"))?;
    }
    if !unheard.is_empty() {
        let words = unheard.join(", ");
        show::line(&format!("  said, and not heard yet: {words}"))?;
    }
    for note in last(&known.record.notes) {
        let entry = entry(note);
        let (at, by, what) = (entry.at, &entry.by, told(&entry.what));
        show::line(&format!("  {at} {by}: {what}"))?;
    }
    Ok(Exit::Ok)
}

fn document_of(
    known: &Known,
    driver: Option<&str>,
    groups: &[Group<'_>],
    counts: &Counts,
    unheard: &[String],
) -> Value {
    let turns = known.saved.turns.iter();
    let told = turns.filter(|(_, turn)| !matches!(turn, Turn::Ended(End::Done)));
    let runs = runs(known);
    let members: Vec<_> = told
        .map(|(member, turn)| {
            let run = runs.get(&*member.to_string());
            json!({ "member": member, "turn": turn, "run": run })
        })
        .collect();
    let notes = last(&known.record.notes).iter().map(entry);
    json!({
        "campaign": &known.record.summary,
        "driver": driver,
        "paused": known.saved.head.is_paused,
        "halted": &known.saved.head.halt,
        "counts": counts,
        "groups": groups,
        "members": members,
        "unheard": unheard,
        "last": notes.collect::<Vec<_>>(),
    })
}

fn groups<'k>(known: &'k Known, campaign: &Campaign) -> Vec<Group<'k>> {
    let states = &known.saved.head.groups;
    let groups = known.document.groups().iter().zip(states);
    groups
        .map(|(group, state)| Group {
            name: &group.name,
            waves: group.waves.len(),
            wave: state.stage.wave().map(|wave| wave + 1),
            stage: stage(state.stage),
            waits_for: waits(known, campaign, group, state),
            stopped: state.stop.as_ref().map(ToString::to_string),
        })
        .collect()
}

const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => "waiting",
        Stage::Due(_) => "due",
        Stage::Before(_) => "before",
        Stage::Turns(_) => "turns",
        Stage::After(_) => "after",
        Stage::Soak(..) => "soak",
        Stage::Ended => "ended",
    }
}

fn waits(
    known: &Known,
    campaign: &Campaign,
    group: &PlannedGroup,
    state: &GroupState,
) -> Option<Waits> {
    let head = &known.saved.head;
    if known.has_ended() || head.halt.is_some() || state.stop.is_some() {
        return None;
    }
    let window = || {
        let opens = campaign.opening(&group.name, now());
        opens.filter(|at| *at > now()).map(Waits::Window)
    };
    match state.stage {
        Stage::Waiting => Some(Waits::Groups(group.after.clone())),
        Stage::Soak(_, until) => Some(Waits::Soak(until)),
        Stage::Due(wave) => {
            let word = group.waves.get(wave).and_then(|wave| wave.approval.clone());
            let word = word.filter(|word| !head.approved.contains(word));
            let paused = head.is_paused.then_some(Waits::Pause);
            word.map(Waits::Word).or(paused).or_else(window)
        }
        Stage::Turns(_) if head.is_paused => Some(Waits::Pause),
        Stage::Turns(_) => window(),
        Stage::Before(_) | Stage::After(_) | Stage::Ended => None,
    }
}

fn group_told(known: &Known, group: &Group<'_>) -> String {
    let id = known.id();
    let at = match group.wave {
        Some(wave) => format!("group {}, wave {wave} of {}: ", group.name, group.waves),
        None => format!("group {}: ", group.name),
    };
    let what = match (&group.stopped, &group.waits_for, group.stage) {
        (Some(why), _, "ended") => format!("ended early: {why}"),
        (Some(why), ..) => format!("ending early: {why}"),
        (None, Some(waits), _) => waits_told(waits, known, group.name, &id.to_string()),
        (None, None, "before") => "the command before it is under way".to_owned(),
        (None, None, "after") => "the command after it is under way".to_owned(),
        (None, None, "ended") => "ended".to_owned(),
        (None, None, _) => "under way".to_owned(),
    };
    format!("{at}{what}")
}

fn waits_told(waits: &Waits, known: &Known, group: &str, id: &str) -> String {
    let shown = |at: Timestamp| {
        let mut groups = known.document.groups().iter();
        let zone = groups
            .find(|of| of.name == group)
            .map(|group| known.document.zone(group));
        zone.map_or_else(
            || at.to_string(),
            |zone| format!("{} {}", zone.shown(at), zone.name()),
        )
    };
    match waits {
        Waits::Groups(groups) => format!("waits for the groups {}", groups.join(", ")),
        Waits::Word(word) => {
            format!("waits for the word `{word}` (hospes patch approve {id} {word})")
        }
        Waits::Window(opens) => format!("waits for its window, which opens at {}", shown(*opens)),
        Waits::Soak(until) => format!("watched until {}", shown(*until)),
        Waits::Pause => format!("paused (hospes patch resume {id})"),
    }
}

fn counts(known: &Known, summary: &Summary) -> Counts {
    let turns = known.saved.turns.values();
    let under_way = turns.filter(|turn| is_under_way(turn)).count();
    let members = known.document.members().count();
    let ended = summary.done + summary.failed + summary.down + summary.not_begun;
    Counts {
        members,
        done: summary.done,
        failed: summary.failed,
        down: summary.down,
        not_begun: summary.not_begun,
        under_way,
        waiting: members.saturating_sub(under_way + ended),
    }
}

/// Who is under way, who waits for another try, and who did not get through.
fn members(known: &Known) -> Vec<String> {
    let turns = known.saved.turns.iter();
    let runs = runs(known);
    let told = turns.filter_map(|(member, turn)| {
        let run = runs.get(&*member.to_string());
        let run = run.map_or_else(String::new, |run| format!(" (run {run})"));
        let what = match turn {
            Turn::Ended(End::Done | End::NotBegun(_)) => return None,
            Turn::Ended(end) => end_told(end),
            Turn::Before(_) => "the command before it is under way".to_owned(),
            Turn::Patching(_) => "under way".to_owned(),
            Turn::After(..) => "the command after it is under way".to_owned(),
            Turn::Waiting(tries) => {
                let (reason, at) = tries.again.as_ref()?;
                format!("will be tried again at {at}: {reason}")
            }
        };
        Some(format!("{member}{run}: {what}"))
    });
    told.collect()
}

/// The last run of each member.
fn runs(known: &Known) -> HashMap<&str, RunId> {
    // They are in the order of turns.
    let tries = known.record.tries.iter();
    tries.map(|of| (of.turn.member.as_str(), of.run)).collect()
}

fn last(notes: &[CampaignNote]) -> &[CampaignNote] {
    &notes[notes.len().saturating_sub(NOTES)..]
}
