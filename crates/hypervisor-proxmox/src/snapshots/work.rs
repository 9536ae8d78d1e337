//! One task about a snapshot, from its call to its end.

use lifecycle::ports::{HypervisorError, SnapshotName};
use pve::{Call, TaskEnd};
use tokio::time::{Instant, timeout_at};

use crate::Followed;
use crate::power::{Outcome, Target};

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Take,
    Delete,
    Rollback,
}

impl Work {
    const fn word(self) -> &'static str {
        match self {
            Self::Take => "snapshot",
            Self::Delete => "snapshot deletion",
            Self::Rollback => "snapshot rollback",
        }
    }

    const fn not_done(self) -> &'static str {
        match self {
            Self::Take => "was not taken",
            Self::Delete => "was not deleted",
            Self::Rollback => "was not gone back to",
        }
    }
}

impl Target<'_> {
    /// Makes the call once and follows its task. Returns what to say of its good end.
    pub(super) async fn work(
        self,
        work: Work,
        name: &SnapshotName,
        call: &Call,
        end: Instant,
    ) -> Result<String, HypervisorError> {
        let word = work.word();
        let begun = timeout_at(end, self.begin(call)).await;
        let upid = begun.unwrap_or_else(|_| {
            Err(HypervisorError::TimedOut(format!(
                "whether the {word} {name} was begun is not known: no answer within the deadline"
            )))
        })?;
        let left = end.saturating_duration_since(Instant::now());
        let open =
            |seen: &str| HypervisorError::TimedOut(format!("{word} {name}: task {upid} {seen}"));
        let ended = match self.client().follow(&upid, left).await {
            Ok(Followed::Ended(ended)) => ended,
            Ok(Followed::StillRunning) => return Err(open("goes on after the deadline")),
            Err(error) => return Err(open(&format!("could not be followed: {error}"))),
        };
        match (Outcome::of(&ended), ended) {
            (Outcome::Done, TaskEnd::Warnings(count)) => Ok(format!(
                "{word} {name}: task {upid} ended with {count} warnings"
            )),
            (Outcome::Done, _) => Ok(format!("{word} {name}: task {upid} ended OK")),
            (Outcome::Unknown(words), _) => Err(open(&format!("was ended from outside ({words})"))),
            (Outcome::Refused(words) | Outcome::GaveUp(words), _) => {
                let reason = format!("{words}{} (task {upid})", hint(&words));
                Err(refused(work, name, &reason))
            }
        }
    }
}

pub(super) fn refused(work: Work, name: &SnapshotName, reason: &str) -> HypervisorError {
    let not_done = work.not_done();
    HypervisorError::Refused(format!("{name} {not_done}: {reason}"))
}

/// What the operator can do.
fn hint(words: &str) -> &'static str {
    if words.contains("snapshot feature is not available") {
        "; a disk is on storage without snapshots: move it to other storage or make it qcow2, or go \
         on without a snapshot"
    } else if words.contains("VM is locked") || words.contains("can't lock file") {
        "; wait until the other work on the guest ends"
    } else if words.contains("not most recent snapshot") {
        "; the storage goes back to its newest snapshot only: delete the newer ones first"
    } else {
        ""
    }
}
