//! The simulated controller: it stores what has changed, performs effects, dies between any two of
//! them, and resumes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::Duration;

use conditions::Timestamp;
use plan::campaign::{
    Campaign, Effect, End, Event, Halt, HookId, NotBegunReason, Report, Saved, StopReason, Summary,
};
use plan::{Document, LeftOutReason, MemberId};

use crate::fiction::{Fiction, make_up};
use crate::judge::{Judge, Wall};
use crate::random::Random;
use crate::world::World;

/// More steps than any campaign takes.
const ENOUGH: u32 = 20_000;

struct Simulation {
    random: Random,
    fiction: Fiction,
    document: Document,
    world: World,
    judge: Judge,
    journal: Saved,
    /// When it will be told that time has passed.
    timer: Option<Timestamp>,
    /// What the operator, or an answer to a follow, will say.
    owed: Vec<(Timestamp, Event)>,
    crash_percent: u64,
    deaths_left: u32,
    reached: BTreeSet<&'static str>,
    finished: Option<Summary>,
    story: bool,
}

/// Runs one seed; says what it has reached.
pub(crate) fn run(seed: u64, story: bool) -> BTreeSet<&'static str> {
    let mut random = Random::new(seed);
    let fiction = make_up(&mut random);
    // Between February and December 2026, with both changes of the clock.
    let now = Timestamp::from_millis(1_769_904_000_000) + random.seconds(0, 300 * 86_400);
    let document = plan::plan(&fiction.file, &fiction.fleet, now).expect("of the fixture");
    let json = serde_json::to_vec(&document).expect("of the fixture");
    assert_eq!(Document::read(&json).expect("of the fixture"), document);
    let (campaign, effects) = Campaign::begin(document.clone(), now);
    let mut simulation = Simulation {
        world: World::new(now, &mut random),
        judge: Judge {
            began: now,
            is_paused: false,
            is_aborted: false,
            words: BTreeSet::new(),
            walls: walls(&fiction),
        },
        journal: campaign.saved(),
        timer: None,
        owed: Vec::new(),
        crash_percent: if random.chance(60) {
            random.between(1, 25)
        } else {
            0
        },
        deaths_left: 30,
        reached: BTreeSet::new(),
        finished: None,
        random,
        document,
        fiction,
        story,
    };
    simulation.tell(|of| format!("{}\nnow {now}", of.fiction.text));
    simulation.see_who_is_left_out();
    simulation.go_on(campaign, effects);
    simulation.reached
}

fn walls(fiction: &Fiction) -> BTreeMap<String, Wall> {
    let windows = fiction.file.windows.iter();
    windows
        .map(|(name, window)| (name.clone(), Wall::of(window)))
        .collect()
}

impl Simulation {
    fn go_on(&mut self, campaign: Campaign, effects: Vec<Effect>) {
        let mut alive = self.perform(campaign, effects);
        for _ in 0..ENOUGH {
            if let Some(summary) = self.finished.take() {
                return self.ended(summary);
            }
            let Some(mut campaign) = alive.take() else {
                alive = self.resume();
                continue;
            };
            let event = self.next_event();
            self.tell(|of| format!("{} <- {event:?}", of.world.now));
            let effects = campaign.step(event.clone(), self.world.now);
            // Whatever is not stored was never heard.
            if self.dies() {
                self.interrupted(event);
                continue;
            }
            self.store(&mut campaign);
            self.heard(event);
            alive = self.perform(campaign, effects);
        }
        panic!("the campaign does not end");
    }

    fn store(&mut self, campaign: &mut Campaign) {
        self.journal.apply(campaign.changes());
        assert_eq!(self.journal, campaign.saved(), "the changes are not all");
    }

    /// Performs the effects, or dies among them.
    fn perform(&mut self, campaign: Campaign, effects: Vec<Effect>) -> Option<Campaign> {
        self.timer = None;
        for effect in effects {
            if self.dies() {
                return None;
            }
            self.tell(|of| format!("{} -> {effect:?}", of.world.now));
            self.perform_one(effect);
        }
        Some(campaign)
    }

    fn perform_one(&mut self, effect: Effect) {
        match effect {
            Effect::Begin { member, turn } => self.begin(&member, turn),
            Effect::Follow { member, turn } => {
                self.reach("followed");
                match self.world.runs.get_mut(&(member.clone(), turn)) {
                    Some(run) => run.is_followed = true,
                    None => self.owe(Event::NotBegun { member, turn }),
                }
            }
            Effect::BeginHook { id, .. } => self.world.begin_hook(&id, &mut self.random),
            Effect::FollowHook(id) => match self.world.hooks.get_mut(&id) {
                Some(hook) => hook.is_followed = true,
                None => self.owe(Event::HookNotBegun(id)),
            },
            Effect::AskApproval { word, .. } => {
                if self.random.chance(90) {
                    let at = self.world.now + self.random.seconds(1, 36 * 3600);
                    self.owed.push((at, Event::Approved(word)));
                }
            }
            Effect::Wait(until) => {
                assert!(until > self.world.now, "it waits for the past");
                self.timer = Some(until);
            }
            Effect::Report(report) => self.see(&report),
            Effect::Finish(summary) => self.finished = Some(summary),
        }
    }

