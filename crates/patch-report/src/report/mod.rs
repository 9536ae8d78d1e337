//! The report as plain data: what serde writes is its JSON form.
//!
//! ```text
//! Report ─┬─ campaign     who, when, interruptions, pauses, hooks, differences
//!         ├─ summary      numbers that add up
//!         ├─ attention    what needs a person, and what to do next
//!         ├─ groups ─ waves     planned and actual times, soak, approval
//!         ├─ members ─ tries    phases, reboot, packages, what is withheld, configuration files
//!         ├─ left-out
//!         ├─ packages, withheld   by name, over all members
//!         └─ events
//! ```

mod attempt;
mod attention;
mod campaign;
mod complaint;
mod member;
mod node;
mod package;
mod summary;
mod wave;

use std::collections::HashMap;

use plan::MemberId;
use serde::Serialize;

pub use attempt::{Attempt, Found, Phase, ReasonsToReboot, Reboot};
pub use attention::{Attention, Matter};
pub use campaign::{Campaign, Event, HookRun, Progress, Span};
pub use complaint::Complaint;
pub use member::{LeftOut, Member, Standing};
pub(crate) use package::happened;
pub use package::{Package, Reason, Versions, WithheldPackage};
pub use summary::{Numbers, Packages, Reboots, Summary, WithheldPackages};
pub use wave::{Approval, Group, Wave};

use crate::input::{Input, Try};

/// What a campaign came to. Moments are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The form of the JSON.
    pub schema: Schema,
    /// The campaign as a whole.
    pub campaign: Campaign,
    /// In numbers.
    pub summary: Summary,
    /// What needs a person, the most urgent first.
    pub attention: Vec<Attention>,
    /// In the order of the plan.
    pub groups: Vec<Group>,
    /// Everybody of the plan, in its order.
    pub members: Vec<Member>,
    /// Who is not in the plan, and why.
    pub left_out: Vec<LeftOut>,
    /// The packages that are not as they were, by name.
    pub packages: Vec<Package>,
    /// The packages that stay, by reason and name.
    pub withheld: Vec<WithheldPackage>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
}

/// The form of the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Schema {
    /// The first.
    #[serde(rename = "hospes.patch-report/1")]
    V1,
}

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
