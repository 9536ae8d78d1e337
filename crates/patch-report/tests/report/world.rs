//! A campaign in virtual time: the real machine, and members that end as they are told.

use std::time::Duration;

use conditions::Timestamp;
use patch_report::input::{Entry, What};
use plan::campaign::{Campaign, Effect, Event, Outcome, Report, Saved};
use plan::{Document, MemberId};

/// How one turn went.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) member: MemberId,
    pub(crate) turn: u32,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
}

/// How a campaign went.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) saved: Saved,
    pub(crate) turns: Vec<Turn>,
    pub(crate) events: Vec<Entry>,
    pub(crate) ended: Timestamp,
}

struct World {
    now: Timestamp,
    timer: Timestamp,
    pending: Vec<(Timestamp, Event)>,
    course: Course,
}

/// Carries `document` out. `decide` says of each turn how long it takes and how it ends. Words are
/// said by `ada` ten minutes after they are asked for, hooks take 40 seconds.
pub(crate) fn carry_out(
    document: &Document,
    began: Timestamp,
    mut decide: impl FnMut(&MemberId, u32) -> (Duration, Outcome),
) -> Course {
    let (mut campaign, mut effects) = Campaign::begin(document.clone(), began);
    let mut world = World {
        now: began,
        timer: began,
        pending: Vec::new(),
        course: Course {
            saved: campaign.saved(),
            turns: Vec::new(),
            events: Vec::new(),
            ended: began,
        },
    };
    loop {
        for effect in effects {
            if world.perform(effect, &mut decide) {
                world.course.saved = campaign.saved();
                world.course.ended = world.now;
                return world.course;
            }
        }
        let event = world.next();
        effects = campaign.step(event, world.now);
    }
}

impl World {
    /// Whether the campaign has ended.
    fn perform(
        &mut self,
        effect: Effect,
        decide: &mut impl FnMut(&MemberId, u32) -> (Duration, Outcome),
    ) -> bool {
        match effect {
            Effect::Begin { member, turn } => {
                let (takes, outcome) = decide(&member, turn);
                let ended = self.now + takes;
                self.course.turns.push(Turn {
                    member: member.clone(),
                    turn,
                    began: self.now,
                    ended,
                });
                let event = Event::Ended {
                    member,
                    turn,
                    outcome,
                };
                self.pending.push((ended, event));
            }
            Effect::BeginHook { id, .. } => {
                let hook = id.to_string();
                self.tell("hospes", What::HookBegan { hook });
                let ended = Event::HookEnded(id, Ok(()));
                self.pending
                    .push((self.now + Duration::from_secs(40), ended));
            }
            Effect::AskApproval { word, .. } => {
                let said = self.now + Duration::from_secs(600);
                self.pending.push((said, Event::Approved(word)));
            }
            Effect::Wait(until) => self.timer = until,
            Effect::Report(Report::WaveBegan(group, wave)) => {
                self.tell("hospes", What::WaveBegan { group, wave });
            }
            Effect::Report(Report::GroupEnded(group, _)) => {
                self.tell("hospes", What::GroupEnded { group });
            }
            Effect::Finish(_) => return true,
            Effect::Follow { .. } | Effect::FollowHook(_) | Effect::Report(_) => {}
        }
        false
    }

    fn next(&mut self) -> Event {
        let first = (0..self.pending.len()).min_by_key(|place| self.pending[*place].0);
        let is_due =
            first.filter(|place| self.timer <= self.now || self.pending[*place].0 <= self.timer);
        let Some(place) = is_due else {
            assert!(self.timer > self.now, "nothing is awaited");
            self.now = self.timer;
            return Event::Tick;
        };
        let (at, event) = self.pending.swap_remove(place);
        self.now = at.max(self.now);
        match &event {
            Event::Approved(word) => self.tell("ada", What::Approved { word: word.clone() }),
            Event::HookEnded(id, result) => {
                let (hook, failure) = (id.to_string(), result.clone().err());
                self.tell("hospes", What::HookEnded { hook, failure });
            }
            _ => {}
        }
        event
    }

    fn tell(&mut self, by: &str, what: What) {
        let (at, by) = (self.now, by.to_owned());
        self.course.events.push(Entry { at, by, what });
    }
}
