//! How a report is put together from what was kept.

use std::collections::HashMap;

use plan::MemberId;

use super::attempt::Attempt;
use super::campaign::{Campaign, Event};
use super::member::{LeftOut, Member, Standing};
use super::summary::Summary;
use super::{Report, Schema, attention, package, wave};
use crate::input::{Input, Try};

impl Report {
    /// The report of a campaign.
    #[must_use]
    pub fn of(input: Input<'_>) -> Self {
        let (document, saved) = (input.document, input.saved);
        let campaign = Campaign::of(document, &saved.head, input.campaign, &input.events);
        let mut tries = by_member(input.tries);
        let members: Vec<Member> = document
            .members()
            .map(|(group, wave, planned)| Member {
                kind: planned.id.kind(),
                group: group.name.clone(),
                wave,
                host: planned.host.clone(),
                planned: planned.earliest,
                standing: Standing::of(saved.turns.get(&planned.id)),
                tries: attempts(tries.remove(&planned.id).unwrap_or_default()),
                id: planned.id.clone(),
            })
            .collect();
        let groups = wave::Sources {
            document,
            states: &saved.head.groups,
            campaign: &campaign,
            members: &members,
            events: &input.events,
        }
        .groups();
        let left_out: Vec<LeftOut> = document.left_out().iter().map(LeftOut::of).collect();
        let mut report = Self {
            schema: Schema::V1,
            summary: Summary::of(&campaign, &members, &left_out),
            campaign,
            attention: Vec::new(),
            groups,
            packages: package::changed(&members),
            withheld: package::withheld(&members),
            members,
            left_out,
            events: input.events.into_iter().map(Event::of).collect(),
        };
        report.attention = attention::of(&report);
        report
    }
}

fn by_member(tries: Vec<Try>) -> HashMap<MemberId, Vec<Try>> {
    let mut by_member: HashMap<MemberId, Vec<Try>> = HashMap::new();
    for tried in tries {
        by_member
            .entry(tried.member.clone())
            .or_default()
            .push(tried);
    }
    by_member
}

fn attempts(mut tries: Vec<Try>) -> Vec<Attempt> {
    tries.sort_by_key(|tried| (tried.turn, tried.began));
    tries.into_iter().map(Attempt::of).collect()
}
