//! The loop: what is to be done is saved, then performed, and what came of it is taken in.

use std::future::pending;
use std::time::Duration;

use anyhow::{Context, Result};
use conditions::Timestamp;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use journal::{CampaignLock, CampaignNote, Heard};
use patch_report::input::What;
use plan::campaign::{Campaign, Effect, End, Event, Report, Summary};
use serde_json::Value;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::turns::Turns;
use super::{Hooks, Word, notes};
use crate::clock::now;
use crate::record::operator;
use crate::show::Progress;
use crate::store::Store;

/// How often words of the operator and the clock are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Who writes what no operator said.
const HOSPES: &str = "hospes";

/// Drives one campaign.
pub(crate) struct Driver<'a, T> {
    pub(crate) store: &'a Store,
    pub(crate) lock: &'a CampaignLock,
    pub(crate) turns: &'a T,
    pub(crate) hooks: &'a Hooks,
    pub(crate) progress: &'a Progress,
}

/// How driving ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Driven {
    /// The campaign has ended.
    Ended(Summary),
    /// The operator wants no more of this hospes; so many are under way.
    Interrupted(usize),
}

/// What is in memory of a campaign under way.
struct Going<'a> {
    campaign: Campaign,
    under_way: FuturesUnordered<LocalBoxFuture<'a, Event>>,
    /// When it is told that time has passed.
    wake: Option<Timestamp>,
    /// What is to be written on its timeline with the next save.
    notes: Vec<CampaignNote>,
    tally: Tally,
}

/// What happened while nobody looked.
struct Happened {
    events: Vec<Event>,
    heard: Vec<Heard>,
}

impl<'a, T: Turns> Driver<'a, T> {
    /// Drives `campaign` from `effects` to its end. May be dropped at any moment, and be taken up.
    ///
    /// # Errors
    /// The journal cannot be read or written: then nothing more was done.
    pub(crate) async fn drive(
        &self,
        campaign: Campaign,
        effects: Vec<Effect>,
        first: Option<What>,
    ) -> Result<Driven> {
        // Listened to before the first step is shown: whoever sees it may press Ctrl-C.
        let mut ctrl_c = signal(SignalKind::interrupt()).context("cannot listen to Ctrl-C")?;
        let mut going = Going {
            tally: Tally::of(&campaign),
            campaign,
            under_way: FuturesUnordered::new(),
            wake: None,
            notes: Vec::new(),
        };
        let by = operator();
        let first = first.map(|what| notes::note(None, what, &by, now()));
        going.notes.extend(first);
        let ended = self.go_on(&mut going, effects, &mut ctrl_c).await;
        ended.with_context(|| {
            let id = self.lock.campaign();
            format!(
                "campaign {id} is left where it is (when this is mended: hospes patch resume {id})"
            )
        })
    }

    async fn go_on(
        &self,
        going: &mut Going<'a>,
        mut effects: Vec<Effect>,
        ctrl_c: &mut Signal,
    ) -> Result<Driven> {
        let mut heard = Vec::new();
        loop {
            going.note(&effects);
            self.save(going, &heard)?;
            for effect in effects.drain(..) {
                if let Some(summary) = self.perform(going, effect) {
                    self.end(&summary)?;
                    return Ok(Driven::Ended(summary));
                }
            }
            going.tally.tell(self.progress, going.under_way.len());
            let happened = tokio::select! {
                biased;
                _ = ctrl_c.recv() => return self.interrupted(going),
                happened = self.happened(going) => happened?,
            };
            for event in happened.events {
                effects.extend(going.step(event));
            }
            heard = happened.heard;
        }
    }

    /// Waits until something has happened.
    async fn happened(&self, going: &mut Going<'a>) -> Result<Happened> {
        loop {
            let mut ended = Vec::new();
            tokio::select! {
                Some(event) = going.under_way.next(), if !going.under_way.is_empty() => {
                    ended.push(event);
                }
                () = sleep_until(going.wake) => {}
            }
            // Those who ended at the same time are saved together.
            while let Some(Some(event)) = going.under_way.next().now_or_never() {
                ended.push(event);
            }
            // Words come first: after a pause nobody takes the place of those who have ended.
            let (mut events, heard) = self.listen(going)?;
            events.append(&mut ended);
            if going.wake.is_some_and(|wake| now() >= wake) {
                events.push(Event::Tick);
            }
            if !(events.is_empty() && heard.is_empty()) {
                return Ok(Happened { events, heard });
            }
        }
    }

    /// What the operator has said since.
    fn listen(&self, going: &mut Going<'a>) -> Result<(Vec<Event>, Vec<Heard>)> {
        let id = self.lock.campaign();
        let heard = self.store.journal().words_to_campaign(id)?;
        let mut events = Vec::new();
        for word in &heard {
            match Word::read(&word.word) {
                Some(word) => events.push(word.event()),
                None => {
                    let text = format!("`{}` is no word of a campaign", word.word);
                    going.say(None, What::Told { text });
                }
            }
        }
        Ok((events, heard))
    }

