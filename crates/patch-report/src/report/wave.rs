//! Groups and their waves: what was planned, and what came of it.

use std::time::Duration;

use conditions::Timestamp;
use plan::campaign::{GroupState, Stage};
use plan::{Document, Kind, Openings, PlannedGroup, PlannedWave, Window};
use serde::Serialize;

use super::attempt::millis;
use super::campaign::{Campaign, Span};
use super::member::Member;
use super::summary::Numbers;
use crate::input::{Entry, What};

/// More openings than people look at.
const OPENINGS_LIMIT: usize = 500;

/// A group of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Group {
    /// As the plan calls it.
    pub name: String,
    /// What its members are.
    pub kind: Kind,
    /// Groups that had to be done before.
    pub after: Vec<String>,
    /// Why nobody else of it was begun.
    pub stop: Option<String>,
    /// When its windows were open while the campaign went on; none where it has no windows.
    pub openings: Vec<Span>,
    /// One after the other.
    pub waves: Vec<Wave>,
}

/// Members of a group that are patched together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Wave {
    /// Its number, from 1.
    pub number: usize,
    /// As the plan calls it.
    pub name: Option<String>,
    /// How its members stand.
    pub numbers: Numbers,
    /// When it was planned at the earliest; none, if that was after the deadline.
    pub planned: Option<Timestamp>,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When the last of its members ended; none while some have not.
    pub ended: Option<Timestamp>,
    /// So long it was to be watched after, in milliseconds.
    #[serde(rename = "soak-ms", serialize_with = "millis")]
    pub soak: Duration,
    /// While it was watched.
    pub soaked: Option<Span>,
    /// The word that it waits for.
    pub approval: Option<Approval>,
}

/// A word that a wave waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Approval {
    /// Which.
    pub word: String,
    /// Who said it.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// What waves are told by.
pub(super) struct Sources<'a> {
    pub(super) document: &'a Document,
    pub(super) states: &'a [GroupState],
    pub(super) campaign: &'a Campaign,
    /// In the order of the document.
    pub(super) members: &'a [Member],
    pub(super) events: &'a [Entry],
}

impl Sources<'_> {
    pub(super) fn groups(&self) -> Vec<Group> {
        let (mut groups, mut rest) = (Vec::new(), self.members);
        for (place, planned) in self.document.groups().iter().enumerate() {
            let state = self.states.get(place);
            let mut waves = Vec::new();
            for (wave, of_wave) in planned.waves.iter().enumerate() {
                let (members, others) = rest.split_at(of_wave.members.len().min(rest.len()));
                rest = others;
                waves.push(self.wave(planned, of_wave, wave, members, state));
            }
            groups.push(Group {
                name: planned.name.clone(),
                kind: planned.kind,
                after: planned.after.clone(),
                stop: state
                    .and_then(|state| state.stop.as_ref())
                    .map(ToString::to_string),
                openings: self.openings(planned),
                waves,
            });
        }
        groups
    }

    fn wave(
        &self,
        group: &PlannedGroup,
        planned: &PlannedWave,
        place: usize,
        members: &[Member],
        state: Option<&GroupState>,
    ) -> Wave {
        let numbers = Numbers::of(members);
        let tries = || members.iter().flat_map(|member| &member.tries);
        let ended = tries().filter_map(|tried| tried.ended).max();
        let ended = ended.filter(|_| numbers.waiting + numbers.under_way == 0);
        let first = tries().map(|tried| tried.began).min();
        let is_next = place + 1 < group.waves.len();
        let next = is_next
            .then(|| self.began(&group.name, place + 2))
            .flatten();
        let soak_ends = match state.map(|state| state.stage) {
            Some(Stage::Soak(wave, _)) if wave == place => None,
            _ => Some(
                next.or_else(|| self.group_ended(&group.name))
                    .unwrap_or(self.campaign.until()),
            ),
        };
        let soaked = ended.filter(|_| !planned.soak.is_zero()).map(|from| {
            let due = from + planned.soak;
            let until = soak_ends.map(|until| until.min(due).max(from));
            Span { from, until }
        });
        Wave {
            number: place + 1,
            name: planned.name.clone(),
            numbers,
            planned: members.iter().filter_map(|member| member.planned).min(),
            began: self.began(&group.name, place + 1).or(first),
            ended,
            soak: planned.soak,
            soaked,
            approval: planned.approval.as_ref().map(|word| self.approval(word)),
        }
    }

    fn began(&self, of: &str, number: usize) -> Option<Timestamp> {
        self.when(|what| {
            matches!(what, What::WaveBegan { group, wave } if group == of && *wave == number)
        })
    }

    fn group_ended(&self, of: &str) -> Option<Timestamp> {
        self.when(|what| matches!(what, What::GroupEnded { group } if group == of))
    }

    fn when(&self, is: impl Fn(&What) -> bool) -> Option<Timestamp> {
        let found = self.events.iter().find(|entry| is(&entry.what));
        found.map(|entry| entry.at)
    }

    fn approval(&self, word: &str) -> Approval {
        let mut said = self.events.iter();
        let said =
            said.find(|entry| matches!(&entry.what, What::Approved { word: said } if said == word));
        Approval {
            word: word.to_owned(),
            by: said.map(|entry| entry.by.clone()),
            at: said.map(|entry| entry.at),
        }
    }

    fn openings(&self, group: &PlannedGroup) -> Vec<Span> {
        let windows = self.document.windows();
        let (from, until) = (self.campaign.began, self.campaign.until());
        let of_group = group.windows.iter().filter_map(|name| windows.get(name));
        let of_group: Vec<&Window> = of_group.collect();
        if of_group.is_empty() {
            return Vec::new();
        }
        let openings = Openings::of(&of_group, from, until);
        let (mut found, mut at) = (Vec::new(), from);
        while let Some(opens) = openings
            .earliest(at, Duration::ZERO)
            .filter(|at| *at < until)
        {
            let Some(closes) = openings
                .closes(opens)
                .filter(|_| found.len() < OPENINGS_LIMIT)
            else {
                break;
            };
            let until = Some(closes.min(until));
            found.push(Span { from: opens, until });
            at = closes;
        }
        found
    }
}
