//! Who sits where: what a campaign looks up all the time, made of its document once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use conditions::Timestamp;

use crate::document::{Document, LimitOf};
use crate::fleet::{Host, MemberId};
use crate::window::Openings;

/// Everybody in the order of their turns, so that each wave is a range.
#[derive(Debug)]
pub(super) struct Seats {
    pub(super) ids: Vec<MemberId>,
    pub(super) seats: Vec<Seat>,
    pub(super) groups: Vec<Rows>,
    places: HashMap<MemberId, usize>,
    /// How many nodes are named.
    pub(super) hosts: usize,
}

/// One member's.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) group: usize,
    pub(super) wave: usize,
    /// Its limits, by their places in the document.
    pub(super) limits: Vec<usize>,
    /// The node on which a guest runs.
    pub(super) host: Option<usize>,
    /// The node that it is.
    pub(super) node: Option<usize>,
}

/// One group's.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) waves: Vec<Range<usize>>,
    pub(super) after: Vec<usize>,
    pub(super) openings: Openings,
}

impl Seats {
    pub(super) fn of(document: &Document, began: Timestamp) -> Self {
        let names = document.groups.iter().map(|group| group.name.as_str());
        let names: HashMap<&str, usize> = names.zip(0..).collect();
        let limits: BTreeMap<&LimitOf, usize> = document
            .limits
            .iter()
            .map(|limit| &limit.of)
            .zip(0..)
            .collect();
        let mut hosts: HashMap<&Host, usize> = HashMap::new();
        let mut seats = Self {
            ids: Vec::new(),
            seats: Vec::new(),
            groups: Vec::new(),
            places: HashMap::new(),
            hosts: 0,
        };
        for (group, planned) in document.groups.iter().enumerate() {
            let mut waves = Vec::new();
            for (wave, in_wave) in planned.waves.iter().enumerate() {
                let first = seats.ids.len();
                for member in &in_wave.members {
                    let mut known = |host| {
                        let next = hosts.len();
                        *hosts.entry(host).or_insert(next)
                    };
                    let of_member = LimitOf::each(&planned.name, &member.id, member.host.as_ref());
                    seats.seats.push(Seat {
                        group,
                        wave,
                        limits: of_member
                            .filter_map(|of| limits.get(&of).copied())
                            .collect(),
                        host: member.host.as_ref().map(&mut known),
                        node: match &member.id {
                            MemberId::Node(node) => Some(known(node)),
                            MemberId::Guest(_) => None,
                        },
                    });
                    seats.places.insert(member.id.clone(), seats.ids.len());
                    seats.ids.push(member.id.clone());
                }
                waves.push(first..seats.ids.len());
            }
            let after = planned.after.iter();
            seats.groups.push(Rows {
                waves,
                after: after
                    .filter_map(|name| names.get(name.as_str()).copied())
                    .collect(),
                openings: document.openings(planned, began, began + document.deadline),
            });
        }
        seats.hosts = hosts.len();
        seats
    }

    pub(super) fn place(&self, id: &MemberId) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Everybody of a group.
    pub(super) fn group(&self, group: usize) -> Range<usize> {
        let waves = &self.groups[group].waves;
        let first = waves.first().map_or(0, |wave| wave.start);
        first..waves.last().map_or(first, |wave| wave.end)
    }

    /// Everybody of a wave.
    pub(super) fn wave(&self, group: usize, wave: usize) -> Range<usize> {
        self.groups[group]
            .waves
            .get(wave)
            .cloned()
            .unwrap_or_default()
    }
}