    fn save(&self, going: &mut Going<'a>, heard: &[Heard]) -> Result<()> {
        let changes = going.campaign.changes();
        let turns = changes.turns.iter();
        let turns = turns.map(|(id, turn)| Ok((id.to_string(), value(turn)?)));
        let turns: Vec<(String, Value)> = turns.collect::<Result<_>>()?;
        let head = value(&changes.head)?;
        let notes = std::mem::take(&mut going.notes);
        let journal = self.store.journal();
        Ok(journal.save_campaign(self.lock, &head, &turns, heard, &notes, now())?)
    }

    fn end(&self, summary: &Summary) -> Result<()> {
        let journal = self.store.journal();
        Ok(journal.end_campaign(self.lock, &value(summary)?, now())?)
    }

    /// Does one thing, or lets it be done; how the campaign ended, if it did.
    fn perform(&self, going: &mut Going<'a>, effect: Effect) -> Option<Summary> {
        match effect {
            Effect::Finish(summary) => return Some(summary),
            Effect::Wait(until) => going.wake = Some(until),
            Effect::Report(report) => {
                going.tally.count(&report);
                self.progress.say(&notes::report_told(&report));
            }
            Effect::AskApproval { group, wave, word } => {
                let id = self.lock.campaign();
                self.progress.say(&format!(
                    "wave {wave} of `{group}` waits: hospes patch approve {id} {word}"
                ));
            }
            effect => {
                let done = Self::done(self.turns, self.hooks, effect);
                going.under_way.push(done.boxed_local());
            }
        }
        None
    }

    /// What comes of an effect that takes its time.
    async fn done(turns: &'a T, hooks: &'a Hooks, effect: Effect) -> Event {
        match effect {
            Effect::Begin { member, turn } => {
                let outcome = turns.begin(&member, turn).await;
                Event::Ended {
                    member,
                    turn,
                    outcome,
                }
            }
            Effect::Follow { member, turn } => match turns.follow(&member, turn).await {
                Some(outcome) => Event::Ended {
                    member,
                    turn,
                    outcome,
                },
                None => Event::NotBegun { member, turn },
            },
            Effect::BeginHook { id, hook, outcome } => {
                let ended = hooks.begin(&id, &hook, outcome.as_ref()).await;
                Event::HookEnded(id, ended)
            }
            Effect::FollowHook(id) => match hooks.follow(&id).await {
                Some(ended) => Event::HookEnded(id, ended),
                None => Event::HookNotBegun(id),
            },
            Effect::AskApproval { .. }
            | Effect::Wait(_)
            | Effect::Report(_)
            | Effect::Finish(_) => pending().await,
        }
    }

    fn interrupted(&self, going: &Going<'a>) -> Result<Driven> {
        let under_way = going.under_way.len();
        let text = format!("interrupted; {under_way} under way, left to their own");
        let note = notes::write(What::Told { text }, &operator(), now());
        let journal = self.store.journal();
        journal.note_campaign(self.lock.campaign(), None, &note, now())?;
        Ok(Driven::Interrupted(under_way))
    }
}

impl Going<'_> {
    fn step(&mut self, event: Event) -> Vec<Effect> {
        if let Event::HookEnded(id, result) = &event {
            self.say(None, notes::hook_ended(id, result));
        }
        let effects = self.campaign.step(event, now());
        // Each step says anew when it wants to be woken.
        self.wake = effects.iter().rev().find_map(|effect| match effect {
            Effect::Wait(until) => Some(*until),
            _ => None,
        });
        effects
    }

    /// Has the timeline tell of what is about to be done.
    fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Report(report) => {
                    if let Some((member, what)) = notes::of_report(report) {
                        self.notes
                            .push(notes::note(member.as_ref(), what, HOSPES, now()));
                    }
                }
                Effect::BeginHook { id, .. } => self.say(None, notes::hook_began(id)),
                Effect::AskApproval { group, wave, word } => {
                    let text = format!("wave {wave} of `{group}` waits for the word `{word}`");
                    self.say(None, What::Told { text });
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, member: Option<&plan::MemberId>, what: What) {
        self.notes.push(notes::note(member, what, HOSPES, now()));
    }
}

/// Until then, or until the next look; by the wall clock, which may be set.
async fn sleep_until(wake: Option<Timestamp>) {
    let left = wake.map_or(LOOK, |wake| wake.since(now()));
    tokio::time::sleep(left.min(LOOK)).await;
}

fn value(plain: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(plain).context("a campaign's state is plain data")
}

/// How many have ended.
struct Tally {
    all: usize,
    done: usize,
    others: usize,
}

impl Tally {
    fn of(campaign: &Campaign) -> Self {
        let summary = campaign.summary();
        Self {
            all: campaign.document().members().count(),
            done: summary.done,
            others: summary.failed + summary.down + summary.not_begun,
        }
    }

    fn count(&mut self, report: &Report) {
        match report {
            Report::Ended(_, End::Done) => self.done += 1,
            Report::Ended(..) => self.others += 1,
            _ => {}
        }
    }

    fn tell(&self, progress: &Progress, under_way: usize) {
        progress.tally(&format!(
            "{} of {} patched, {} not; {under_way} under way",
            self.done, self.all, self.others
        ));
    }
}
