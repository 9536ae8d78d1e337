//! The laws, from the plan file and the fleet alone: not from what the planner made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use conditions::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use plan::campaign::{HookId, Outcome, Summary};
use plan::{Amount, Document, Host, Kind, MemberId, PlanFile, Standing, Window};

use crate::fiction::Fiction;
use crate::world::World;

/// So often it is looked whether a window is open still.
const LOOK: Duration = Duration::from_secs(7 * 60);

pub(crate) struct Judge {
    pub(crate) began: Timestamp,
    pub(crate) is_paused: bool,
    pub(crate) is_aborted: bool,
    pub(crate) words: BTreeSet<String>,
    pub(crate) walls: BTreeMap<String, Wall>,
}

/// Somebody, as the file and the fleet know them.
struct Somebody<'f> {
    id: &'f MemberId,
    group: &'f str,
    host: Option<&'f Host>,
    was_ready: bool,
}

impl Judge {
    /// Right before `member` is begun.
    pub(crate) fn begins(
        &self,
        member: &MemberId,
        fiction: &Fiction,
        document: &Document,
        world: &World,
    ) {
        let file = &fiction.file;
        let everybody = everybody(fiction);
        let it = everybody
            .iter()
            .find(|of| of.id == member)
            .expect("somebody of a group");
        let group = &file.groups[it.group];
        assert!(
            !self.is_paused && !self.is_aborted,
            "{member} was begun though nobody may be"
        );
        assert!(
            it.was_ready && !is_held(member, file, self.began),
            "{member} is not to be touched"
        );
        assert!(
            world.now < self.began + file.deadline,
            "{member} was begun after the deadline"
        );
        assert!(!world.is_busy(member), "{member} is under way already");
        let tried: Vec<_> = world
            .runs
            .iter()
            .filter(|((of, _), _)| of == member)
            .collect();
        assert!(
            tried.len() <= group.policy.retries as usize,
            "{member} was tried too often"
        );
        for (_, run) in tried {
            assert!(
                matches!(run.result, Outcome::Retry(_)),
                "{member} was begun twice"
            );
        }
        self.fits_a_window(member, group.policy.expected, &group.windows, world.now);
        self.has_room(it, &everybody, file, world);
        keeps_order(it, document, world);
        self.keeps_waves(member, document, world);
    }

    fn fits_a_window(&self, member: &MemberId, need: Duration, windows: &[String], now: Timestamp) {
        let windows: Vec<&Wall> = windows.iter().map(|name| &self.walls[name]).collect();
        let mut at = now;
        while !windows.is_empty() && at < now + need {
            let is_open = windows.iter().any(|window| window.is_open(at));
            assert!(
                is_open,
                "{member} was begun at {now}, but no window is open at {at}"
            );
            at = at + LOOK.min((now + need).since(at));
        }
    }

    fn has_room(
        &self,
        it: &Somebody<'_>,
        everybody: &[Somebody<'_>],
        file: &PlanFile,
        world: &World,
    ) {
        let is_unavailable = |of: &Somebody<'_>| {
            of.id == it.id || !of.was_ready || world.is_busy(of.id) || world.is_down(of.id)
        };
        let check = |what: &str, max: Amount, is_meant: &dyn Fn(&Somebody<'_>) -> bool| {
            let meant: Vec<_> = everybody.iter().filter(|of| is_meant(of)).collect();
            let unavailable = meant.iter().filter(|of| is_unavailable(of)).count();
            let max = max.at_most_but_one(meant.len());
            assert!(
                unavailable <= max,
                "{unavailable} of {what} are unavailable, not at most {max}"
            );
        };
        check(it.group, file.groups[it.group].max_unavailable, &|of| {
            of.group == it.group
        });
        if let (Some(max), Some(host)) = (file.max_unavailable_per_node, it.host) {
            check("the guests of a node", max, &|of| of.host == Some(host));
        }
        if let MemberId::Node(node) = it.id {
            check("nodes", file.max_unavailable_nodes, &|of| {
                of.id.kind() == Kind::Node
            });
            let mut guests = everybody.iter().filter(|of| of.host == Some(node));
            assert!(
                !guests.any(|guest| world.is_busy(guest.id)),
                "{} has guests under way",
                it.id
            );
        }
        let node = it.host.map(|host| MemberId::Node(host.clone()));
        let is_out = |node: &MemberId| world.is_busy(node) || world.is_down(node);
        assert!(
            !node.as_ref().is_some_and(is_out),
            "the node of {} is under way",
            it.id
        );
        let under_way = everybody
            .iter()
            .filter(|of| of.id != it.id && world.is_busy(of.id));
        assert!(
            under_way.count() < file.at_once,
            "more than {} at once",
            file.at_once
        );
    }

    fn keeps_waves(&self, member: &MemberId, document: &Document, world: &World) {
        let mut members = document.members();
        let (group, wave, _) = members
            .find(|(_, _, of)| of.id == *member)
            .expect("in the plan");
        if let Some(word) = &group.waves[wave - 1].approval {
            assert!(self.words.contains(word), "nobody said {word}");
        }
        for earlier in &group.waves[..wave - 1] {
            for other in &earlier.members {
                assert!(
                    !world.is_busy(&other.id),
                    "{} of an earlier wave is under way",
                    other.id
                );
                let runs = world.runs.iter().filter(|((of, _), _)| *of == other.id);
                for (_, run) in runs {
                    assert!(
                        run.ends + earlier.soak <= world.now,
                        "the wave before was not watched"
                    );
                }
            }
        }
    }