    fn begin(&mut self, member: &MemberId, turn: u32) {
        self.judge
            .begins(member, &self.fiction, &self.document, &self.world);
        let mut members = self.document.members();
        let (group, ..) = members
            .find(|(_, _, of)| of.id == *member)
            .expect("in the plan");
        let minutes = group.policy.expected.as_secs() / 60;
        if self.world.now > self.judge.began && !group.windows.is_empty() {
            self.reached.insert("waited for a window");
        }
        self.world.begin(member, turn, minutes, &mut self.random);
    }

    /// The controller dies now and then.
    fn dies(&mut self) -> bool {
        if self.deaths_left == 0 || !self.random.chance(self.crash_percent) {
            return false;
        }
        self.tell(|of| format!("{} dies", of.world.now));
        self.deaths_left -= 1;
        self.finished = None;
        self.timer = None;
        self.reach("crashed");
        self.world.forget();
        // Answers to a dead controller are lost, the operator is still there.
        self.owed.retain(|(_, event)| {
            !matches!(
                event,
                Event::NotBegun { .. } | Event::HookNotBegun(_) | Event::Tick
            )
        });
        true
    }

    fn resume(&mut self) -> Option<Campaign> {
        self.resumes_to_the_same();
        if self.random.chance(50) {
            self.world.now = self.world.now + self.random.seconds(0, 20 * 3600);
        }
        let journal: Saved =
            serde_json::from_str(&serde_json::to_string(&self.journal).expect("of the fixture"))
                .expect("of the fixture");
        let resumed = Campaign::resume(self.document.clone(), journal, self.world.now);
        let (mut campaign, effects) = resumed.expect("of the fixture");
        self.store(&mut campaign);
        self.perform(campaign, effects)
    }

    /// Two controllers that resume at the same time would do the same, and what the first stores
    /// resumes to the same again.
    fn resumes_to_the_same(&self) {
        let resume = |saved: &Saved| {
            Campaign::resume(self.document.clone(), saved.clone(), self.world.now)
                .expect("of the fixture")
        };
        let (first, effects) = resume(&self.journal);
        let (second, again) = resume(&self.journal);
        assert_eq!((first.saved(), effects), (second.saved(), again));
        let (third, _) = resume(&first.saved());
        assert_eq!(
            third.saved(),
            first.saved(),
            "resuming at once changes something"
        );
    }

    /// An event that was not stored: what the world holds is found again, the operator says it
    /// again.
    fn interrupted(&mut self, event: Event) {
        if matches!(
            event,
            Event::Approved(_) | Event::Paused | Event::Resumed | Event::Aborted(_)
        ) {
            let later = self.world.now + Duration::from_secs(60);
            self.owed.push((later, event));
        }
    }

    /// What the controller has stored.
    fn heard(&mut self, event: Event) {
        match event {
            Event::Ended { member, turn, .. } => {
                if let Some(run) = self.world.runs.get_mut(&(member, turn)) {
                    run.is_over = true;
                }
            }
            Event::HookEnded(id, result) => {
                if let Some(hook) = self.world.hooks.get_mut(&id) {
                    hook.is_over = true;
                }
                if result.is_err() {
                    self.reach(match id {
                        HookId::BeforeMember(..) | HookId::AfterMember(..) => "member hook failed",
                        HookId::BeforeWave(..) | HookId::AfterWave(..) => "group hook failed",
                        HookId::BeforeCampaign => "before-campaign hook failed",
                        HookId::AfterCampaign => "after-campaign hook failed",
                    });
                }
            }
            Event::Approved(word) => {
                self.reach("approved");
                self.judge.words.insert(word);
            }
            Event::NotBegun { .. } | Event::HookNotBegun(_) => self.reach("not begun after all"),
            Event::Paused => {
                self.reach("paused");
                self.judge.is_paused = true;
            }
            Event::Resumed => self.judge.is_paused = false,
            Event::Aborted(_) => self.judge.is_aborted = true,
            Event::Tick => {}
        }
    }

