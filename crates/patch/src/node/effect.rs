//! What a run over a node wants done, and what came of it.

use std::time::Duration;

use conditions::{BootId, NodeName};

use super::facts::{Preconditions, View};
use super::maintenance::Maintenance;
use super::{ClusterError, Migration, Mover, Outcome};
use crate::run::{Look, RebootReport};
use crate::script::Script;

/// One thing to do. Only the caller touches the world.
#[derive(Debug)]
pub enum Effect {
    /// Look at the node and its cluster. Answer: [`Event::Viewed`].
    View,
    /// Ask what stands between a guest and a target. Answer: [`Event::Preconditions`].
    Preconditions {
        /// The guest, on the node.
        guest: Mover,
        /// Where it would go.
        target: NodeName,
    },
    /// Run a script as root on the node, over SSH. Answer: [`Event::Printed`].
    Shell(Step, Script),
    /// Set `noout` or take it back. Answer: [`Event::Done`].
    Noout(bool),
    /// Move a guest. Answer: [`Event::Done`].
    Migrate {
        /// The move.
        migration: Migration,
        /// How long it may take.
        deadline: Duration,
    },
    /// Shut a guest down gracefully, with a permit: the caller checks the guest and is refused by
    /// the gate like anybody else. Answer: [`Event::Done`], when it is seen to be stopped.
    StopGuest {
        /// Its number.
        vmid: u32,
        /// How long it may take.
        deadline: Duration,
    },
    /// Power a guest on that is observed to be stopped. Answer: [`Event::Done`].
    StartGuest {
        /// Its number.
        vmid: u32,
        /// How long it may take.
        deadline: Duration,
    },
    /// Carry out lifecycle's reboot operation on the node, over SSH. Answer: [`Event::Rebooted`].
    Reboot {
        /// The boot that is to end; the caller refuses to ask any other.
        old: BootId,
        /// A reboot may have been begun for this run before: the caller resumes it where it was,
        /// and begins one only where none was begun.
        resumed: bool,
    },
    /// Let time pass. Answer: [`Event::Woke`].
    Sleep(Duration),
    /// The run has ended, or cannot go on for now.
    Finish(Box<Outcome>),
}

/// Which script it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One of the run over the node's packages.
    Patch(Look),
    /// Maintenance mode.
    Maintenance(Maintenance),
}

/// What came of an effect.
#[derive(Debug)]
pub enum Event {
    /// Of [`Effect::View`].
    Viewed(Result<Box<View>, ClusterError>),
    /// Of [`Effect::Preconditions`].
    Preconditions(Result<Preconditions, ClusterError>),
    /// Of [`Effect::Shell`]: what the script printed, or why it did not run to its end.
    Printed(Result<Vec<u8>, String>),
    /// Of [`Effect::Noout`], [`Effect::Migrate`], [`Effect::StopGuest`] and [`Effect::StartGuest`].
    Done(Result<(), ClusterError>),
    /// Of [`Effect::Reboot`].
    Rebooted(RebootReport),
    /// Of [`Effect::Sleep`].
    Woke,
}

impl Effect {
    /// Changes the node, a guest or the cluster: recorded with its intent before and its result
    /// after. The rest only looks or waits.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        match self {
            Self::Shell(Step::Patch(look), _) => look.is_recorded(),
            Self::Shell(Step::Maintenance(_), _)
            | Self::Noout(_)
            | Self::Migrate { .. }
            | Self::StopGuest { .. }
            | Self::StartGuest { .. }
            | Self::Reboot { .. } => true,
            Self::View | Self::Preconditions { .. } | Self::Sleep(_) | Self::Finish(_) => false,
        }
    }

    /// Its name in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Preconditions { .. } => "preconditions",
            Self::Shell(Step::Patch(look), _) => look.name(),
            Self::Shell(Step::Maintenance(Maintenance::Enable), _) => "maintenance-on",
            Self::Shell(Step::Maintenance(Maintenance::Disable), _) => "maintenance-off",
            Self::Noout(true) => "noout-on",
            Self::Noout(false) => "noout-off",
            Self::Migrate { .. } => "migrate",
            Self::StopGuest { .. } => "stop-guest",
            Self::StartGuest { .. } => "start-guest",
            Self::Reboot { .. } => "reboot",
            Self::Sleep(_) => "sleep",
            Self::Finish(_) => "finish",
        }
    }
}