    /// When it has ended: nobody is forgotten, and no budget was passed by more than one.
    pub(crate) fn ended(&self, summary: &Summary, document: &Document, world: &World) {
        let planned = document.members().count();
        let told = summary.done + summary.failed + summary.down + summary.not_begun;
        assert_eq!(told, planned, "somebody was forgotten");
        let failed = summary.failed + summary.down;
        assert!(failed <= document.max_failures() + 1, "{failed} failed");
        let down = document
            .members()
            .filter(|(_, _, of)| world.is_down(&of.id));
        assert_eq!(down.count(), summary.down);
        let is_done = |of: &MemberId| {
            let mut runs = world.runs.iter().filter(|((id, _), _)| id == of);
            runs.any(|(_, run)| run.result == Outcome::Done)
        };
        let done = document
            .members()
            .filter(|(_, _, of)| is_done(&of.id))
            .count();
        assert!(
            summary.done <= done,
            "somebody is told to be done who is not"
        );
        for group in document.groups() {
            for wave in &group.waves {
                let failed = wave
                    .members
                    .iter()
                    .filter(|of| has_failed(&of.id, group.policy.retries, world));
                let budget = wave.max_failures.unwrap_or(usize::MAX - 1);
                assert!(failed.count() <= budget + 1, "a wave's budget was passed");
            }
        }
        assert!(
            !world.runs.values().any(|run| run.ends > world.now),
            "somebody is under way"
        );
        assert!(
            !world.hooks.values().any(|hook| hook.ends > world.now),
            "a command is under way"
        );
    }
}

fn has_failed(member: &MemberId, retries: u32, world: &World) -> bool {
    let runs: Vec<_> = world
        .runs
        .iter()
        .filter(|((id, _), _)| id == member)
        .collect();
    let is_final = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Down(_));
    runs.iter().any(|(_, run)| is_final(&run.result)) || runs.len() > retries as usize + 1
}

fn keeps_order(it: &Somebody<'_>, document: &Document, world: &World) {
    let group = document
        .groups()
        .iter()
        .find(|group| group.name == it.group);
    for before in &group.expect("in the plan").after {
        let before = document.groups().iter().find(|group| group.name == *before);
        let waves = before.iter().flat_map(|group| &group.waves);
        for member in waves.flat_map(|wave| &wave.members) {
            assert!(
                !world.is_busy(&member.id),
                "{} has to end before {}",
                member.id,
                it.id
            );
            assert!(
                had_a_turn(&member.id, world),
                "{} comes before {}",
                member.id,
                it.id
            );
        }
    }
}

/// It was begun, or a command around it failed.
fn had_a_turn(member: &MemberId, world: &World) -> bool {
    let is_mine = |id: &HookId| matches!(id, HookId::BeforeMember(of, _) | HookId::AfterMember(of, _) if of == member);
    let mut hooks = world.hooks.iter();
    world.runs.keys().any(|(of, _)| of == member)
        || hooks.any(|(id, hook)| is_mine(id) && hook.result.is_err())
}

fn everybody(fiction: &Fiction) -> Vec<Somebody<'_>> {
    let groups = fiction.file.groups.keys();
    let members = groups.flat_map(|group| {
        fiction
            .fleet
            .chosen(group)
            .iter()
            .map(move |id| (group, id))
    });
    let somebody = members.map(|(group, id)| {
        let facts = fiction.fleet.facts(id).expect("known");
        Somebody {
            id,
            group,
            host: facts.host.as_ref(),
            was_ready: facts.standing == Standing::Ready,
        }
    });
    somebody.collect()
}

fn is_held(member: &MemberId, file: &PlanFile, at: Timestamp) -> bool {
    let mut holds = file.holds.iter().filter(|hold| hold.member == *member);
    holds.any(|hold| hold.until.is_none_or(|until| at < until))
}

/// A window by the clock on the wall.
pub(crate) struct Wall {
    zone: TimeZone,
    days: Vec<Weekday>,
    /// In minutes.
    from: i32,
    to: i32,
}

impl Wall {
    pub(crate) fn of(window: &Window) -> Self {
        let minutes = |clock: String| {
            let (hours, minutes) = clock.split_once(':').expect("HH:MM");
            hours.parse::<i32>().expect("of the fixture") * 60
                + minutes.parse::<i32>().expect("of the fixture")
        };
        let monday = Weekday::Monday;
        let days = window.days.iter();
        Self {
            zone: TimeZone::get(window.zone.name()).expect("a zone"),
            days: days.map(|day| monday.wrapping_add(*day as i32)).collect(),
            from: minutes(window.from.to_string()),
            to: minutes(window.to.to_string()),
        }
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let millis = i64::try_from(at.as_millis()).expect("a moment of this age");
        let moment = jiff::Timestamp::from_millisecond(millis).expect("a moment");
        let wall = self.zone.to_datetime(moment);
        let clock = i32::from(wall.hour()) * 60 + i32::from(wall.minute());
        let today = self.days.contains(&wall.weekday());
        let yesterday = self.days.contains(&wall.weekday().previous());
        match self.from < self.to {
            true => today && self.from <= clock && clock < self.to,
            false => (today && self.from <= clock) || (yesterday && clock < self.to),
        }
    }
}
