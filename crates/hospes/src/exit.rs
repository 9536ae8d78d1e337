//! Exit codes: one file, stable.

use std::process::ExitCode;

use journal::MetadataLockError;
use lifecycle::operation::Outcome;

use crate::metadata::StoreError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was reached.
    Ok,
    /// Something failed.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// The gate refused; nothing was touched.
    Refused,
    /// The guest is not ready.
    NotReady,
}

impl Exit {
    /// Its number: 0, 1, 2, 3 or 4.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotReady => 4,
        }
    }

    /// The exit of one operation.
    #[must_use]
    pub const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Refused { .. } => Self::Refused,
            Outcome::NotReady { .. } => Self::NotReady,
            _ if outcome.is_success() => Self::Ok,
            _ => Self::Failed,
        }
    }

    /// The exit of a patch campaign: somebody who is not usable counts most.
    #[must_use]
    pub const fn of_campaign(summary: &plan::campaign::Summary) -> Self {
        match summary {
            _ if summary.down > 0 => Self::NotReady,
            _ if summary.is_success() => Self::Ok,
            _ => Self::Failed,
        }
    }

    /// The exit of several: failed tells most, then refused, then not ready.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Ok => 0,
            Self::NotReady => 1,
            Self::Refused => 2,
            Self::Failed => 3,
            Self::Usage => 4,
        };
        if weight(other) > weight(self) {
            other
        } else {
            self
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The exit of a command that ended with an error: a wrong configuration or selection is usage,
/// a guest in use is refused, anything else failed.
#[must_use]
pub fn exit_of_error(error: &anyhow::Error) -> Exit {
    if error.is::<config::ConfigError>()
        || error.is::<config::SelectError>()
        || error.is::<config::InvalidSelector>()
    {
        return Exit::Usage;
    }
    if error.is::<lifecycle::gate::CannotBeAccepted>() {
        return Exit::Usage;
    }
    if error.is::<crate::cli::Misused>() || error.is::<metadata::InvalidKey>() {
        return Exit::Usage;
    }
    if error.is::<crate::fleet::Unnamed>() {
        return Exit::Usage;
    }
    if error.is::<crate::verbs::Misplanned>() || error.is::<plan::Unplannable>() {
        return Exit::Usage;
    }
    if error.is::<plan::Unreadable>() {
        return Exit::Refused;
    }
    if matches!(
        error.downcast_ref(),
        Some(journal::CampaignLockError::Held { .. })
    ) {
        return Exit::Refused;
    }
    match error.downcast_ref() {
        Some(StoreError::Change(_)) => return Exit::Usage,
        Some(StoreError::Lock(MetadataLockError::Held { .. })) => return Exit::Refused,
        _ => {}
    }
    if matches!(error.downcast_ref(), Some(journal::LockError::Held { .. })) {
        return Exit::Refused;
    }
    Exit::Failed
}
