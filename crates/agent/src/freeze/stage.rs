//! Where a freezer stands.

use std::time::Duration;

use super::debt::Why;

#[derive(Debug)]
pub(super) enum Stage<T> {
    Thawed,
    Freezing(Freezing<T>),
    Frozen(Next),
    Thawing(Thawing<T>),
    /// The agent ends.
    Gone,
}

#[derive(Debug)]
pub(super) struct Freezing<T> {
    pub(super) asker: T,
    pub(super) mount_points: Option<Vec<String>>,
    pub(super) step: FreezingStep,
    /// Why it shall not go on.
    pub(super) cancelled: Option<String>,
    /// Who wants a thaw already.
    pub(super) thaw_askers: Vec<T>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FreezingStep {
    /// The state file is written.
    State,
    /// The hook runs.
    Hook,
    /// File systems are frozen, one after the other.
    FileSystems { since: Duration },
}

/// What the timer means while file systems are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// The limit.
    Limit { since: Duration },
    /// Another try of a thaw that failed, and what was to be owed for it.
    Retry { forced: Option<Why> },
}

impl Next {
    /// What a thaw owes that was asked for now: one that failed may have thawed some.
    pub(super) const fn forced(self) -> Option<Why> {
        match self {
            Self::Limit { .. } => None,
            Self::Retry { forced } => forced,
        }
    }
}

#[derive(Debug)]
pub(super) struct Thawing<T> {
    pub(super) step: ThawingStep,
    /// It began with file systems that may be frozen.
    pub(super) was_frozen: bool,
    /// Nobody had asked for it when it began.
    pub(super) forced: Option<Why>,
    /// Whoever asked for the freeze that ends with it, and the answer.
    pub(super) freeze: Option<(T, Result<i64, String>)>,
    pub(super) thaw_askers: Vec<T>,
    /// File systems that were thawed.
    pub(super) count: i64,
    /// When they were, in seconds since 1970.
    pub(super) when: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThawingStep {
    FileSystems {
        /// Freezing has not ended yet.
        freezing: bool,
        /// A thaw is under way.
        thawing: bool,
        /// It came too early for what was frozen during it.
        again: bool,
    },
    Hook,
}

impl ThawingStep {
    pub(super) const BEGIN: Self = Self::FileSystems {
        freezing: false,
        thawing: true,
        again: false,
    };
}

impl<T> Thawing<T> {
    pub(super) fn of_frozen(forced: Option<Why>) -> Self {
        Self {
            step: ThawingStep::BEGIN,
            was_frozen: true,
            forced,
            freeze: None,
            thaw_askers: Vec::new(),
            count: 0,
            when: 0,
        }
    }

    pub(super) fn asked(from: T, was_frozen: bool) -> Self {
        Self {
            was_frozen,
            thaw_askers: vec![from],
            ..Self::of_frozen(None)
        }
    }

    /// The end of a freeze that came to this.
    pub(super) fn undoing(freezing: Freezing<T>, result: Result<i64, String>) -> Self {
        let is_at_work = matches!(freezing.step, FreezingStep::FileSystems { .. });
        Self {
            was_frozen: is_at_work,
            freeze: Some((freezing.asker, result)),
            thaw_askers: freezing.thaw_askers,
            ..Self::of_frozen(None)
        }
    }
}

impl<T> Stage<T> {
    /// File systems may be frozen now.
    pub(super) const fn is_frozen(&self) -> bool {
        match self {
            Self::Thawed | Self::Gone => false,
            Self::Freezing(freezing) => matches!(freezing.step, FreezingStep::FileSystems { .. }),
            Self::Frozen(_) => true,
            Self::Thawing(thawing) => {
                thawing.was_frozen && matches!(thawing.step, ThawingStep::FileSystems { .. })
            }
        }
    }

    /// Why file systems cannot be frozen now.
    pub(super) const fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Thawed => None,
            Self::Freezing(_) => Some("file systems are being frozen already"),
            Self::Frozen(_) => Some("file systems are frozen already"),
            Self::Thawing(_) => Some("file systems are being thawed"),
            Self::Gone => Some("the agent is stopping"),
        }
    }
}
