//! What an operation wants done, and what came of it.

use std::time::Duration;

use conditions::{Check, Observation, Remedy};

use super::{Heard, Notice, Outcome};
use crate::gate::{Permit, Refusal, StartOrder};
use crate::ports::Presence;
use crate::{NotReady, Readiness};

/// One thing to do. Only the caller touches the world.
#[derive(Debug)]
pub enum Effect {
    /// Read everything and assess the six conditions. Answer: [`Event::Checked`].
    Check,
    /// Look at the guest from outside. Answer: [`Event::Observed`].
    Observe,
    /// Observe once more, redeem the permit and ask the agent. Answer: [`Event::Asked`].
    Shutdown(Permit),
    /// Observe once more, redeem the permit and ask the hypervisor to shut the guest down and to
    /// power it on again by itself. Answer: [`Event::Asked`].
    Restart(Permit),
    /// Power on. Answer: [`Event::Started`].
    Start(StartOrder),
    /// Ask SSH whether the guest is usable. Answer: [`Event::Probed`].
    Probe,
    /// Ask the guest, through SSH, to reboot itself. Answer: [`Event::Asked`].
    Reboot,
    /// Apply one remedy in the guest. Answer: [`Event::Applied`].
    Apply(Box<Remedy>),
    /// Look whether somebody in the guest watches for a stop. Answer: [`Event::Watcher`].
    Watcher,
    /// Write what the guest reads of its stop. Answer: [`Event::Notified`].
    Notify(Notice),
    /// Read what stands of the request with this identity, if one was announced, and what the
    /// operator says. Answer: [`Event::Heard`].
    Listen(Option<String>),
    /// Let time pass. Answer: [`Event::Woke`].
    Sleep(Duration),
    /// The operation has ended.
    Finish(Box<Outcome>),
}

/// What came of an effect.
#[derive(Debug)]
pub enum Event {
    /// Of [`Effect::Check`].
    Checked(Box<Check>),
    /// Of [`Effect::Observe`]; the hypervisor's words where it failed.
    Observed(Result<Observation, String>),
    /// Of [`Effect::Shutdown`], [`Effect::Restart`] and [`Effect::Reboot`].
    Asked(AskReport),
    /// Of [`Effect::Start`]: what was seen, or why not.
    Started(Result<String, String>),
    /// Of [`Effect::Probe`].
    Probed(Result<Readiness, NotReady>),
    /// Of [`Effect::Apply`]: what it printed, or why it failed.
    Applied(Result<String, String>),
    /// Of [`Effect::Watcher`].
    Watcher(Presence),
    /// Of [`Effect::Notify`]: why not, where it failed.
    Notified(Result<(), String>),
    /// Of [`Effect::Listen`].
    Heard(Heard),
    /// Of [`Effect::Sleep`].
    Woke,
}

/// What came of asking a guest to go down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskReport {
    /// It was asked and will try.
    Taken(String),
    /// The guest or the hypervisor refused and it stays up, in its words.
    Refused(String),
    /// The gate refused right before the call: nothing was sent.
    Denied(Refusal),
    /// Nothing was sent, and why.
    NotSent(String),
    /// It may or may not have been asked: the answer was lost.
    Unknown(String),
}

impl AskReport {
    /// Something else came in place of the answer.
    pub(super) fn lost() -> Self {
        Self::Unknown("the answer was lost".to_owned())
    }
}

impl Effect {
    /// Changes the guest or what it is told, or decides whether it may be changed: recorded with
    /// its intent before and its result after. The rest only looks or waits.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        matches!(
            self,
            Self::Check
                | Self::Shutdown(_)
                | Self::Restart(_)
                | Self::Start(_)
                | Self::Reboot
                | Self::Apply(_)
                | Self::Watcher
                | Self::Notify(_)
        )
    }

    /// Its name in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Observe => "observe",
            Self::Shutdown(_) => "shutdown",
            Self::Restart(_) => "restart",
            Self::Start(_) => "start",
            Self::Probe => "probe",
            Self::Reboot => "reboot",
            Self::Apply(_) => "apply",
            Self::Watcher => "watcher",
            Self::Notify(Notice::Pending(_)) => "announce",
            Self::Notify(Notice::Stopping(_)) => "announce-stopping",
            Self::Notify(Notice::Withdrawn(_)) => "withdraw",
            Self::Listen(_) => "listen",
            Self::Sleep(_) => "sleep",
            Self::Finish(_) => "finish",
        }
    }
}
