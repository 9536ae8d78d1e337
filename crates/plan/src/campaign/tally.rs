//! Counts over everybody's turns, kept up to date with each change of one.

use super::saved::{End, Turn};
use super::seats::{Seat, Seats};
use crate::document::Document;

/// What is counted.
#[derive(Debug)]
pub(super) struct Tally {
    /// Of the whole campaign.
    pub(super) all: Counts,
    waves: Vec<Vec<Counts>>,
    /// By the places of limits in the document.
    limits: Vec<Limited>,
    /// The nodes that are unavailable for good, by host.
    lost_nodes: Vec<usize>,
}

/// Some members' counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// They wait for a turn.
    pub(super) waiting: usize,
    /// They have one.
    pub(super) under_way: usize,
    /// They have failed for good.
    pub(super) failed: usize,
    /// They have not, but may: those under way, and those who will be tried again.
    pub(super) at_risk: usize,
}

#[derive(Debug, Clone, Copy)]
struct Limited {
    max: usize,
    /// Under way, or unavailable for good.
    unavailable: usize,
    /// Unavailable for good.
    lost: usize,
}

/// Whether somebody may be unavailable, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Yes.
    Now,
    /// When somebody else has ended.
    Later,
    /// Somebody else is unavailable for good.
    Never,
}

/// What a turn counts for.
struct Weight {
    waiting: usize,
    under_way: usize,
    failed: usize,
    at_risk: usize,
    lost: usize,
}

impl Weight {
    fn of(turn: &Turn) -> Self {
        let is_waiting = matches!(turn, Turn::Waiting(_));
        let is_under_way = matches!(turn, Turn::Before(_) | Turn::Patching(_) | Turn::After(..));
        let is_tried = matches!(turn, Turn::Waiting(tries) if tries.begun > 0);
        let is_lost = matches!(turn, Turn::Ended(End::Down(_)));
        Self {
            waiting: usize::from(is_waiting),
            under_way: usize::from(is_under_way),
            failed: usize::from(is_lost || matches!(turn, Turn::Ended(End::Failed(_)))),
            at_risk: usize::from(is_under_way || is_tried),
            lost: usize::from(is_lost),
        }
    }
}

impl Tally {
    pub(super) fn of(document: &Document, seats: &Seats, turns: &[Turn]) -> Self {
        let limits = document.limits.iter().map(|limit| Limited {
            max: limit.max,
            unavailable: limit.unavailable,
            lost: limit.unavailable,
        });
        let waves = document.groups.iter();
        let mut tally = Self {
            all: Counts::default(),
            waves: waves
                .map(|group| vec![Counts::default(); group.waves.len()])
                .collect(),
            limits: limits.collect(),
            lost_nodes: vec![0; seats.hosts],
        };
        for (seat, turn) in seats.seats.iter().zip(turns) {
            tally.shift(seat, turn, usize::saturating_add);
        }
        tally
    }

    /// A turn has changed.
    pub(super) fn change(&mut self, seat: &Seat, was: &Turn, is: &Turn) {
        self.shift(seat, was, usize::saturating_sub);
        self.shift(seat, is, usize::saturating_add);
    }

    pub(super) fn wave(&self, group: usize, wave: usize) -> Counts {
        let waves = self.waves.get(group);
        waves
            .and_then(|waves| waves.get(wave))
            .copied()
            .unwrap_or_default()
    }

    /// Whether the one on `seat` may be unavailable, too.
    pub(super) fn room(&self, seat: &Seat) -> Room {
        let limits = || {
            let places = seat.limits.iter();
            places.filter_map(|place| self.limits.get(*place))
        };
        let on = seat.host.and_then(|place| self.lost_nodes.get(place));
        let is_on_lost = on.is_some_and(|lost| *lost > 0);
        if is_on_lost || limits().any(|limit| limit.lost >= limit.max) {
            return Room::Never;
        }
        if limits().any(|limit| limit.unavailable >= limit.max) {
            return Room::Later;
        }
        Room::Now
    }

    fn shift(&mut self, seat: &Seat, turn: &Turn, by: fn(usize, usize) -> usize) {
        let weight = Weight::of(turn);
        let of_wave = self
            .waves
            .get_mut(seat.group)
            .and_then(|waves| waves.get_mut(seat.wave));
        for counts in [Some(&mut self.all), of_wave].into_iter().flatten() {
            counts.waiting = by(counts.waiting, weight.waiting);
            counts.under_way = by(counts.under_way, weight.under_way);
            counts.failed = by(counts.failed, weight.failed);
            counts.at_risk = by(counts.at_risk, weight.at_risk);
        }
        for place in &seat.limits {
            if let Some(limit) = self.limits.get_mut(*place) {
                limit.unavailable = by(limit.unavailable, weight.under_way + weight.lost);
                limit.lost = by(limit.lost, weight.lost);
            }
        }
        if let Some(lost) = seat.node.and_then(|place| self.lost_nodes.get_mut(place)) {
            *lost = by(*lost, weight.lost);
        }
    }
}

impl Counts {
    /// Whether nobody else may be begun: those who may still fail count as if they did.
    pub(super) const fn is_spent(&self, budget: usize) -> bool {
        self.failed + self.at_risk > budget
    }
}