    /// Lets time pass until something happens.
    fn next_event(&mut self) -> Event {
        if let Some(event) = self.whim() {
            return event;
        }
        let runs = self
            .world
            .runs
            .iter()
            .filter(|(_, run)| run.is_followed && !run.is_over);
        let runs = runs.map(|((member, turn), run)| {
            let (member, turn, outcome) = (member.clone(), *turn, run.result.clone());
            (
                run.ends,
                Event::Ended {
                    member,
                    turn,
                    outcome,
                },
            )
        });
        let hooks = self
            .world
            .hooks
            .iter()
            .filter(|(_, hook)| hook.is_followed && !hook.is_over);
        let hooks =
            hooks.map(|(id, hook)| (hook.ends, Event::HookEnded(id.clone(), hook.result.clone())));
        let owed = self.owed.iter().cloned();
        let timer = self.timer.map(|at| (at, Event::Tick));
        let first = runs
            .chain(hooks)
            .chain(owed)
            .chain(timer)
            .min_by_key(|(at, _)| *at);
        let (at, event) = first.expect("a campaign that has not ended waits for something");
        if let Some(place) = self
            .owed
            .iter()
            .position(|owed| *owed == (at, event.clone()))
        {
            self.owed.remove(place);
        }
        self.world.now = self.world.now.max(at);
        event
    }

    /// The operator's moods, and events that come too late, too early or twice.
    fn whim(&mut self) -> Option<Event> {
        if !self.random.chance(8) {
            return None;
        }
        match self.random.between(0, 30) {
            0..=3 if !self.judge.is_paused => {
                let at = self.world.now + self.random.seconds(1, 30 * 3600);
                self.owed.push((at, Event::Resumed));
                Some(Event::Paused)
            }
            4 if self.random.chance(30) => {
                self.reach("aborted");
                Some(Event::Aborted("enough".to_owned()))
            }
            5 => Some(Event::Approved("nonsense".to_owned())),
            6..=15 => {
                let over: Vec<_> = self
                    .world
                    .runs
                    .iter()
                    .filter(|(_, run)| run.is_over)
                    .collect();
                let ((member, turn), run) =
                    over.get(self.random.next() as usize % over.len().max(1))?;
                let (member, turn, outcome) = (member.clone(), *turn, run.result.clone());
                Some(Event::Ended {
                    member,
                    turn,
                    outcome,
                })
            }
            _ => Some(Event::Tick),
        }
    }

    fn ended(&mut self, summary: Summary) {
        self.tell(|of| format!("{} {summary:?}", of.world.now));
        self.judge.ended(&summary, &self.document, &self.world);
        let resumed = Campaign::resume(self.document.clone(), self.journal.clone(), self.world.now);
        let (_, effects) = resumed.expect("of the fixture");
        assert_eq!(
            effects,
            [Effect::Finish(summary.clone())],
            "what has ended stays ended"
        );
        if summary.is_success() && summary.done > 0 {
            self.reach("everybody done");
        }
    }

    fn see(&mut self, report: &Report) {
        match report {
            Report::Ended(id, end) => self.reach(match end {
                End::Done if matches!(id, MemberId::Node(_)) => "node patched",
                End::Done => "done",
                End::Failed(_) => "failed",
                End::Down(_) => "down",
                End::NotBegun(NotBegunReason::NoRoom) => "no room",
                End::NotBegun(NotBegunReason::NoWindow) => "no window",
                End::NotBegun(_) => "not begun",
            }),
            Report::WillRetry { .. } => self.reach("tried again"),
            Report::PutBack(_) => self.reach("put back"),
            Report::GroupEnded(_, Some(StopReason::Budget)) => self.reach("budget of a wave"),
            Report::GroupEnded(_, Some(StopReason::Behind(_))) => self.reach("behind"),
            Report::Halted(Halt::Budget) => self.reach("budget of the campaign"),
            Report::Halted(Halt::Deadline) => self.reach("deadline"),
            _ => {}
        }
    }

    fn see_who_is_left_out(&mut self) {
        for left_out in self.document.left_out().to_vec() {
            self.reach(match left_out.reason {
                LeftOutReason::Held { .. } => "left out: held",
                LeftOutReason::Unready { .. } => "left out: unready",
                LeftOutReason::Unknown { .. } => "left out: unknown",
                LeftOutReason::NoWindow => "left out: no window",
                LeftOutReason::NoRoom { .. } => "left out: no room",
                LeftOutReason::Behind { .. } => "left out: behind",
                LeftOutReason::InNoGroup => "left out: in no group",
            });
        }
    }

    fn owe(&mut self, event: Event) {
        self.owed.push((self.world.now, event));
    }

    fn reach(&mut self, word: &'static str) {
        self.reached.insert(word);
    }

    fn tell(&self, line: impl FnOnce(&Self) -> String) {
        if self.story {
            let _ = writeln!(std::io::stdout(), "{}", line(self));
        }
    }
}
