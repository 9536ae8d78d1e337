//! `patch pause`, `resume`, `approve` and `abort`.
//!
//! ```text
//! word ─► journal ─► the hospes that drives the campaign hears it within a second
//!                └─► nobody drives it: the next one hears it; `resume` is the next one
//! ```

use anyhow::{Result, bail};
use plan::MemberId;
use plan::campaign::Turn;
use serde_json::{Value, json};

use super::campaigns::{Known, is_under_way};
use super::carry;
use crate::Exit;
use crate::cli;
use crate::clock::now;
use crate::fleet::Fleet;
use crate::patch::campaign::{Word, driver_of, take_up, write};
use crate::patch::fleet::{Meant, Nobody, wanted_by_document};
use crate::record::operator;
use crate::show;

pub(super) fn pause(fleet: &Fleet, to: &cli::ToCampaign) -> Result<Exit> {
    let known = Known::called(fleet, &to.campaign)?;
    said(fleet, "patch-pause", &known, &Word::Pause, to.check)
}

pub(super) fn approve(fleet: &Fleet, campaign: &str, word: &str, check: bool) -> Result<Exit> {
    let known = Known::called(fleet, campaign)?;
    let waves = known
        .document
        .groups()
        .iter()
        .flat_map(|group| &group.waves);
    let words: Vec<&str> = waves.filter_map(|wave| wave.approval.as_deref()).collect();
    if !words.contains(&word) {
        let why = match words.is_empty() {
            true => "no wave of it waits for a word".to_owned(),
            false => format!(
                "no wave of it waits for the word `{word}`, but for {}",
                words.join(", ")
            ),
        };
        return refused(fleet, "patch-approve", &known, &why);
    }
    let word = Word::Approve(word.to_owned());
    said(fleet, "patch-approve", &known, &word, check)
}

pub(super) fn abort(fleet: &Fleet, campaign: &str, reason: &str, check: bool) -> Result<Exit> {
    let known = Known::called(fleet, campaign)?;
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    said(fleet, "patch-abort", &known, &Word::Abort(reason), check)
}

pub(super) async fn resume(fleet: &Fleet, to: &cli::ToCampaign) -> Result<Exit> {
    const VERB: &str = "patch-resume";
    let known = Known::called(fleet, &to.campaign)?;
    let (id, is_paused) = (known.id(), known.saved.head.is_paused);
    if known.has_ended() || to.check || driver_of(fleet.store(), id)?.is_some() {
        return said(fleet, VERB, &known, &Word::Resume, to.check);
    }
    let wanted = wanted_by_document(&known.document);
    let meant = Meant::of(fleet, &wanted, Nobody::IsGone).await?;
    if fleet.exit(Exit::Ok) != Exit::Ok {
        bail!("campaign {id} is not taken up while guests of it may be unknown; try again then");
    }
    if is_paused {
        say(fleet, &known, &Word::Resume)?;
    }
    let begun = take_up(fleet.store(), id, "patch resume").await?;
    carry::on(fleet, VERB, begun, meant.of_document(&known.document)).await
}

/// Says a word, and tells who hears it; a dry run tells what it would change.
fn said(fleet: &Fleet, verb: &str, known: &Known, word: &Word, check: bool) -> Result<Exit> {
    let id = known.id();
    if known.has_ended() {
        return refused(fleet, verb, known, "it has ended");
    }
    let driver = driver_of(fleet.store(), id)?;
    if !check {
        say(fleet, known, word)?;
    }
    if fleet.json() {
        let key = if check { "would" } else { "said" };
        let mut body = json!({ "campaign": id, "driver": driver, "counts": counts(known) });
        body[key] = Value::from(word.written());
        fleet.document(verb, body)?;
        return Ok(Exit::Ok);
    }
    let what = match check {
        true => format!("{id}: would be told: {}", effect(word, known)),
        false => format!("{id}: told: {}", effect(word, known)),
    };
    show::line(&what)?;
    let hears = match (driver, word) {
        (Some(driver), _) => format!("{driver} drives it, and hears it within a second"),
        (None, Word::Resume) => "nobody drives it: this command would take it up".to_owned(),
        (None, _) => {
            format!("nobody drives it; who takes it up hears it: hospes patch resume {id}")
        }
    };
    show::line(&format!("  {hears}"))?;
    Ok(Exit::Ok)
}

fn say(fleet: &Fleet, known: &Known, word: &Word) -> Result<()> {
    let (at, journal) = (now(), fleet.store().journal());
    let note = write(word.what(), &operator(), at);
    Ok(journal.say_to_campaign(known.id(), &word.written(), &note, at)?)
}

fn refused(fleet: &Fleet, verb: &str, known: &Known, why: &str) -> Result<Exit> {
    let id = known.id();
    if fleet.json() {
        fleet.document(verb, json!({ "campaign": id, "refused": why }))?;
    } else {
        show::line(&format!("{id}: refused: {why}"))?;
    }
    Ok(Exit::Refused)
}

/// How many a word is about.
fn counts(known: &Known) -> Value {
    let (under_way, waiting) = standing(known);
    json!({ "under_way": under_way.len(), "waiting": waiting })
}

fn standing(known: &Known) -> (Vec<&MemberId>, usize) {
    let turns = known.saved.turns.iter();
    let under_way = turns.clone().filter(|(_, turn)| is_under_way(turn));
    let ended = turns.filter(|(_, turn)| matches!(turn, Turn::Ended(_)));
    let under_way: Vec<&MemberId> = under_way.map(|(member, _)| member).collect();
    let all = known.document.members().count();
    let waiting = all.saturating_sub(under_way.len() + ended.count());
    (under_way, waiting)
}

fn effect(word: &Word, known: &Known) -> String {
    let (under_way, waiting) = standing(known);
    let under_way = under_way.len();
    match word {
        Word::Pause => {
            format!("begin nobody else for now ({under_way} under way finish, {waiting} wait)")
        }
        Word::Resume => format!("go on ({under_way} under way, {waiting} wait)"),
        Word::Approve(word) => format!("the waves that wait for `{word}` may begin"),
        Word::Abort(_) => format!(
            "begin nobody else for good ({under_way} under way finish, {waiting} are not begun)"
        ),
    }
}
